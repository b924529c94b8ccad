import type { EvidenceBundle } from '@medseal/evidence';
import { findPatientKey } from '../crypto/index.ts';
import type { PatientId, Pseudonym } from '../lib/brand.ts';
import type { Queryable } from '../lib/sql.ts';
import { type BundleAnswer, writeBundle } from './bundle.ts';
import { type Erasure, erasePatient } from './erase.ts';
import type { ReadRequest } from './read.ts';
import { type ProofPort, proveRecord } from './record-proof.ts';
import type { RecordsDeps } from './records-deps.ts';
import {
  findPatient,
  type KnownPatient,
  nationalIdOfPatient,
  type OpenedVersion,
  openForRelease,
  openVersion,
  type Release,
  type ReleaseRequest,
} from './release.ts';
import type { Caller } from './types.ts';

/** What other modules use of records. */
export type Records = {
  /** Whether this hospital keeps records of the patient; one who is there is not erased before `tx` ends. */
  exists(tx: Queryable, patientId: PatientId): Promise<boolean>;
  /** The patient of this hospital who has an alliance pseudonym. */
  findPatient(pseudonym: Pseudonym): Promise<KnownPatient | undefined>;
  /** 18-digit national id of a patient of this hospital, where the Patient has one. */
  nationalIdOf(patientId: PatientId): Promise<string | undefined>;
  /** The records that a decision releases; the caller records the access. */
  openForRelease(request: ReleaseRequest): Promise<Release>;
  /** One version of a patient's record, whole; what is shown of it is decided and recorded by the caller. */
  openVersion(asked: Parameters<typeof openVersion>[0]): Promise<OpenedVersion | undefined>;
  /** Carries out a transaction or batch Bundle. */
  writeBundle(bundle: unknown, caller: Caller): Promise<BundleAnswer>;
  /** The file that proves one version of a record. */
  proveRecord(request: ReadRequest, caller: Caller): Promise<EvidenceBundle>;
  /** Erases a patient for good once two privacy officers have asked for it. */
  erasePatient(patientId: PatientId, caller: Caller): Promise<Erasure>;
};

/** Builds the records over the node's database, keys and neighbours. */
export function createRecords(deps: RecordsDeps, proofs: ProofPort): Records {
  return {
    exists: async (tx, patientId) =>
      (await findPatientKey(tx, patientId, { keyStore: deps.keyStore, lock: 'share' })) !== undefined,
    findPatient: (pseudonym) => findPatient(pseudonym, deps),
    nationalIdOf: (patientId) => nationalIdOfPatient(patientId, deps),
    openForRelease: (request) => openForRelease(request, deps),
    openVersion: (asked) => openVersion(asked, deps),
    writeBundle: (bundle, caller) => writeBundle(bundle, { caller, deps }),
    proveRecord: (request, caller) => proveRecord(request, { caller, deps, proofs }),
    erasePatient: (patientId, caller) => erasePatient(patientId, { caller, deps }),
  };
}
