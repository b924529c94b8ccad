import { setTimeout as delay } from 'node:timers/promises';
import { openIndex, openPatientKey } from '../crypto/index.ts';
import type { Logger } from '../lib/logger.ts';
import { type PendingIdentityRow, postpone, savePseudonym, takePending } from './identity-store.ts';
import type { PatientIdentity } from './patient-identity.ts';
import type { PseudonymPort } from './ports.ts';
import { patientIdentityAddress, pseudonymToken } from './tokens.ts';
import type { RecordsDeps } from './types.ts';

/** What resolving pseudonyms needs. */
export type PseudonymWorkerDeps = Pick<RecordsDeps, 'db' | 'keyStore' | 'clock' | 'tenant'> & {
  pseudonymOf: PseudonymPort;
  logger: Logger;
};

const batch = 16;
/** Longer than the pseudonym client waits: a task that was taken is not taken twice. */
const leaseMs = 60_000;
const maxBackoffMs = 300_000;
const pollMs = 500;
const maxPauseMs = 10_000;

/**
 * Asks for the pseudonyms of patients who have none yet, due ones once, and returns how many it looked at. Taking a
 * patient in never waits for this.
 */
export async function resolvePseudonyms(deps: PseudonymWorkerDeps): Promise<number> {
  const now = deps.clock.now();
  const lease = new Date(now.getTime() + leaseMs);
  const rows = await deps.db.transaction((tx) => takePending(tx, { at: now, lease, limit: batch }));
  await Promise.all(rows.map((row) => resolveOne(row, deps)));
  return rows.length;
}

/** Runs until `signal` aborts; what fails is tried again, later each time. */
export async function runPseudonymWorker(deps: PseudonymWorkerDeps, signal: AbortSignal): Promise<void> {
  let pause = pollMs;
  while (!signal.aborted) {
    const count = await resolvePseudonyms(deps).catch((error: unknown) => {
      deps.logger.error('pseudonym_worker_failed', { error });
      return undefined;
    });
    pause = count === undefined ? Math.min(pause * 2, maxPauseMs) : pollMs;
    if (!count) await delay(pause, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
  }
}

async function resolveOne(row: PendingIdentityRow, deps: PseudonymWorkerDeps): Promise<void> {
  const { db, keyStore, tenant, pseudonymOf, logger, clock } = deps;
  const attempts = row.attempts + 1;
  try {
    const key = openPatientKey(row, keyStore);
    if (key === undefined) return;
    const address = patientIdentityAddress(tenant, row.patient_token);
    const { nationalId } = JSON.parse(openIndex(row.identity_sealed, { key, address })) as PatientIdentity;
    if (nationalId === undefined) return await postpone(db, row.patient_token, { attempts, next: undefined });
    const pseudonym = await pseudonymOf(nationalId);
    if (await savePseudonym(db, row, pseudonymToken(keyStore, pseudonym))) return;
    // The person has two records here; which one is right is for the registrar, and neither is found meanwhile twice.
    logger.warn('pseudonym_taken', {});
    await postpone(db, row.patient_token, { attempts, next: undefined });
  } catch (error) {
    const backoff = Math.min(maxBackoffMs, 1000 * 2 ** Math.min(attempts, 10));
    logger.warn('pseudonym_unresolved', { attempts, error });
    await postpone(db, row.patient_token, { attempts, next: new Date(clock.now().getTime() + backoff) });
  }
}
