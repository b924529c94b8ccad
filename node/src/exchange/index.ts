export { type ExchangeCode, ExchangeError, type SourceFailureCode } from './errors.ts';
export { exchangePath, sealedType } from './messages.ts';
export { exchangePeerRoutes } from './peer-routes.ts';
export type * from './ports.ts';
export type { Confirmation, ProofDeps } from './proof-ports.ts';
export { exchangeProofRoutes } from './proof-routes.ts';
export { verifyReceipt } from './receipt.ts';
export {
  type Inquiry,
  type InquiryResult,
  type Person,
  type RequesterDeps,
  requestRecords,
  type SourceResult,
} from './request.ts';
export { createResponder, type OutgoingReply, type Responder, type ResponderDeps } from './respond.ts';
export { exchangeRoutes } from './routes.ts';
export { findExchanges } from './store.ts';
export type * from './types.ts';
