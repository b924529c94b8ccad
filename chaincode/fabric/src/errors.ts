/** Why a transaction was refused; the first word of the chaincode's error text. */
export type ContractErrorCode =
  | 'ALLIANCE_INITIALIZED'
  | 'ALLIANCE_NOT_INITIALIZED'
  | 'ALLIANCE_REGULATOR'
  | 'ANCHOR_ABSENT'
  | 'ANCHOR_FORK'
  | 'ANCHOR_INVALID'
  | 'ANCHOR_ORIGIN'
  | 'ANCHOR_REGRESS'
  | 'ANCHOR_SIGNER'
  | 'ANCHOR_STALE'
  | 'CONSENT_ABSENT'
  | 'CONSENT_CONFLICT'
  | 'CONSENT_CUSTODIAN'
  | 'CONSENT_INACTIVE'
  | 'CONSENT_VERSION'
  | 'DISPUTE_ABSENT'
  | 'DISPUTE_CHECKPOINT'
  | 'DISPUTE_CONFLICT'
  | 'DISPUTE_DEADLINE'
  | 'DISPUTE_EARLY'
  | 'DISPUTE_MOVED'
  | 'DISPUTE_PARTIES'
  | 'DISPUTE_PARTY'
  | 'DISPUTE_REGULATOR'
  | 'DISPUTE_STATE'
  | 'DISPUTE_WITHHELD'
  | 'MEMBER_ABSENT'
  | 'MEMBER_CHANGED'
  | 'MEMBER_INVALID'
  | 'MEMBER_KIND'
  | 'MEMBER_MSP_TAKEN'
  | 'MEMBER_NOT_OWN'
  | 'MEMBER_NOT_REGISTERED'
  | 'MEMBER_STATE'
  | 'TRANSACTION_UNKNOWN';

/** A refused transaction. A peer hands only the text on, so the code leads it: `CODE: text`. */
export class ContractError extends Error {
  readonly code: ContractErrorCode;

  constructor(code: ContractErrorCode, text: string) {
    super(`${code}: ${text}`);
    this.name = 'ContractError';
    this.code = code;
  }
}
