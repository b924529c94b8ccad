import { CryptoError, openIndex, openPatientKey, openRecord, type PatientKey } from '../crypto/index.ts';
import type { Resource } from '../fhir/index.ts';
import { parseStored } from '../lib/strict-json.ts';
import type { OpenedBody, OpenedVersion } from './opened-versions.ts';
import type { RecordsDeps } from './records-deps.ts';
import type { BodyRow, IndexRow } from './store.ts';
import type { OpenedRecord, RecordIndex } from './types.ts';

type Keys = Pick<RecordsDeps, 'keyStore' | 'tenant'>;

/** Opens the searchable part of a row; one whose clear flag was changed is refused like any altered row. */
export function openRowIndex(row: IndexRow, key: PatientKey, { tenant }: Pick<Keys, 'tenant'>): RecordIndex {
  const address = { tenant, idToken: row.id_token, version: row.version };
  const index = JSON.parse(openIndex(row.index_sealed, { key, address })) as RecordIndex;
  if ((index.deleted ?? false) !== row.deleted) throw new CryptoError('SEAL_REFUSED');
  return index;
}

/** Opens the body of a row whose index is open already. */
export function openBody(
  row: Pick<BodyRow, 'wrapped_key' | 'body_sealed' | 'version'>,
  { key, index, tenant }: { key: PatientKey; index: RecordIndex; tenant: string },
): OpenedBody {
  const address = { tenant, type: index.type, id: index.id, version: row.version };
  const opened = openRecord({ wrappedKey: row.wrapped_key, body: row.body_sealed }, { key, address });
  return { text: opened.text, contentSalt: () => opened.leafSalt };
}

/** The record that a row holds; it is parsed when somebody looks into it. */
export function openRowBody(
  row: BodyRow,
  { key, index, tenant }: { key: PatientKey; index: RecordIndex; tenant: string },
): OpenedRecord {
  const body = openBody(row, { key, index, tenant });
  return recordOf({ index, version: row.version, leafId: row.leaf_id }, body);
}

/** The same, and keeps it open for whoever asks next. */
export function openAndKeepBody(
  row: BodyRow,
  { key, index }: { key: PatientKey; index: RecordIndex },
  { tenant, opened }: Pick<RecordsDeps, 'tenant' | 'opened'>,
): OpenedRecord {
  const body = openBody(row, { key, index, tenant });
  const version = { index, version: row.version, leafId: row.leaf_id };
  opened.keep(row.version_seq, { ...version, body });
  return recordOf(version, body);
}

/** A version that is open, as a record. */
export function recordOf({ index, version, leafId }: OpenedVersion, body: OpenedBody): OpenedRecord {
  let parsed: Resource | undefined;
  const parse = (): Resource => {
    parsed ??= parseStored(body.text) as Resource;
    return parsed;
  };
  return {
    index,
    version,
    deleted: index.deleted ?? false,
    text: body.text,
    get resource() {
      return parse();
    },
    get original() {
      return parse();
    },
    redactions: [],
    leafId: BigInt(leafId),
    contentSalt: body.contentSalt,
  };
}

/** The key of a row that carries its owner's wrapped key; undefined after an erasure. */
export function keyOfRow(
  row: { patient_token: Uint8Array; patient_key: Uint8Array | null },
  { keyStore }: Pick<Keys, 'keyStore'>,
): PatientKey | undefined {
  return openPatientKey({ patient_token: row.patient_token, wrapped_key: row.patient_key }, keyStore);
}
