import { hex } from '@medseal/evidence';
import { z } from 'zod';
import { ledgerFailure } from '../evidence-log/index.ts';
import type { Clock } from '../lib/clock.ts';
import { assertNever } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import type { Queryable } from '../lib/sql.ts';
import { type OutboxResult, type OutboxTask, settleTask, takeTasks } from './outbox-store.ts';
import type { LedgerPort } from './ports.ts';

export type SubmitDeps = { db: Queryable; ledger: LedgerPort; clock: Clock; logger: Logger };

const leaseMilliseconds = 60_000;
/** A submitted version that no block has confirmed by then is asked for again. */
const confirmationMilliseconds = 60_000;
const maxBackoffMilliseconds = 60_000;
const batchSize = 20;
/** Refusals that no repetition cures: the ledger holds something else under this id. */
const final: ReadonlySet<string> = new Set(['CONSENT_CONFLICT', 'CONSENT_CUSTODIAN', 'CONSENT_INACTIVE']);

const ledgerConsent = z.object({
  version: z.int(),
  commitment: z.string(),
  status: z.enum(['active', 'inactive']),
});

/**
 * Tells the ledger of every version that is due, and returns how many were taken up. A version whose submission may have
 * been committed is looked up first and submitted again only when the ledger does not have it; `consent:record` is
 * idempotent, so even a late first transaction changes nothing.
 */
export async function submitConsents(deps: SubmitDeps): Promise<number> {
  const now = deps.clock.now();
  const until = new Date(now.getTime() + leaseMilliseconds);
  const tasks = await takeTasks(deps.db, { now, until, limit: batchSize });
  await Promise.all(tasks.map((task) => settle(task, deps)));
  return tasks.length;
}

async function settle(task: OutboxTask, deps: SubmitDeps): Promise<void> {
  const result = await attempt(task, deps);
  await settleTask(deps.db, task, result);
  const fields = { ledgerId: task.ledgerId, version: task.version, state: result.state };
  if (result.state === 'submitted') deps.logger.info('consent.submitted', fields);
  else deps.logger.warn('consent.not-submitted', { ...fields, code: result.code });
}

async function attempt(task: OutboxTask, deps: SubmitDeps): Promise<OutboxResult> {
  try {
    const known = task.before === 'queued' ? undefined : await lookUp(task, deps);
    return known ?? (await submit(task, deps));
  } catch (error) {
    return failed(task, error, deps);
  }
}

async function submit(task: OutboxTask, deps: SubmitDeps): Promise<OutboxResult> {
  const { ledgerId, version, commitment, status } = task;
  const args = [ledgerId, String(version), hex(commitment), status];
  const { txId } = await deps.ledger.submit('consent', 'record', args);
  return { state: 'submitted', txId, nextAttemptAt: later(deps, confirmationMilliseconds) };
}

/** What the ledger already has of a version; undefined when it is surely not there. */
async function lookUp(task: OutboxTask, deps: SubmitDeps): Promise<OutboxResult | undefined> {
  const known = await currentOnLedger(task, deps);
  if (known !== undefined && known.version >= task.version) {
    const same = known.version > task.version || known.commitment === hex(task.commitment);
    const nextAttemptAt = later(deps, confirmationMilliseconds);
    if (!same) return { state: 'refused', code: 'CONSENT_CONFLICT', nextAttemptAt };
    return { state: 'submitted', txId: task.txId, nextAttemptAt };
  }
  // In a block but not read yet by the peer that answered: the listener will see it.
  if (task.txId !== undefined && (await deps.ledger.transactionStatus(task.txId)) === 'valid') {
    return { state: 'submitted', txId: task.txId, nextAttemptAt: later(deps, confirmationMilliseconds) };
  }
  return undefined;
}

async function currentOnLedger(
  task: OutboxTask,
  deps: SubmitDeps,
): Promise<z.infer<typeof ledgerConsent> | undefined> {
  try {
    return ledgerConsent.parse(JSON.parse(await deps.ledger.evaluate('consent', 'get', [task.ledgerId])));
  } catch (error) {
    const failure = ledgerFailure(error);
    if (failure.kind === 'refused' && failure.code === 'CONSENT_ABSENT') return undefined;
    throw error;
  }
}

function failed(task: OutboxTask, error: unknown, deps: SubmitDeps): OutboxResult {
  const wait = Math.min(maxBackoffMilliseconds, 500 * 2 ** Math.min(task.attempts, 10));
  const nextAttemptAt = later(deps, wait);
  const failure = ledgerFailure(error);
  switch (failure.kind) {
    case 'refused':
      return final.has(failure.code)
        ? { state: 'refused', code: failure.code, nextAttemptAt }
        : { state: 'unknown', code: failure.code, txId: task.txId, nextAttemptAt };
    case 'not-committed':
      // Only a first submission that surely was not committed may be repeated without asking.
      return {
        state: task.before === 'queued' ? 'queued' : 'unknown',
        code: 'LEDGER_NOT_COMMITTED',
        txId: task.txId,
        nextAttemptAt,
      };
    case 'unknown':
      return { state: 'unknown', code: 'LEDGER_UNKNOWN', txId: failure.txId ?? task.txId, nextAttemptAt };
    default:
      return assertNever(failure);
  }
}

function later({ clock }: SubmitDeps, milliseconds: number): Date {
  return new Date(clock.now().getTime() + milliseconds);
}
