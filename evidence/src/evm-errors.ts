/** Refusals of notary proofs: what an EVM chain is said to hold about a block of the channel. */
export type NotaryErrorCode =
  | 'NOTARY_MALFORMED'
  | 'NOTARY_UNKNOWN_FORMAT'
  | 'NOTARY_CHANNEL'
  | 'NOTARY_BLOCK'
  | 'NOTARY_HISTORY_LENGTH'
  | 'NOTARY_HISTORY_ROOT'
  | 'NOTARY_CHAIN'
  | 'NOTARY_CONTRACT'
  | 'NOTARY_HEADER'
  | 'NOTARY_HEADER_UNTRUSTED'
  | 'NOTARY_RECEIPT'
  | 'NOTARY_RECEIPT_FAILED'
  | 'NOTARY_EVENT_ABSENT'
  | 'NOTARY_EVENT_CONTRACT'
  | 'NOTARY_EVENT_MISMATCH'
  | 'RLP_INVALID';
