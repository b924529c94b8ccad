import { type Rounds, startRounds } from '../lib/rounds.ts';
import { deliverDocuments } from './deliver-documents.ts';
import type { DisputeDeps } from './dispute-deps.ts';
import { examineMoved } from './examine-case.ts';
import { markOverdue, submitSteps } from './submit-steps.ts';

/**
 * Marks crossed deadlines, examines again what moved on, tells the ledger of steps and hands documents over, now and in rounds; a failure is logged
 * and tried again.
 */
export function startDisputeWorker(
  deps: DisputeDeps,
  options: { intervalMilliseconds?: number } = {},
): Rounds {
  const round = async (): Promise<number> =>
    (await markOverdue(deps)) +
    (await examineMoved(deps)) +
    (await submitSteps(deps)) +
    (await deliverDocuments(deps));
  const onFailure = (error: unknown): void => deps.logger.error('dispute.work-failed', { error });
  return startRounds(round, { ...options, onFailure });
}
