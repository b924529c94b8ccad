import type { PatientId } from '../lib/brand.ts';
import { newSecret } from '../lib/ids.ts';
import type { Queryable } from '../lib/sql.ts';
import { CryptoError } from './errors.ts';
import type { KeyStore } from './key-store.ts';
import { type SealingKey, sealingKeyOf } from './seal.ts';

/** One patient's keys with the token that stands for the patient in the database. */
export type PatientKey = SealingKey & { token: Uint8Array };

type KeyRow = { patient_token: Uint8Array; wrapped_key: Uint8Array | null };

/** The keyed hash that stands for a patient in every table. */
export function patientToken(keyStore: KeyStore, patientId: PatientId): Uint8Array {
  return keyStore.token('patient', patientId);
}

/** Token of the records that belong to no patient: organisations, practitioners, locations. */
export function directoryToken(keyStore: KeyStore): Uint8Array {
  return keyStore.token('directory', '');
}

/**
 * Refuses keys that are not those this database was filled with (KEY_FILE_FOREIGN): under them every look-up would find
 * nothing, and what is written now could be read by no other process of the node.
 */
export async function requireOwnKeys(db: Queryable, keyStore: KeyStore): Promise<void> {
  const { rows } = await db.query<{ foreign: boolean }>(
    `select exists (select from patient_key)
       and not exists (select from patient_key where patient_token = $1) as foreign`,
    [directoryToken(keyStore)],
  );
  if (rows[0]?.foreign !== false)
    throw new CryptoError('KEY_FILE_FOREIGN', {
      message: 'the key file is not the one that this database was filled with',
    });
}

/**
 * Creates the key of every token that has none. A key that was destroyed never comes back: PATIENT_KEY_DESTROYED.
 * The rows are locked against a concurrent erasure until the transaction ends.
 */
export async function createKeys(
  tx: Queryable,
  tokens: readonly Uint8Array[],
  { keyStore, at }: { keyStore: KeyStore; at: Date },
): Promise<Map<string, PatientKey>> {
  const wrapped = tokens.map((token) => keyStore.wrapKey(newSecret(32), contextOf(token)));
  await tx.query(
    `insert into patient_key (patient_token, wrapped_key, created_at)
     select token, wrapped, $3 from unnest($1::bytea[], $2::bytea[]) as t(token, wrapped)
     order by token on conflict (patient_token) do nothing`,
    [tokens, wrapped, at],
  );
  const keys = await findKeys(tx, tokens, { keyStore, lock: 'share' });
  if (keys.size !== new Set(tokens.map(hexOf)).size) throw new CryptoError('PATIENT_KEY_DESTROYED');
  return keys;
}

/**
 * The keys that exist, by hex token; an unknown and a destroyed one are both absent. Read from the database every
 * time: a cache would go on opening records after another process erased the patient, and unwrapping costs 10 µs.
 */
export async function findKeys(
  db: Queryable,
  tokens: readonly Uint8Array[],
  { keyStore, lock }: { keyStore: KeyStore; lock?: 'share' },
): Promise<Map<string, PatientKey>> {
  const ask = lock === undefined ? db.select : db.query;
  const { rows } = await ask<KeyRow>(
    `select patient_token, wrapped_key from patient_key
     where patient_token = any($1::bytea[]) and wrapped_key is not null
     order by patient_token ${lock === 'share' ? 'for share' : ''}`,
    [tokens],
  );
  const keys = new Map<string, PatientKey>();
  for (const row of rows) {
    const key = openPatientKey(row, keyStore);
    if (key !== undefined) keys.set(hexOf(row.patient_token), key);
  }
  return keys;
}

/** One patient's key, or nothing for an unknown or erased patient. */
export async function findPatientKey(
  db: Queryable,
  patientId: PatientId,
  { keyStore, lock }: { keyStore: KeyStore; lock?: 'share' },
): Promise<PatientKey | undefined> {
  const keys = await findKeys(db, [patientToken(keyStore, patientId)], {
    keyStore,
    ...(lock === undefined ? {} : { lock }),
  });
  return keys.values().next().value;
}

/** Opens a row of `patient_key` that a store has joined to its own; undefined where the key was destroyed. */
export function openPatientKey(row: KeyRow, keyStore: KeyStore): PatientKey | undefined {
  if (row.wrapped_key === null) return undefined;
  const key = keyStore.unwrapKey(row.wrapped_key, contextOf(row.patient_token));
  return { token: row.patient_token, ...sealingKeyOf(key) };
}

/** Keeps everybody from writing under a key until the transaction ends; waits for those who are doing it. */
export async function holdKey(tx: Queryable, token: Uint8Array): Promise<void> {
  await tx.query('select 1 from patient_key where patient_token = $1 for update', [token]);
}

/**
 * Destroys a patient's key for good; everything sealed under it is unreadable from the commit on, in every process.
 * False when there was none to destroy.
 */
export async function destroyKey(tx: Queryable, token: Uint8Array, at: Date): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update patient_key set wrapped_key = null, destroyed_at = $2
     where patient_token = $1 and wrapped_key is not null`,
    [token, at],
  );
  return rowCount === 1;
}

function contextOf(token: Uint8Array): string {
  return `patient-key/${hexOf(token)}`;
}

function hexOf(token: Uint8Array): string {
  return Buffer.from(token).toString('hex');
}
