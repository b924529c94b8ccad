import type { Queryable } from '../lib/sql.ts';
import type { StepName } from './types.ts';

/** A step that the ledger has to be told of. */
export type StepTask = { caseId: string; step: StepName; args: string[]; attempts: number };
export type NewStep = Omit<StepTask, 'attempts'> & { commitment?: string | undefined; at: Date };

/**
 * Queues a step, in the transaction that writes what it is about. False where it is queued already, or was taken; one that
 * the ledger refused because the case had moved on is taken anew.
 */
export async function queueStep(
  tx: Queryable,
  { caseId, step, args, commitment, at }: NewStep,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `insert into dispute_step (case_id, step, args, commitment, state, next_attempt_at)
     values ($1, $2, $3, $4, 'queued', $5)
     on conflict (case_id, step) do update
       set args = excluded.args, commitment = excluded.commitment, state = 'queued', code = null, attempts = 0,
         next_attempt_at = excluded.next_attempt_at
       where dispute_step.state = 'refused' and dispute_step.code = 'DISPUTE_MOVED'`,
    [caseId, step, JSON.stringify(args), commitment ?? null, at],
  );
  return rowCount === 1;
}

type TaskRow = { case_id: string; step: StepName; args: string[]; attempts: number };

/** Takes up what is due, so that no other worker does until `until`. */
export async function takeSteps(
  db: Queryable,
  { now, until, limit }: { now: Date; until: Date; limit: number },
): Promise<StepTask[]> {
  const { rows } = await db.query<TaskRow>(
    `with due as (
       select case_id, step from dispute_step
       where state in ('queued', 'submitted') and next_attempt_at <= $1
       order by next_attempt_at limit $3 for update skip locked
     )
     update dispute_step s set next_attempt_at = $2, attempts = s.attempts + 1
     from due where s.case_id = due.case_id and s.step = due.step
     returning s.case_id, s.step, s.args, s.attempts`,
    [now, until, limit],
  );
  return rows.map(({ case_id: caseId, step, args, attempts }) => ({ caseId, step, args, attempts }));
}

/**
 * Takes up the examinations that the ledger refused because the case had moved on, and that were not repeated yet, so that
 * no other worker does until `until`.
 */
export async function takeMovedSteps(
  db: Queryable,
  { now, until }: { now: Date; until: Date },
): Promise<Pick<StepTask, 'caseId' | 'args'>[]> {
  const { rows } = await db.query<Pick<TaskRow, 'case_id' | 'args'>>(
    `with due as (
       select case_id, step from dispute_step s
       where step = 'examine' and state = 'refused' and code = 'DISPUTE_MOVED' and next_attempt_at <= $1
         and not exists (select 1 from dispute_document d
           where d.case_id = s.case_id and d.kind = 'finding' and d.attempt > 1)
       order by next_attempt_at limit 20 for update skip locked
     )
     update dispute_step s set next_attempt_at = $2 from due
     where s.case_id = due.case_id and s.step = due.step returning s.case_id, s.args`,
    [now, until],
  );
  return rows.map(({ case_id: caseId, args }) => ({ caseId, args }));
}

export type StepResult = {
  state: 'queued' | 'submitted' | 'refused';
  code: string | undefined;
  nextAttemptAt: Date;
};

/** Writes what became of a step, unless a block has settled it meanwhile. */
export async function settleStep(
  db: Queryable,
  { caseId, step }: Pick<StepTask, 'caseId' | 'step'>,
  { state, code, nextAttemptAt }: StepResult,
): Promise<void> {
  await db.query(
    `update dispute_step set state = $3, code = $4, next_attempt_at = $5
     where case_id = $1 and step = $2 and state <> 'confirmed'`,
    [caseId, step, state, code ?? null, nextAttemptAt],
  );
}

/** Steps that a block has brought, each with the commitment it carries. */
export async function confirmSteps(
  tx: Queryable,
  caseId: string,
  steps: readonly { step: StepName; commitment: string | null }[],
): Promise<void> {
  await tx.query(
    `update dispute_step s set state = 'confirmed', code = null
     from unnest($2::text[], $3::text[]) as seen(step, commitment)
     where s.case_id = $1 and s.step = seen.step and s.commitment is not distinct from seen.commitment`,
    [caseId, steps.map(({ step }) => step), steps.map(({ commitment }) => commitment)],
  );
}

/** How many steps and documents wait, and how many steps the ledger refused. */
export async function disputeStatus(
  db: Queryable,
): Promise<{ waitingSteps: number; refusedSteps: number; waitingDocuments: number }> {
  const { rows } = await db.query<{ waiting: string; refused: string; documents: string }>(
    `select count(*) filter (where state in ('queued', 'submitted')) as waiting,
       count(*) filter (where state = 'refused') as refused,
       (select count(*) from dispute_delivery where state = 'queued') as documents
     from dispute_step`,
  );
  return {
    waitingSteps: Number(rows[0]?.waiting ?? 0),
    refusedSteps: Number(rows[0]?.refused ?? 0),
    waitingDocuments: Number(rows[0]?.documents ?? 0),
  };
}

export type WaitingStep = { step: StepName; state: string; attempts: number; code: string | null };

/** This organisation's steps that the ledger does not hold. */
export async function waitingSteps(db: Queryable, caseId: string): Promise<WaitingStep[]> {
  const { rows } = await db.query<WaitingStep>(
    `select step, state, attempts, code from dispute_step where case_id = $1 and state <> 'confirmed' order by step`,
    [caseId],
  );
  return rows;
}
