import { leafColumns } from '../evidence-log/index.ts';
import type { Queryable } from '../lib/sql.ts';

export type DecisionRow = {
  decisionId: string;
  patientToken: Uint8Array;
  wrappedKey: Uint8Array;
  body: Uint8Array;
  digest: Uint8Array;
  decidedAt: string;
};

/** Appends decisions and their leaves, all in one statement. */
export async function insertDecisions(tx: Queryable, rows: readonly DecisionRow[]): Promise<void> {
  await tx.query(
    `insert into decision (decision_id, patient_token, wrapped_key, body_sealed, leaf_id, decided_at)
     select d.decision_id, d.patient_token, d.wrapped_key, d.body_sealed, l.leaf_id, d.decided_at
     from unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::bytea[], $5::timestamptz[])
       with ordinality as d(decision_id, patient_token, wrapped_key, body_sealed, decided_at, place)
     join append_leaves($6::smallint[], $7::bytea[], $8::timestamptz[]) as l using (place)`,
    [
      rows.map((row) => row.decisionId),
      rows.map((row) => row.patientToken),
      rows.map((row) => row.wrappedKey),
      rows.map((row) => row.body),
      rows.map((row) => row.decidedAt),
      ...leafColumns(rows.map(({ digest, decidedAt: at }) => ({ kind: 'decision', digest, at }))),
    ],
  );
}

type StoredDecision = {
  patient_token: Uint8Array;
  patient_wrapped_key: Uint8Array | null;
  wrapped_key: Uint8Array;
  body_sealed: Uint8Array;
  leaf_id: string;
};

/** One decision with its patient's key; `patient_wrapped_key` is null after an erasure. */
export async function findDecision(db: Queryable, decisionId: string): Promise<StoredDecision | undefined> {
  const { rows } = await db.query<StoredDecision>(
    `select d.patient_token, p.wrapped_key as patient_wrapped_key, d.wrapped_key, d.body_sealed, d.leaf_id
     from decision d left join patient_key p using (patient_token) where d.decision_id = $1`,
    [decisionId],
  );
  return rows[0];
}

/** Keeps a compiled policy for replay. */
export async function keepPolicy(
  db: Queryable,
  { digest, wasm, at }: { digest: string; wasm: Uint8Array; at: Date },
): Promise<void> {
  await db.query(
    'insert into policy (digest, wasm, first_used_at) values ($1, $2, $3) on conflict (digest) do nothing',
    [digest, wasm, at],
  );
}

/** A compiled policy that this node once decided with. */
export async function findPolicy(db: Queryable, digest: string): Promise<Uint8Array | undefined> {
  const { rows } = await db.query<{ wasm: Uint8Array }>('select wasm from policy where digest = $1', [
    digest,
  ]);
  return rows[0]?.wasm;
}
