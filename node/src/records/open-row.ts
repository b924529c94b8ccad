import { CryptoError, openIndex, openPatientKey, openRecord, type PatientKey } from '../crypto/index.ts';
import type { Resource } from '../fhir/index.ts';
import type { BodyRow, IndexRow } from './store.ts';
import type { OpenedRecord, RecordIndex, RecordsDeps } from './types.ts';

type Keys = Pick<RecordsDeps, 'keyStore' | 'tenant'>;

/** Opens the searchable part of a row; one whose clear flag was changed is refused like any altered row. */
export function openRowIndex(row: IndexRow, key: PatientKey, { tenant }: Pick<Keys, 'tenant'>): RecordIndex {
  const address = { tenant, idToken: row.id_token, version: row.version };
  const index = JSON.parse(openIndex(row.index_sealed, { key, address })) as RecordIndex;
  if ((index.deleted ?? false) !== row.deleted) throw new CryptoError('SEAL_REFUSED');
  return index;
}

/** Opens a row whose index is open already. */
export function openRowBody(
  row: BodyRow,
  { key, index, tenant }: { key: PatientKey; index: RecordIndex; tenant: string },
): OpenedRecord {
  const address = { tenant, type: index.type, id: index.id, version: row.version };
  const sealed = { wrappedKey: row.wrapped_key, body: row.body_sealed };
  const opened = openRecord(sealed, { key, address });
  const { version, deleted, leaf_id: leafId } = row;
  const original = JSON.parse(opened.text) as Resource;
  return {
    index,
    version,
    deleted,
    resource: original,
    original,
    redactions: [],
    leafId: BigInt(leafId),
    contentSalt: () => opened.leafSalt,
  };
}

/** The key of a row that carries its owner's wrapped key; undefined after an erasure. */
export function keyOfRow(
  row: { patient_token: Uint8Array; patient_key: Uint8Array | null },
  { keyStore }: Pick<Keys, 'keyStore'>,
): PatientKey | undefined {
  return openPatientKey({ patient_token: row.patient_token, wrapped_key: row.patient_key }, keyStore);
}
