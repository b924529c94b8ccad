/** Why the solo ledger refuses something. */
export type SoloErrorCode =
  | 'ARGUMENT_INVALID'
  | 'BLOCKS_CORRUPT'
  | 'BLOCK_WRITE_FAILED'
  | 'CHAINCODE_FAILED'
  | 'CHAINCODE_TIMEOUT'
  | 'CHAINCODE_UNAVAILABLE'
  | 'DIRECTORY_IN_USE'
  | 'IDENTITY_REFUSED'
  | 'LEDGER_BUSY'
  | 'LEDGER_CLOSED'
  | 'MESSAGE_MALFORMED'
  | 'NETWORK_DIFFERENT'
  | 'NETWORK_INCOMPLETE'
  | 'PORT_UNAVAILABLE'
  | 'PROPOSAL_REFUSED'
  | 'REQUEST_UNSUPPORTED'
  | 'SIGNATURE_REFUSED'
  | 'START_FAILED'
  | 'TRANSACTION_DUPLICATE'
  | 'TRANSACTION_REFUSED';

/** An expected failure with a stable code; the text is for people. */
export class SoloError extends Error {
  readonly code: SoloErrorCode;

  constructor(code: SoloErrorCode, text: string, options?: { cause?: unknown }) {
    super(text, options);
    this.name = 'SoloError';
    this.code = code;
  }
}

/** The text of whatever was thrown. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
