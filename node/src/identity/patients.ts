import type { PatientId } from '../lib/brand.ts';
import type { Queryable } from '../lib/sql.ts';
import { issueEnrolmentCode } from './enrolment-code.ts';
import type { Assertion, Registration } from './passkey-messages.ts';
import { forgetPatient, type PatientDeps } from './patient-identity.ts';
import { login, loginOptions, logout, verifyPatientSession } from './patient-session.ts';
import { registerPasskey, registrationOptions } from './register-passkey.ts';
import { removePasskeys } from './remove-passkeys.ts';
import type { PatientActor, Staff } from './types.ts';
import { type VerifiedAssertion, verifyPatientAssertion } from './verify-assertion.ts';

/** Patients' passkeys and sessions at this hospital. */
export type Patients = {
  issueEnrolmentCode(request: { patientId: PatientId; staff: Staff }): ReturnType<typeof issueEnrolmentCode>;
  registrationOptions(code: string): ReturnType<typeof registrationOptions>;
  registerPasskey(request: { code: string; response: Registration }): ReturnType<typeof registerPasskey>;
  removePasskeys(request: { patientId: PatientId; staff: Staff }): ReturnType<typeof removePasskeys>;
  loginOptions(): ReturnType<typeof loginOptions>;
  login(assertion: Assertion): ReturnType<typeof login>;
  verifySession(bearer: string): Promise<PatientActor>;
  logout(bearer: string): Promise<void>;
  verifyAssertion(
    tx: Queryable,
    request: { patientId: PatientId; assertion: Assertion; challenge: Uint8Array },
  ): Promise<VerifiedAssertion>;
  forget(tx: Queryable, patientId: PatientId): Promise<void>;
};

/** Binds the verbs of patient identity to their dependencies. */
export function createPatients(deps: PatientDeps): Patients {
  return {
    issueEnrolmentCode: (request) => issueEnrolmentCode(request, deps),
    registrationOptions: (code) => registrationOptions(code, deps),
    registerPasskey: (request) => registerPasskey(request, deps),
    removePasskeys: (request) => removePasskeys(request, deps),
    loginOptions: () => loginOptions(deps),
    login: (assertion) => login(assertion, deps),
    verifySession: (bearer) => verifyPatientSession(bearer, deps),
    logout: (bearer) => logout(bearer, deps),
    verifyAssertion: (tx, request) => verifyPatientAssertion(tx, request, deps),
    forget: async (tx, patientId) => void (await forgetPatient(tx, patientId, deps.keys)),
  };
}
