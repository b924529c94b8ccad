import type { Queryable } from '../lib/sql.ts';

/** A version to be written. */
export type NewConsentRow = {
  ledgerId: string;
  version: number;
  idToken: Uint8Array;
  patientToken: Uint8Array;
  recipientTokens: readonly Uint8Array[];
  active: boolean;
  commitment: Uint8Array;
  wrappedKey: Uint8Array;
  body: Uint8Array;
  leafId: string;
  recordedAt: Date;
};

/** A version as it is stored, with its patient's key. */
export type SealedConsentRow = Pick<
  ConsentRow,
  | 'ledger_id'
  | 'version'
  | 'patient_token'
  | 'patient_wrapped_key'
  | 'commitment'
  | 'wrapped_key'
  | 'body_sealed'
>;

/** The current version of a consent with its patient's key and what the ledger and the outbox say of it. */
export type ConsentRow = {
  ledger_id: string;
  version: number;
  patient_token: Uint8Array;
  patient_wrapped_key: Uint8Array | null;
  active: boolean;
  commitment: Uint8Array;
  wrapped_key: Uint8Array;
  body_sealed: Uint8Array;
  recorded_at: Date;
  outbox_state: 'queued' | 'unknown' | 'submitted' | 'confirmed' | 'refused';
  ledger_version: number | null;
  ledger_commitment: Uint8Array | null;
  ledger_status: 'active' | 'inactive' | null;
  ledger_organization_id: string | null;
  ledger_tx_id: string | null;
  ledger_block_number: string | null;
};

export type ConsentVersionRow = SealedConsentRow & { leaf_id: string };

const select = `select c.ledger_id, c.version, c.patient_token, p.wrapped_key as patient_wrapped_key, c.active,
  c.commitment, c.wrapped_key, c.body_sealed, c.recorded_at, o.state as outbox_state,
  l.version as ledger_version, l.commitment as ledger_commitment, l.status as ledger_status,
  l.organization_id as ledger_organization_id, l.tx_id as ledger_tx_id, l.block_number as ledger_block_number
  from consent c
  join consent_outbox o using (ledger_id, version)
  left join patient_key p on p.patient_token = c.patient_token
  left join consent_ledger l on l.ledger_id = c.ledger_id`;

/** Writes a version and makes it the current one. */
export async function insertConsent(tx: Queryable, row: NewConsentRow): Promise<void> {
  await tx.query('update consent set is_current = false where ledger_id = $1 and is_current', [row.ledgerId]);
  await tx.query(
    `insert into consent (ledger_id, version, id_token, patient_token, recipient_tokens, is_current, active,
       commitment, wrapped_key, body_sealed, leaf_id, recorded_at)
     values ($1, $2, $3, $4, $5::bytea[], true, $6, $7, $8, $9, $10, $11)`,
    [
      row.ledgerId,
      row.version,
      row.idToken,
      row.patientToken,
      row.recipientTokens,
      row.active,
      row.commitment,
      row.wrappedKey,
      row.body,
      row.leafId,
      row.recordedAt,
    ],
  );
}

/** A patient's consents, newest first. */
export async function findByPatient(db: Queryable, patientToken: Uint8Array): Promise<ConsentRow[]> {
  const { rows } = await db.select<ConsentRow>(
    `${select} where c.patient_token = $1 and c.is_current order by c.recorded_at desc, c.ledger_id`,
    [patientToken],
  );
  return rows;
}

/** Consents of a patient that stand here and name a recipient. One statement, whoever the patient is. */
export async function findForRecipient(
  db: Queryable,
  { patientToken, recipientToken }: { patientToken: Uint8Array; recipientToken: Uint8Array },
): Promise<ConsentRow[]> {
  const { rows } = await db.select<ConsentRow>(
    `${select} where c.patient_token = $1 and c.is_current and c.active and $2 = any(c.recipient_tokens)
     order by c.recorded_at, c.ledger_id`,
    [patientToken, recipientToken],
  );
  return rows;
}

/** The current version of one consent. */
export async function findById(db: Queryable, idToken: Uint8Array): Promise<ConsentRow | undefined> {
  const { rows } = await db.select<ConsentRow>(`${select} where c.id_token = $1 and c.is_current`, [idToken]);
  return rows[0];
}

/** One version of a consent, an earlier one too, with its leaf. */
export async function findVersion(
  db: Queryable,
  { idToken, version }: { idToken: Uint8Array; version: number },
): Promise<ConsentVersionRow | undefined> {
  const { rows } = await db.query<ConsentVersionRow>(
    `select c.ledger_id, c.version, c.patient_token, p.wrapped_key as patient_wrapped_key, c.commitment, c.wrapped_key,
       c.body_sealed, c.leaf_id
     from consent c left join patient_key p on p.patient_token = c.patient_token
     where c.id_token = $1 and c.version = $2`,
    [idToken, version],
  );
  return rows[0];
}

/** The current version, locked: the state moves. */
export async function lockById(tx: Queryable, idToken: Uint8Array): Promise<ConsentRow | undefined> {
  const { rows } = await tx.query<ConsentRow>(
    `${select} where c.id_token = $1 and c.is_current for update of c`,
    [idToken],
  );
  return rows[0];
}

/** How many consents of a patient stand. Locks the patient's key row, so that two grants are counted one after the other. */
export async function countActive(tx: Queryable, patientToken: Uint8Array): Promise<number> {
  await tx.query('select 1 from patient_key where patient_token = $1 for no key update', [patientToken]);
  const { rows } = await tx.query<{ count: string }>(
    'select count(*) from consent where patient_token = $1 and is_current and active',
    [patientToken],
  );
  return Number(rows[0]?.count ?? 0);
}

/**
 * How many of these versions are the current, active ones of patients who are not erased; the rows are locked against a
 * revocation, and the patient's key against an erasure.
 */
export async function holdActive(
  tx: Queryable,
  versions: readonly { idToken: Uint8Array; version: number }[],
): Promise<number> {
  const { rowCount } = await tx.query(
    `select 1 from consent c join unnest($1::bytea[], $2::integer[]) as asked(id_token, version) using (id_token, version)
     join patient_key p on p.patient_token = c.patient_token
     where c.is_current and c.active and p.wrapped_key is not null order by c.ledger_id for share of c, p`,
    [versions.map(({ idToken }) => idToken), versions.map(({ version }) => version)],
  );
  return rowCount;
}
