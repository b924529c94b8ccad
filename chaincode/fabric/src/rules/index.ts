export { ContractError, type ContractErrorCode } from '../errors.ts';
export { type AnchorRequest, appendAnchor, type LedgerAnchor, openAnchor } from './anchor.ts';
export { type ConsentStatus, type LedgerConsent, recordConsent } from './consent.ts';
export {
  closeDispute,
  type DisputeAct,
  type DisputeCaller,
  type DisputeEvent,
  type DisputeFiling,
  type DisputeFinding,
  type DisputeMoment,
  type DisputeParty,
  type DisputeState,
  decideDispute,
  disputeTransitions,
  type ExamineRequest,
  examineDispute,
  type FileRequest,
  fileDispute,
  type LedgerDispute,
  lapseDispute,
  type OpenRequest,
  openDispute,
  withdrawDispute,
} from './dispute.ts';
export { compositeKey, type LedgerKeyType, logOrigin, sizeAttribute, splitCompositeKey } from './keys.ts';
export {
  type LedgerMember,
  type MemberContent,
  type MemberEvent,
  type MemberKind,
  type MemberState,
  memberEntryDigest,
  memberTransitions,
  moveMember,
  parseMemberContent,
  type SaveRequest,
  saveMember,
} from './member.ts';
