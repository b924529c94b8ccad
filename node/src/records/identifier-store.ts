import { byteaArray } from '../lib/bytea-array.ts';
import type { Queryable } from '../lib/sql.ts';
import type { IndexRow } from './store.ts';

export type NewIdentifier = {
  token: Uint8Array;
  idToken: Uint8Array;
  ownerToken: Uint8Array;
  /** True where no second record may carry it. */
  exclusive: boolean;
};

/** Any constant: conditional creations of one node wait for each other, so that two cannot both find nothing. */
const conditionalCreation = 7_163_326;

/** Serialises conditional creation until the transaction ends (FHIR R4 http.html §ccreate has a race otherwise). */
export async function lockConditionalCreation(tx: Queryable): Promise<void> {
  await tx.query('select pg_advisory_xact_lock($1)', [conditionalCreation]);
}

/** Replaces the identifiers of the records that are written; those of `stale` records are removed first. */
export async function saveIdentifiers(
  tx: Queryable,
  identifiers: readonly NewIdentifier[],
  stale: readonly Uint8Array[],
): Promise<void> {
  if (stale.length > 0) {
    await tx.query('delete from record_identifier where id_token = any($1::bytea[])', [byteaArray(stale)]);
  }
  if (identifiers.length === 0) return;
  await tx.query(
    `insert into record_identifier (identifier_token, id_token, patient_token, exclusive)
     select i.* from unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::bool[]) as i
     on conflict (identifier_token, id_token) do nothing`,
    [
      byteaArray(identifiers.map(({ token }) => token)),
      byteaArray(identifiers.map(({ idToken }) => idToken)),
      byteaArray(identifiers.map(({ ownerToken }) => ownerToken)),
      identifiers.map(({ exclusive }) => exclusive),
    ],
  );
}

/** The current records, without bodies, that carry one of the identifiers. */
export async function findByIdentifiers(
  db: Queryable,
  tokens: readonly Uint8Array[],
): Promise<(IndexRow & { identifier_token: Uint8Array })[]> {
  if (tokens.length === 0) return [];
  const { rows } = await db.select<IndexRow & { identifier_token: Uint8Array }>(
    // Record by record: a plan that was made while the table was small would join by reading the whole of it each time.
    `select i.identifier_token, r.* from record_identifier i cross join lateral (
       select version_seq, id_token, version, patient_token, deleted, is_current, index_sealed from record_version
       where id_token = i.id_token and is_current offset 0) r
     where i.identifier_token = any($1::bytea[]) and not r.deleted`,
    [byteaArray(tokens)],
  );
  return rows;
}
