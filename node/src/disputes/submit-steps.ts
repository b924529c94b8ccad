import { ledgerFailure } from '../evidence-log/index.ts';
import { assertNever } from '../lib/errors.ts';
import type { DisputeDeps } from './dispute-deps.ts';
import { isRegulator } from './find-case.ts';
import { crossedDeadlines } from './ledger-store.ts';
import { queueStep, type StepResult, type StepTask, settleStep, takeSteps } from './step-store.ts';

const leaseMs = 60_000;
/** A submitted step that no block has brought by then is sent again; the ledger answers it with what it holds. */
const confirmationMs = 30_000;
const maxBackoffMs = 60_000;
const batchSize = 20;
/** Refusals that no repetition cures. */
const final: ReadonlySet<string> = new Set([
  'DISPUTE_CHECKPOINT',
  'DISPUTE_CONFLICT',
  'DISPUTE_DEADLINE',
  'DISPUTE_MOVED',
  'DISPUTE_PARTIES',
  'DISPUTE_PARTY',
  'DISPUTE_REGULATOR',
  'DISPUTE_STATE',
  'DISPUTE_WITHHELD',
]);

/** Tells the ledger of every step that is due, and returns how many were taken up. */
export async function submitSteps(deps: DisputeDeps): Promise<number> {
  const now = deps.clock.now();
  const until = new Date(now.getTime() + leaseMs);
  const tasks = await takeSteps(deps.db, { now, until, limit: batchSize });
  await Promise.all(tasks.map((task) => submit(task, deps)));
  return tasks.length;
}

async function submit(task: StepTask, deps: DisputeDeps): Promise<void> {
  const result = await attempt(task, deps);
  await settleStep(deps.db, task, result);
  const fields = { caseId: task.caseId, step: task.step, state: result.state };
  if (result.state === 'submitted') deps.logger.info('dispute.submitted', fields);
  else deps.logger.warn('dispute.not-submitted', { ...fields, code: result.code });
}

async function attempt(task: StepTask, deps: DisputeDeps): Promise<StepResult> {
  const later = (milliseconds: number): Date => new Date(deps.clock.now().getTime() + milliseconds);
  const backoff = later(Math.min(maxBackoffMs, 500 * 2 ** Math.min(task.attempts, 10)));
  try {
    await deps.ledger.submit('dispute', task.step, task.args);
    return { state: 'submitted', code: undefined, nextAttemptAt: later(confirmationMs) };
  } catch (error) {
    const failure = ledgerFailure(error);
    switch (failure.kind) {
      case 'refused':
        return {
          state: final.has(failure.code) ? 'refused' : 'queued',
          code: failure.code,
          nextAttemptAt: backoff,
        };
      case 'not-committed':
        return { state: 'queued', code: 'LEDGER_NOT_COMMITTED', nextAttemptAt: backoff };
      case 'unknown':
        return { state: 'queued', code: 'LEDGER_UNKNOWN', nextAttemptAt: backoff };
      default:
        return assertNever(failure);
    }
  }
}

/** The regulator's node marks crossed deadlines on the ledger, so that all see them. */
export async function markOverdue(deps: DisputeDeps): Promise<number> {
  if (!(await isRegulator(deps))) return 0;
  const at = deps.clock.now();
  let marked = 0;
  for (const caseId of await crossedDeadlines(deps.db, at))
    if (await queueStep(deps.db, { caseId, step: 'lapse', args: [caseId], at })) marked += 1;
  return marked;
}
