import type { Queryable } from '../lib/sql.ts';

/** A version that the ledger has to be told of. `before`: the state it had when it was taken up. */
export type OutboxTask = {
  ledgerId: string;
  version: number;
  commitment: Uint8Array;
  status: 'active' | 'inactive';
  before: 'queued' | 'unknown' | 'submitted';
  attempts: number;
  txId: string | undefined;
};

type TaskRow = {
  ledger_id: string;
  version: number;
  commitment: Uint8Array;
  active: boolean;
  before: OutboxTask['before'];
  attempts: number;
  tx_id: string | null;
};

type Version = Pick<OutboxTask, 'ledgerId' | 'version'>;

/** Queues a version, in the transaction that writes it. */
export async function queueVersion(
  tx: Queryable,
  { ledgerId, version, at }: Version & { at: Date },
): Promise<void> {
  await tx.query(
    `insert into consent_outbox (ledger_id, version, state, next_attempt_at) values ($1, $2, 'queued', $3)`,
    [ledgerId, version, at],
  );
}

/**
 * Takes up what is due, so that no other worker does until `until`. A taken task counts as unknown: should this process
 * die while it submits, the next one asks the ledger before it submits again. A version waits for the one before it.
 */
export async function takeTasks(
  db: Queryable,
  { now, until, limit }: { now: Date; until: Date; limit: number },
): Promise<OutboxTask[]> {
  const { rows } = await db.query<TaskRow>(
    `with due as (
       select ledger_id, version, state from consent_outbox o
       where state in ('queued', 'unknown', 'submitted') and next_attempt_at <= $1
         and not exists (
           select 1 from consent_outbox earlier where earlier.ledger_id = o.ledger_id
             and earlier.version < o.version and earlier.state in ('queued', 'unknown'))
       order by next_attempt_at limit $3 for update skip locked
     )
     update consent_outbox o set next_attempt_at = $2, attempts = o.attempts + 1,
       state = case when o.state = 'queued' then 'unknown' else o.state end
     from due join consent c using (ledger_id, version)
     where o.ledger_id = due.ledger_id and o.version = due.version
     returning o.ledger_id, o.version, due.state as before, o.attempts, o.tx_id, c.commitment, c.active`,
    [now, until, limit],
  );
  return rows.map((row) => ({
    ledgerId: row.ledger_id,
    version: row.version,
    commitment: row.commitment,
    status: row.active ? 'active' : 'inactive',
    before: row.before,
    attempts: row.attempts,
    txId: row.tx_id ?? undefined,
  }));
}

export type OutboxResult =
  | { state: 'submitted'; txId: string | undefined; nextAttemptAt: Date }
  | { state: 'queued' | 'unknown'; txId: string | undefined; code: string; nextAttemptAt: Date }
  | { state: 'refused'; code: string; nextAttemptAt: Date };

/** Writes what became of a task, unless a block has settled it meanwhile. */
export async function settleTask(db: Queryable, task: Version, result: OutboxResult): Promise<void> {
  await db.query(
    `update consent_outbox set state = $3, tx_id = $4, code = $5, next_attempt_at = $6
     where ledger_id = $1 and version = $2 and state <> 'confirmed'`,
    [
      task.ledgerId,
      task.version,
      result.state,
      result.state === 'refused' ? null : (result.txId ?? null),
      result.state === 'submitted' ? null : result.code,
      result.nextAttemptAt,
    ],
  );
}

/** How many versions the ledger does not have yet, and how long the oldest has been waiting. */
export async function outboxStatus(
  db: Queryable,
): Promise<{ waiting: number; refused: number; oldestAt: Date | null }> {
  const { rows } = await db.query<{ waiting: string; refused: string; oldest: Date | null }>(
    `select count(*) filter (where o.state <> 'refused') as waiting, count(*) filter (where o.state = 'refused') as refused,
       min(c.recorded_at) as oldest
     from consent_outbox o join consent c using (ledger_id, version) where o.state <> 'confirmed'`,
  );
  const [row] = rows;
  return {
    waiting: Number(row?.waiting ?? 0),
    refused: Number(row?.refused ?? 0),
    oldestAt: row?.oldest ?? null,
  };
}
