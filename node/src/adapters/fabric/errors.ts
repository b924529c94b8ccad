import { GatewayError } from '@hyperledger/fabric-gateway';
import { AppError } from '../../lib/errors.ts';

/**
 * What is known after a call failed.
 * `LEDGER_REFUSED`: the chaincode said no; surely not committed, and the same call fails again.
 * `LEDGER_NOT_COMMITTED`: surely not committed, for a reason that may pass (no peer, a conflict at commit).
 * `LEDGER_UNKNOWN`: it may be committed, or still become so; ask by `txId`, then by key, never submit blindly again.
 * `LEDGER_UNAVAILABLE`: a question, which changes nothing, was not answered.
 * `LEDGER_ANSWER_INVALID`: the peer's answer cannot be read.
 */
export type LedgerErrorCode =
  | 'LEDGER_REFUSED'
  | 'LEDGER_NOT_COMMITTED'
  | 'LEDGER_UNKNOWN'
  | 'LEDGER_UNAVAILABLE'
  | 'LEDGER_ANSWER_INVALID'
  | 'LEDGER_SETTINGS_INVALID';

type LedgerErrorDetails = { txId?: string; chaincodeCode?: string; validationCode?: number; cause?: unknown };

export class LedgerError extends AppError<LedgerErrorCode> {
  readonly txId: string | undefined;
  /** The chaincode's own code, for LEDGER_REFUSED. */
  readonly chaincodeCode: string | undefined;
  /** peer.TxValidationCode of an invalid transaction, for LEDGER_NOT_COMMITTED after ordering. */
  readonly validationCode: number | undefined;

  constructor(
    code: LedgerErrorCode,
    { txId, chaincodeCode, validationCode, cause }: LedgerErrorDetails = {},
  ) {
    super(code, { message: describe(code, { txId, chaincodeCode, validationCode }), cause });
    this.name = 'LedgerError';
    this.txId = txId;
    this.chaincodeCode = chaincodeCode;
    this.validationCode = validationCode;
  }
}

/** The chaincode refused without a code of its own, e.g. a parameter against its metadata. */
export const uncodedRefusal = 'CHAINCODE_UNCODED';

/** A failed endorsement: nothing was ordered, so nothing can be committed. */
export function endorseFailure(error: unknown, txId: string): LedgerError {
  const chaincodeCode = refusalCode(error);
  return chaincodeCode === undefined
    ? new LedgerError('LEDGER_NOT_COMMITTED', { txId, cause: error })
    : new LedgerError('LEDGER_REFUSED', { txId, chaincodeCode, cause: error });
}

/** A failed question. */
export function evaluateFailure(error: unknown): LedgerError {
  const chaincodeCode = refusalCode(error);
  return chaincodeCode === undefined
    ? new LedgerError('LEDGER_UNAVAILABLE', { cause: error })
    : new LedgerError('LEDGER_REFUSED', { chaincodeCode, cause: error });
}

/** What every peer that was asked said, word for word, if all of them ran the chaincode and it refused. */
export function chaincodeTexts(error: unknown): string[] {
  if (!(error instanceof GatewayError)) return [];
  const texts = error.details.map(({ message }) => chaincodeText(message));
  return texts.every((text) => text !== undefined) ? texts : [];
}

/** The code of a refusal on which all peers that were asked agree. */
function refusalCode(error: unknown): string | undefined {
  const codes = new Set(chaincodeTexts(error).map(codeOf));
  const [code] = codes;
  return codes.size === 1 ? code : undefined;
}

const responsePrefix = 'chaincode response ';

/** A peer words a refusal as `chaincode response <status>, <text>` (internal/pkg/gateway). */
function chaincodeText(message: string): string | undefined {
  if (!message.startsWith(responsePrefix)) return undefined;
  const comma = message.indexOf(', ', responsePrefix.length);
  const status = message.slice(responsePrefix.length, comma);
  return comma !== -1 && /^[45]\d\d$/.test(status) ? message.slice(comma + 2) : undefined;
}

/** The code that leads `CODE: text`. */
function codeOf(text: string): string {
  const colon = text.indexOf(': ');
  const code = text.slice(0, Math.max(0, colon));
  return /^[A-Z][A-Z0-9_]{0,63}$/.test(code) ? code : uncodedRefusal;
}

function describe(code: LedgerErrorCode, parts: Record<string, string | number | undefined>): string {
  const known = Object.entries(parts).filter(([, value]) => value !== undefined);
  return [code, ...known.map(([name, value]) => `${name}=${value}`)].join(' ');
}
