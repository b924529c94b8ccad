export { type CryptoCode, CryptoError } from './errors.ts';
export type { AgreementKey, KeyStore, SigningPurpose } from './key-store.ts';
export {
  createKeys,
  destroyKey,
  directoryToken,
  findKeys,
  findPatientKey,
  holdKey,
  openPatientKey,
  type PatientKey,
  patientToken,
  requireOwnKeys,
} from './patient-keys.ts';
export {
  type IndexAddress,
  openIndex,
  openRecord,
  type RecordAddress,
  type SealedRecord,
  type SealingKey,
  sealIndex,
  sealingKeyOf,
  sealRecord,
} from './seal.ts';
