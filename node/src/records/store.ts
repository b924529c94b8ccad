import { byteaArray } from '../lib/bytea-array.ts';
import type { Queryable } from '../lib/sql.ts';
import type { SealedColumns } from './seal-version.ts';

/** One version as it is written, without what is sealed. */
export type NewVersion = {
  idToken: Uint8Array;
  version: number;
  ownerToken: Uint8Array;
  compartmentToken: Uint8Array;
  deleted: boolean;
};

/** What is read without the body. bigint columns come as text. */
export type IndexRow = {
  version_seq: string;
  id_token: Uint8Array;
  version: number;
  patient_token: Uint8Array;
  deleted: boolean;
  is_current: boolean;
  index_sealed: Uint8Array;
};
export type IndexedRow = IndexRow & { leaf_id: string };
export type BodyRow = IndexRow & { wrapped_key: Uint8Array; body_sealed: Uint8Array; leaf_id: string };
/** A row of a list: a body that is not small is left out, and read once it is known to be shown. */
export type ListedRow = Omit<BodyRow, 'body_sealed'> & { body_sealed: Uint8Array | null };

const indexColumns =
  'r.version_seq, r.id_token, r.version, r.patient_token, r.deleted, r.is_current, r.index_sealed';
const bodyColumns = `${indexColumns}, r.wrapped_key, r.body_sealed, r.leaf_id`;
const listedColumns = `${indexColumns}, r.wrapped_key, r.leaf_id,
  case when octet_length(r.body_sealed) <= 32768 then r.body_sealed end as body_sealed`;

/** Writes current versions with their leaves in one statement; `sealed` and `leafIds` in the order of `versions`. */
export async function insertVersions(
  tx: Queryable,
  versions: readonly NewVersion[],
  { sealed, leafIds, at }: { sealed: SealedColumns; leafIds: readonly bigint[]; at: Date },
): Promise<void> {
  await tx.query(
    `insert into record_version (id_token, version, patient_token, compartment_token, deleted, wrapped_key,
       index_sealed, body_sealed, leaf_id, is_current, updated_at)
     select v.*, true, $10
     from unnest($1::bytea[], $2::int[], $3::bytea[], $4::bytea[], $5::bool[], $6::bytea[], $7::bytea[], $8::bytea[],
       $9::bigint[]) as v`,
    [
      byteaArray(versions.map(({ idToken }) => idToken)),
      versions.map(({ version }) => version),
      byteaArray(versions.map(({ ownerToken }) => ownerToken)),
      byteaArray(versions.map(({ compartmentToken }) => compartmentToken)),
      versions.map(({ deleted }) => deleted),
      sealed.wrappedKeys,
      sealed.indices,
      sealed.bodies,
      leafIds,
      at,
    ],
  );
}

/** Locks the current versions against other writers, always in the same order, and returns them. */
export async function lockCurrent(tx: Queryable, idTokens: readonly Uint8Array[]): Promise<IndexRow[]> {
  const { rows } = await tx.query<IndexRow>(
    `select ${indexColumns} from record_version r
     where r.id_token = any($1::bytea[]) and r.is_current order by r.id_token for update`,
    [byteaArray(idTokens)],
  );
  return rows;
}

/** Marks versions as superseded. */
export async function retireVersions(tx: Queryable, versionSeqs: readonly string[]): Promise<void> {
  await tx.query('update record_version set is_current = false where version_seq = any($1::bigint[])', [
    versionSeqs,
  ]);
}

/** The current versions, without bodies, of the records that exist. */
export async function findCurrent(db: Queryable, idTokens: readonly Uint8Array[]): Promise<IndexRow[]> {
  if (idTokens.length === 0) return [];
  const { rows } = await db.select<IndexRow>(
    `select ${indexColumns} from record_version r where r.id_token = any($1::bytea[]) and r.is_current`,
    [byteaArray(idTokens)],
  );
  return rows;
}

/** One version (the current one without `version`) together with its owner's wrapped key. */
export async function findVersion(
  db: Queryable,
  idToken: Uint8Array,
  version?: number,
): Promise<(BodyRow & { patient_key: Uint8Array | null }) | undefined> {
  const { rows } = await db.select<BodyRow & { patient_key: Uint8Array | null }>(
    `select ${bodyColumns}, k.wrapped_key as patient_key
     from record_version r join patient_key k using (patient_token)
     where r.id_token = $1 and ${version === undefined ? 'r.is_current' : 'r.version = $2'}`,
    version === undefined ? [idToken] : [idToken, version],
  );
  return rows[0];
}

/** A stretch of one owner's records, newest first: of one type by `compartment`, of all types by `owner`. */
export type Stretch = {
  by: 'compartment_token' | 'patient_token';
  token: Uint8Array;
  /** Only versions before this one; the newest without it. */
  before?: string | undefined;
  limit: number;
};

/** Where the current records of a stretch are, and nothing else of them. */
export async function listPositions(db: Queryable, stretch: Stretch): Promise<string[]> {
  // One row: a thousand of one number each would cost more than all that follows.
  const { rows } = await db.select<{ positions: string | null }>(
    `select string_agg(version_seq::text, ',' order by version_seq desc) as positions from (
       select r.version_seq from record_version r
       where r.${stretch.by} = $1 and r.is_current and not r.deleted and r.version_seq < $2
       order by r.version_seq desc limit $3) as listed`,
    [stretch.token, stretch.before ?? newest, stretch.limit],
  );
  return rows[0]?.positions?.split(',') ?? [];
}

/** Records of a stretch by position, without their bodies. */
export async function findIndices(
  db: Queryable,
  { by, token }: Pick<Stretch, 'by' | 'token'>,
  positions: readonly string[],
): Promise<IndexedRow[]> {
  if (positions.length === 0) return [];
  const { rows } = await db.select<IndexedRow>(
    `select ${indexColumns}, r.leaf_id from record_version r
     where r.version_seq = any($2::bigint[]) and r.${by} = $1`,
    [token, positions],
  );
  return rows;
}

/** The same, with their bodies where these are small. */
export async function findListed(
  db: Queryable,
  { by, token }: Pick<Stretch, 'by' | 'token'>,
  positions: readonly string[],
): Promise<ListedRow[]> {
  if (positions.length === 0) return [];
  const { rows } = await db.select<ListedRow>(
    `select ${listedColumns} from record_version r
     where r.version_seq = any($2::bigint[]) and r.${by} = $1`,
    [token, positions],
  );
  return rows;
}

/** All versions of a stretch, superseded and deleted ones too, with their bodies where these are small. */
export async function listVersions(
  db: Queryable,
  stretch: Omit<Stretch, 'by'> & { by: 'compartment_token' | 'id_token' },
): Promise<ListedRow[]> {
  const { rows } = await db.select<ListedRow>(
    `select ${listedColumns} from record_version r
     where r.${stretch.by} = $1 and r.version_seq < $2 order by r.version_seq desc limit $3`,
    [stretch.token, stretch.before ?? newest, stretch.limit],
  );
  return rows;
}

/** Complete rows by position. */
export async function findBodies(db: Queryable, versionSeqs: readonly string[]): Promise<BodyRow[]> {
  if (versionSeqs.length === 0) return [];
  const { rows } = await db.select<BodyRow>(
    `select ${bodyColumns} from record_version r where r.version_seq = any($1::bigint[])`,
    [versionSeqs],
  );
  return rows;
}

/** Whether the owner of a record has any other record that is not deleted. */
export async function hasOtherRecords(
  db: Queryable,
  { patient_token, id_token }: Pick<IndexRow, 'patient_token' | 'id_token'>,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `select from record_version
     where patient_token = $1 and is_current and not deleted and id_token <> $2 limit 1`,
    [patient_token, id_token],
  );
  return rowCount > 0;
}

/** Removes every row of an erased owner; the leaves in the log stay. */
export async function deleteOwner(tx: Queryable, ownerToken: Uint8Array): Promise<number> {
  await tx.query('delete from record_identifier where patient_token = $1', [ownerToken]);
  await tx.query('delete from patient_identity where patient_token = $1', [ownerToken]);
  const { rowCount } = await tx.query('delete from record_version where patient_token = $1', [ownerToken]);
  return rowCount;
}

const newest = '9223372036854775807';
