import type { Queryable } from '../lib/sql.ts';
import type { AuditRow } from './types.ts';

type Stored = {
  event_id: string;
  recorded_at: Date;
  patient_token: Uint8Array | null;
  patient_sequence: string | null;
  leaf_id: string;
  sealed: Uint8Array;
};

const columns = 'event_id, recorded_at, patient_token, patient_sequence, leaf_id, sealed';

/** Appends events; rows are never changed afterwards. */
export async function record(tx: Queryable, rows: readonly AuditRow[]): Promise<void> {
  await tx.query(
    `insert into audit_event (${columns})
     select * from unnest($1::uuid[], $2::timestamptz[], $3::bytea[], $4::bigint[], $5::bigint[], $6::bytea[])`,
    [
      rows.map((row) => row.eventId),
      rows.map((row) => row.recordedAt),
      rows.map((row) => row.patientToken ?? null),
      rows.map((row) => row.patientSequence ?? null),
      rows.map((row) => row.leafId),
      rows.map((row) => row.sealed),
    ],
  );
}

/** A patient's accesses from place `from` of their sequence on, oldest first. */
export async function findByPatient(
  db: Queryable,
  patientToken: Uint8Array,
  { from, count }: { from: number; count: number },
): Promise<AuditRow[]> {
  const { rows } = await db.query<Stored>(
    `select ${columns} from audit_event
     where patient_token = $1 and patient_sequence >= $2 order by patient_sequence limit $3`,
    [patientToken, from, count],
  );
  return rows.map(auditRow);
}

/** One event by its logical id. */
export async function findEvent(db: Queryable, eventId: string): Promise<AuditRow | undefined> {
  const { rows } = await db.query<Stored>(`select ${columns} from audit_event where event_id = $1`, [
    eventId,
  ]);
  return rows.map(auditRow)[0];
}

function auditRow(row: Stored): AuditRow {
  return {
    eventId: row.event_id,
    recordedAt: row.recorded_at.toISOString(),
    patientToken: row.patient_token ?? undefined,
    patientSequence: row.patient_sequence === null ? undefined : Number(row.patient_sequence),
    leafId: BigInt(row.leaf_id),
    sealed: row.sealed,
  };
}
