import { hex } from '@medseal/evidence';
import type { Queryable } from '../lib/sql.ts';
import { kindNumber } from './leaf-store.ts';

/** One recorded access: nothing in it but `sealed` says who did what to whom. */
export type AccessRow = {
  eventId: string;
  recordedAt: string;
  /** Keyed hash of the patient's id; absent for an act without patient. */
  patientToken: Uint8Array | undefined;
  /** Place in the patient's gapless sequence of accesses, from 1. */
  patientSequence: number | undefined;
  /** Of the leaf. */
  digest: Uint8Array;
  sealed: Uint8Array;
};

export type StoredAccess = Omit<AccessRow, 'digest'> & { leafId: bigint };

/** Places to be taken in one patient's sequence: the `added` ones after `last`. */
export type SequenceClaim = { token: Uint8Array; last: number; added: number };

// $1…$6 of both statements below: the rows.
const rowValues = `
  input as (
    select nextval('evidence_leaf_leaf_id_seq') as leaf_id, t.* from unnest(
      $1::uuid[], $2::timestamptz[], $3::bytea[], $4::bigint[], $5::bytea[], $6::bytea[]
    ) with ordinality as t(event_id, recorded_at, patient_token, patient_sequence, digest, sealed, place)
  ), leaf as (
    insert into evidence_leaf (leaf_id, kind, digest, at)
    select leaf_id, ${kindNumber('access')}, digest, recorded_at from input
  ), pending as (
    insert into evidence_pending (leaf_id) select leaf_id from input
  ), event as (
    insert into audit_event (event_id, recorded_at, patient_token, patient_sequence, leaf_id, sealed)
    select event_id, recorded_at, patient_token, patient_sequence, leaf_id, sealed from input
  )`;

const insertRows = `with ${rowValues} select 1 from input limit 0`;

// The places are taken only where the sequence still ends where the claim says; else the statement fails as a whole.
const claimAndInsertRows = `
  with claim as (
    select * from unnest($7::bytea[], $8::bigint[], $9::bigint[]) as t(token, last, added)
  ), taken as (
    insert into access_sequence as kept (patient_token, last)
    select token, last + added from claim order by token
    on conflict (patient_token) do update set last = excluded.last
    where kept.last = (select claim.last from claim where claim.token = kept.patient_token)
    returning 1
  ), ${rowValues}
  select require_count((select count(*) from taken), $10)`;

/** Appends accesses with their leaves; the places in the sequences were taken before, in the same transaction. */
export async function insertAccesses(tx: Queryable, rows: readonly AccessRow[]): Promise<void> {
  await tx.query(insertRows, columnsOf(rows));
}

/** Takes the places and appends the accesses, in one statement; fails as a whole when a sequence has moved on. */
export async function claimAndInsert(
  db: Queryable,
  rows: readonly AccessRow[],
  claims: readonly SequenceClaim[],
): Promise<void> {
  await db.query(claimAndInsertRows, [
    ...columnsOf(rows),
    claims.map((claim) => claim.token),
    claims.map((claim) => claim.last),
    claims.map((claim) => claim.added),
    claims.length,
  ]);
}

function columnsOf(rows: readonly AccessRow[]): unknown[] {
  return [
    rows.map((row) => row.eventId),
    rows.map((row) => row.recordedAt),
    rows.map((row) => row.patientToken ?? null),
    rows.map((row) => row.patientSequence ?? null),
    rows.map((row) => row.digest),
    rows.map((row) => row.sealed),
  ];
}

/** Moves sequences on by `added` and returns where they ended before; locks them, in one order, until the commit. */
export async function lockSequences(
  tx: Queryable,
  claims: readonly Omit<SequenceClaim, 'last'>[],
): Promise<SequenceClaim[]> {
  const { rows } = await tx.query<{ patient_token: Uint8Array; last: string }>(
    `insert into access_sequence as kept (patient_token, last)
     select token, added from unnest($1::bytea[], $2::bigint[]) as t(token, added) order by token
     on conflict (patient_token) do update set last = kept.last + excluded.last
     returning patient_token, last`,
    [claims.map((claim) => claim.token), claims.map((claim) => claim.added)],
  );
  const ends = new Map(rows.map((row) => [hex(row.patient_token), Number(row.last)]));
  return claims.map(({ token, added }) => ({ token, added, last: (ends.get(hex(token)) ?? 0) - added }));
}

/** Where the sequences of these patients end now, by hex token; a patient without any access is absent. */
export async function readSequences(
  db: Queryable,
  tokens: readonly Uint8Array[],
): Promise<Map<string, number>> {
  const { rows } = await db.select<{ patient_token: Uint8Array; last: string }>(
    'select patient_token, last from access_sequence where patient_token = any($1::bytea[])',
    [tokens],
  );
  return new Map(rows.map((row) => [hex(row.patient_token), Number(row.last)]));
}

type Stored = {
  event_id: string;
  recorded_at: Date;
  patient_token: Uint8Array | null;
  patient_sequence: string | null;
  leaf_id: string;
  sealed: Uint8Array;
};

const columns = 'event_id, recorded_at, patient_token, patient_sequence, leaf_id, sealed';

/** A patient's accesses from place `from` of their sequence on, oldest first. */
export async function findByPatient(
  db: Queryable,
  patientToken: Uint8Array,
  { from, count }: { from: number; count: number },
): Promise<StoredAccess[]> {
  const { rows } = await db.query<Stored>(
    `select ${columns} from audit_event
     where patient_token = $1 and patient_sequence >= $2 order by patient_sequence limit $3`,
    [patientToken, from, count],
  );
  return rows.map(storedAccess);
}

/** Accesses by the id of their event, or of one instant, of which there are a few at most. */
export async function findByEvent(
  db: Queryable,
  by: { eventId: string } | { recordedAt: string },
): Promise<StoredAccess[]> {
  const [condition, value] =
    'eventId' in by ? ['event_id = $1', by.eventId] : ['recorded_at = $1', by.recordedAt];
  const { rows } = await db.query<Stored>(
    `select ${columns} from audit_event where ${condition} order by leaf_id limit 1000`,
    [value],
  );
  return rows.map(storedAccess);
}

function storedAccess(row: Stored): StoredAccess {
  return {
    eventId: row.event_id,
    recordedAt: row.recorded_at.toISOString(),
    patientToken: row.patient_token ?? undefined,
    patientSequence: row.patient_sequence === null ? undefined : Number(row.patient_sequence),
    leafId: BigInt(row.leaf_id),
    sealed: row.sealed,
  };
}
