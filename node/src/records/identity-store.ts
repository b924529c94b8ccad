import type { Queryable } from '../lib/sql.ts';

export type NewIdentity = {
  patientToken: Uint8Array;
  sealed: Uint8Array;
  nationalIdToken: Uint8Array | undefined;
};

export type IdentityRow = { patient_token: Uint8Array; identity_sealed: Uint8Array; wrapped_key: Uint8Array };
export type PendingIdentityRow = IdentityRow & { attempts: number; national_id_token: Uint8Array | null };

/** Writes identities; a new or changed national id queues the patient for the pseudonym worker. */
export async function upsertIdentities(
  tx: Queryable,
  identities: readonly NewIdentity[],
  at: Date,
): Promise<void> {
  if (identities.length === 0) return;
  await tx.query(
    `insert into patient_identity as kept (patient_token, identity_sealed, national_id_token, next_attempt_at)
     select patient, sealed, national, case when national is not null then $4::timestamptz end
     from unnest($1::bytea[], $2::bytea[], $3::bytea[]) as t(patient, sealed, national)
     on conflict (patient_token) do update set
       identity_sealed = excluded.identity_sealed,
       national_id_token = excluded.national_id_token,
       pseudonym_token = case when kept.national_id_token = excluded.national_id_token then kept.pseudonym_token end,
       attempts = 0,
       next_attempt_at = case when kept.national_id_token is distinct from excluded.national_id_token
         then excluded.next_attempt_at else kept.next_attempt_at end`,
    [
      identities.map(({ patientToken }) => patientToken),
      identities.map(({ sealed }) => sealed),
      identities.map(({ nationalIdToken }) => nationalIdToken ?? null),
      at,
    ],
  );
}

/** Forgets the identities of deleted Patients, so that the person can be taken in again. */
export async function deleteIdentities(tx: Queryable, patientTokens: readonly Uint8Array[]): Promise<void> {
  if (patientTokens.length === 0) return;
  await tx.query('delete from patient_identity where patient_token = any($1::bytea[])', [patientTokens]);
}

/** Takes due tasks until `lease`; other workers pass them by, and take them over should this one die. */
export async function takePending(
  tx: Queryable,
  { at, lease, limit }: { at: Date; lease: Date; limit: number },
): Promise<PendingIdentityRow[]> {
  const { rows } = await tx.query<PendingIdentityRow>(
    `with due as (
       select patient_token from patient_identity where next_attempt_at <= $1
       order by next_attempt_at limit $3 for update skip locked
     )
     update patient_identity i set next_attempt_at = $2
     from due join patient_key k using (patient_token)
     where i.patient_token = due.patient_token and k.wrapped_key is not null
     returning i.patient_token, i.identity_sealed, i.attempts, i.national_id_token, k.wrapped_key`,
    [at, lease, limit],
  );
  return rows;
}

/** Keeps the pseudonym of the national id a task was about. False when another patient of this node has it already. */
export async function savePseudonym(
  db: Queryable,
  { patient_token, national_id_token }: PendingIdentityRow,
  pseudonymToken: Uint8Array,
): Promise<boolean> {
  const { rows } = await db.query<{ saved: boolean }>(
    `with kept as (
       update patient_identity set pseudonym_token = $3, next_attempt_at = null
       where patient_token = $1 and national_id_token = $2
         and not exists (select from patient_identity other where other.pseudonym_token = $3 and other.patient_token <> $1)
       returning 1
     )
     select exists (select from kept) or not exists (
       select from patient_identity where patient_token = $1 and national_id_token = $2) as saved`,
    [patient_token, national_id_token, pseudonymToken],
  );
  return rows[0]?.saved ?? false;
}

/** Tries again at `next`, or never without it. */
export async function postpone(
  tx: Queryable,
  patientToken: Uint8Array,
  { attempts, next }: { attempts: number; next: Date | undefined },
): Promise<void> {
  await tx.query('update patient_identity set attempts = $2, next_attempt_at = $3 where patient_token = $1', [
    patientToken,
    attempts,
    next ?? null,
  ]);
}

/** The patient who has a pseudonym. */
export async function findByPseudonym(
  db: Queryable,
  pseudonymToken: Uint8Array,
): Promise<IdentityRow | undefined> {
  const { rows } = await db.select<IdentityRow>(
    `select i.patient_token, i.identity_sealed, k.wrapped_key
     from patient_identity i join patient_key k using (patient_token)
     where i.pseudonym_token = $1 and k.wrapped_key is not null`,
    [pseudonymToken],
  );
  return rows[0];
}

/** A patient's identity with the key it is sealed under; undefined for an unknown or erased patient. */
export async function findIdentity(
  db: Queryable,
  patientToken: Uint8Array,
): Promise<IdentityRow | undefined> {
  const { rows } = await db.select<IdentityRow>(
    `select i.patient_token, i.identity_sealed, k.wrapped_key
     from patient_identity i join patient_key k using (patient_token)
     where i.patient_token = $1 and k.wrapped_key is not null`,
    [patientToken],
  );
  return rows[0];
}

/** Patients with an identity number whom partners cannot ask about yet: their pseudonyms are still to come. */
export async function unmatchedPatients(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ count: string }>(
    `select count(*) as count from patient_identity i join patient_key k using (patient_token)
     where i.national_id_token is not null and i.pseudonym_token is null and k.wrapped_key is not null`,
  );
  return Number(rows[0]?.count ?? 0);
}
