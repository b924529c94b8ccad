import type { Decision, RecordDescriptor } from '../consent/index.ts';
import { openIndex, openPatientKey, type PatientKey, patientToken } from '../crypto/index.ts';
import type { Resource } from '../fhir/index.ts';
import type { PatientId, Pseudonym } from '../lib/brand.ts';
import { descriptorOf } from './descriptor.ts';
import { findByPseudonym, findIdentity, type IdentityRow } from './identity-store.ts';
import { openRowBody } from './open-row.ts';
import { fitting } from './page-room.ts';
import type { PatientIdentity } from './patient-identity.ts';
import { locate } from './read.ts';
import type { RecordsDeps } from './records-deps.ts';
import { type Hit, openHits, ownerKey, type Scope, scan } from './scope.ts';
import { patientIdentityAddress, pseudonymToken } from './tokens.ts';
import type { ReleasedRecord } from './types.ts';
import { viewOfDecision } from './view.ts';

/** What is released, and how many more records there is no room for in one answer. */
export type Release = { records: ReleasedRecord[]; omitted: number };

export type ReleaseRequest = {
  types: readonly string[] | 'all';
  /** Made by consent/ for this patient and this request. */
  decision: Decision;
  /** Records at most, the newest of each type. */
  count: number;
  patientId: PatientId;
  /** The patient's, where the caller has read it for this request. */
  key?: PatientKey | undefined;
};

/** A patient with the key that was read together with them; for one request, since an erasure may follow. */
export type KnownPatient = { patientId: PatientId; key: PatientKey };

/** The patient of this hospital who has an alliance pseudonym. */
export async function findPatient(
  pseudonym: Pseudonym,
  { db, keyStore, tenant }: RecordsDeps,
): Promise<KnownPatient | undefined> {
  const row = await findByPseudonym(db, pseudonymToken(keyStore, pseudonym));
  const opened = row === undefined ? undefined : openIdentity(row, { keyStore, tenant });
  return opened && { patientId: opened.identity.patientId, key: opened.key };
}

/** 18-digit national id of a patient of this hospital, where the Patient has one. */
export async function nationalIdOfPatient(
  patientId: PatientId,
  { db, keyStore, tenant }: RecordsDeps,
): Promise<string | undefined> {
  const row = await findIdentity(db, patientToken(keyStore, patientId));
  return row === undefined ? undefined : openIdentity(row, { keyStore, tenant })?.identity.nationalId;
}

function openIdentity(
  row: IdentityRow,
  { keyStore, tenant }: Pick<RecordsDeps, 'keyStore' | 'tenant'>,
): { identity: PatientIdentity; key: PatientKey } | undefined {
  const key = openPatientKey(row, keyStore);
  if (key === undefined) return undefined;
  const address = patientIdentityAddress(tenant, row.patient_token);
  const identity = JSON.parse(openIndex(row.identity_sealed, { key, address })) as PatientIdentity;
  return { identity, key };
}

/**
 * Opens the records that a decision releases, whole, with what the exchange needs to disclose them: redaction is a
 * disclosure that leaves elements out, so that the rest can still be verified. The access is recorded by the caller,
 * in the transaction that records the disclosure. Nothing for an unknown or erased patient, or without a permit.
 */
export async function openForRelease(request: ReleaseRequest, deps: RecordsDeps): Promise<Release> {
  const { patientId: owner, decision } = request;
  const key = decision.permit ? (request.key ?? (await ownerKey(owner, deps))) : undefined;
  if (key === undefined) return { records: [], omitted: 0 };
  const scope = { owner, key, view: viewOfDecision(owner, decision, deps) };
  const hits = await releasedHits(scope, request, deps);
  const fits = fitting(hits);
  const opened = await openHits(hits.slice(0, fits), deps);
  const records = opened.flatMap((record) => {
    if (record === undefined) return [];
    const { original, version, index, leafId, text } = record;
    const contentSalt = record.contentSalt();
    const versionId = String(version);
    const length = Buffer.byteLength(text, 'utf8');
    return [{ resource: original, length, versionId, labels: index.labels, leafId, contentSalt }];
  });
  return { records, omitted: hits.length - fits };
}

async function releasedHits(scope: Scope, request: ReleaseRequest, deps: RecordsDeps): Promise<Hit[]> {
  const types = request.types === 'all' ? [undefined] : request.types;
  const hits: Hit[] = [];
  for (const type of types) {
    const limit = request.count - hits.length;
    if (limit <= 0) break;
    const options = { type, batch: limit, withBodies: true, limit };
    hits.push(...(await scan(scope, () => true, { ...options, deps })));
  }
  return hits;
}

/** One version of a record, whole, with what its commitment needs. */
export type OpenedVersion = {
  resource: Resource;
  leafId: bigint;
  contentSalt: Uint8Array;
  descriptor: RecordDescriptor;
  key: PatientKey;
  /** Whether a decision shows it: the version as it was, and the record as it is now. */
  isShownBy(decision: Decision): boolean;
};

/**
 * Opens one version of a patient's record, to prove that it was given away. Undefined for an absent, deleted or erased
 * one, and for another patient's. What may be shown of it is the caller's to decide, and to record.
 */
export async function openVersion(
  { patientId, ...asked }: { patientId: PatientId; type: string; id: string; version: number },
  deps: RecordsDeps,
): Promise<OpenedVersion | undefined> {
  const found = await locate(asked, deps);
  if (found === undefined || found.index.owner !== patientId || found.row.deleted) return undefined;
  const { key, index, current } = found;
  const { original, leafId, contentSalt } = openRowBody(found.row, { key, index, tenant: deps.tenant });
  return {
    ...{ resource: original, leafId, contentSalt: contentSalt(), key },
    descriptor: descriptorOf(index),
    isShownBy: (decision) => {
      const view = viewOfDecision(patientId, decision, deps);
      return view.releases(index) && view.releases(current);
    },
  };
}
