import type { LedgerDispute } from '@medseal/chaincode/rules';
import type { Queryable } from '../lib/sql.ts';

/** One step of a case as a verified block holds it. */
export type LedgerStep = { dispute: LedgerDispute; txId: string; blockNumber: number };

type Row = { dispute: LedgerDispute; tx_id: string; block_number: string };

/** Keeps a step that a verified block brought. */
export async function saveStep(tx: Queryable, { dispute, txId, blockNumber }: LedgerStep): Promise<void> {
  const { id, step } = dispute;
  await tx.query('update dispute_ledger set is_current = false where case_id = $1 and is_current', [id]);
  await tx.query(
    `insert into dispute_ledger (case_id, step, is_current, dispute, tx_id, block_number)
     values ($1, $2, true, $3, $4, $5)`,
    [id, step, JSON.stringify(dispute), txId, blockNumber],
  );
}

/** Every step of a case, in order. */
export async function stepsOf(db: Queryable, caseId: string): Promise<LedgerStep[]> {
  const { rows } = await db.query<Row>(
    'select dispute, tx_id, block_number from dispute_ledger where case_id = $1 order by step',
    [caseId],
  );
  return rows.map((row) => ({
    dispute: row.dispute,
    txId: row.tx_id,
    blockNumber: Number(row.block_number),
  }));
}

/** A case as the ledger holds it now. */
export async function currentOf(db: Queryable, caseId: string): Promise<LedgerDispute | undefined> {
  const { rows } = await db.query<Pick<Row, 'dispute'>>(
    'select dispute from dispute_ledger where case_id = $1 and is_current',
    [caseId],
  );
  return rows[0]?.dispute;
}

/** Open cases whose deadline has passed. */
export async function crossedDeadlines(db: Queryable, now: Date): Promise<string[]> {
  const { rows } = await db.query<{ case_id: string }>(
    `select case_id from dispute_ledger
     where is_current and dispute->>'state' = 'opened' and dispute->>'deadlineAt' < $1 limit 100`,
    [now.toISOString()],
  );
  return rows.map((row) => row.case_id);
}
