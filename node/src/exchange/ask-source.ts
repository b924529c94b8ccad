import { type Member, type PeerPort, type PeerRequest, signPeerMessage } from '../identity/index.ts';
import { AppError } from '../lib/errors.ts';
import { ReplyRejected, type SourceFailureCode } from './errors.ts';
import { exchangePath, requestBytes } from './messages.ts';
import { type RawReply, type ReceiveDeps, receive, type SentRequest } from './receive.ts';
import type { ExchangeRequest, VerifiedReply } from './types.ts';

export type AskDeps = ReceiveDeps & { peers: PeerPort };

/** What came of asking one source. `reasons` of a failure are exact and for the audit record only. */
export type SourceOutcome = { organizationId: string; requestDigest?: Uint8Array | undefined } & (
  | { outcome: 'answered'; reply: VerifiedReply; source: Member }
  | { outcome: 'failed'; code: SourceFailureCode; reasons: string[] }
);

/** Asks one source, as it is registered, and verifies its reply. Never rejects for what a source does or does not do. */
export async function askSource(
  { organizationId, source }: { organizationId: string; source: Member | undefined },
  request: ExchangeRequest,
  deps: AskDeps,
): Promise<SourceOutcome> {
  if (source === undefined || organizationId === deps.organizationId || source.state === 'deleted') {
    return failed(organizationId, 'EXCHANGE_SOURCE_UNKNOWN');
  }
  if (source.state !== 'registered') return failed(organizationId, 'EXCHANGE_SOURCE_DISABLED');
  const bytes = requestBytes(request);
  const { message, signed, digest } = signPeerMessage(
    { member: source, path: exchangePath, body: bytes },
    deps,
  );
  const sent = { request, signed, digest };
  const outcome = await exchange({ source, sent, message }, deps);
  return { ...outcome, requestDigest: sent.digest };
}

async function exchange(
  { source, sent, message }: { source: Member; sent: SentRequest; message: PeerRequest },
  deps: AskDeps,
): Promise<SourceOutcome> {
  const { organizationId } = source;
  try {
    const reply = await deps.peers.send(message);
    if (reply.status !== 200) return failed(organizationId, refusalOf(reply), partnersCode(reply));
    return {
      organizationId,
      outcome: 'answered',
      source,
      reply: await receive({ source, sent, reply }, deps),
    };
  } catch (cause) {
    // Whatever failed about the reply is one code to the caller: an attacker learns nothing from it.
    if (cause instanceof ReplyRejected)
      return failed(organizationId, 'PEER_INVALID_RESPONSE', exactReasons(cause));
    if (cause instanceof AppError && isPeerCode(cause.code)) return failed(organizationId, cause.code);
    throw cause;
  }
}

function failed(organizationId: string, code: SourceFailureCode, more: string[] = []): SourceOutcome {
  return { organizationId, outcome: 'failed', code, reasons: [code, ...more] };
}

function exactReasons(rejected: ReplyRejected): string[] {
  const { code, cause } = rejected;
  return cause instanceof Error && 'code' in cause ? [code, String(cause.code)] : [code];
}

/** A partner that lacks its database, or has too much to do, may answer the same question in a moment. */
const passing: ReadonlySet<number> = new Set([429, 502, 503, 504]);

function refusalOf({ status }: RawReply): SourceFailureCode {
  return passing.has(status) ? 'PEER_UNAVAILABLE' : 'PEER_REFUSED';
}

/** The partner's own word on a refusal: not verified, kept for whoever looks into it. */
function partnersCode({ status, body }: RawReply): string[] {
  const code = /"code"\s*:\s*"([A-Z][A-Z_]{2,63})"/.exec(Buffer.from(body).toString('latin1', 0, 4096))?.[1];
  return code === undefined ? [`HTTP_${status}`] : [`HTTP_${status}`, code];
}

const peerCodes: ReadonlySet<string> = new Set<SourceFailureCode>([
  'PEER_UNREACHABLE',
  'PEER_TIMEOUT',
  'PEER_CERTIFICATE',
  'PEER_INVALID_RESPONSE',
]);

function isPeerCode(code: string): code is SourceFailureCode {
  return peerCodes.has(code);
}
