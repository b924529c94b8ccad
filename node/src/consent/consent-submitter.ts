import { type Rounds, startRounds } from '../lib/rounds.ts';
import { type SubmitDeps, submitConsents } from './submit-consents.ts';

/** Tells the ledger of consents, now and in rounds; a failure (database or ledger away) is logged and tried again. */
export function startConsentSubmitter(
  deps: SubmitDeps,
  options: { intervalMilliseconds?: number } = {},
): Rounds {
  const onFailure = (error: unknown): void => deps.logger.error('consent.submission-failed', { error });
  return startRounds(() => submitConsents(deps), { ...options, onFailure });
}
