import { AppError } from '../../lib/errors.ts';

export type PeerCode = 'PEER_UNREACHABLE' | 'PEER_TIMEOUT' | 'PEER_CERTIFICATE' | 'PEER_INVALID_RESPONSE';

/** A call to a partner's node that brought no usable response. */
export class PeerError extends AppError<PeerCode> {
  constructor(code: PeerCode, options: { message?: string; cause?: unknown } = {}) {
    super(code, options);
    this.name = 'PeerError';
  }
}
