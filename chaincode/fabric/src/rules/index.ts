export { ContractError, type ContractErrorCode } from '../errors.ts';
export { type AnchorRequest, appendAnchor, type LedgerAnchor, openAnchor } from './anchor.ts';
export { type ConsentStatus, type LedgerConsent, recordConsent } from './consent.ts';
export { compositeKey, type LedgerKeyType, logOrigin, sizeAttribute, splitCompositeKey } from './keys.ts';
export {
  type LedgerMember,
  type MemberContent,
  type MemberEvent,
  type MemberKind,
  type MemberState,
  memberTransitions,
  moveMember,
  parseMemberContent,
  type SaveRequest,
  saveMember,
} from './member.ts';
