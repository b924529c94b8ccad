export { type ActorCarrier, actorOf, requireStaff } from './actor.ts';
export type { AdministrationDeps, MemberMove } from './administer-member.ts';
export { type AdministrationAct, recordAct } from './administration.ts';
export { askIdentityService } from './ask-identity-service.ts';
export { type IdentityCode, IdentityError } from './errors.ts';
export { type EvaluationDeps, evaluatePseudonyms } from './evaluate-pseudonyms.ts';
export { identifyPeer, type PeerCertificate, peerOf } from './identify-peer.ts';
export { membersIn } from './members.ts';
export { type NationalId, nationalIdSystem, parseNationalId } from './national-id.ts';
export { type Assertion, parseAssertion } from './passkey-messages.ts';
export type { PatientDeps, RelyingParty } from './patient-identity.ts';
export { patientBearerPrefix } from './patient-session.ts';
export { createPatients, type Patients } from './patients.ts';
export {
  type PeerMessage,
  readPeerMessage,
  type SignedPeerMessage,
  signPeerMessage,
  verifyPeerMessage,
} from './peer-message.ts';
export { pseudonymRoutes } from './peer-routes.ts';
export type {
  AccessPort,
  EvaluationRequest,
  EvaluationTransport,
  EvidencePort,
  LedgerPort,
  PatientDirectory,
  PeerPort,
  PeerRequest,
  TokenVerifier,
} from './ports.ts';
export { projectMembers } from './project-members.ts';
export { createPseudonymClient, type PseudonymClient } from './pseudonym.ts';
export { registerSelf } from './register-self.ts';
export { type IdentityRouteDeps, identityRoutes } from './routes.ts';
export { verifyStaffToken } from './staff.ts';
export * from './types.ts';
export type { VerifiedAssertion } from './verify-assertion.ts';
