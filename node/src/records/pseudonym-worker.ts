import { setTimeout as delay } from 'node:timers/promises';
import { openIndex, openPatientKey } from '../crypto/index.ts';
import type { NationalId } from '../identity/index.ts';
import type { Pseudonym } from '../lib/brand.ts';
import type { Logger } from '../lib/logger.ts';
import { type PendingIdentityRow, postpone, savePseudonym, takePending } from './identity-store.ts';
import type { PatientIdentity } from './patient-identity.ts';
import type { PseudonymPort } from './ports.ts';
import type { RecordsDeps } from './records-deps.ts';
import { patientIdentityAddress, pseudonymToken } from './tokens.ts';

/** What resolving pseudonyms needs. */
export type PseudonymWorkerDeps = Pick<RecordsDeps, 'db' | 'keyStore' | 'clock' | 'tenant'> & {
  pseudonymsOf: PseudonymPort;
  logger: Logger;
};

const batch = 16;
/** Longer than the pseudonym client waits: a task that was taken is not taken twice. */
const leaseMs = 60_000;
const maxBackoffMs = 300_000;
const pollMs = 500;
/** While patients keep coming in: one proof stands for all that are asked for together (RFC 9497 §2.2.1). */
const gatherMs = 1_500;
const maxPauseMs = 10_000;

/**
 * Asks for the pseudonyms of patients who have none yet, due ones once, and returns how many it looked at. Taking a
 * patient in never waits for this.
 */
export async function resolvePseudonyms(deps: PseudonymWorkerDeps): Promise<number> {
  const now = deps.clock.now();
  const lease = new Date(now.getTime() + leaseMs);
  const rows = await deps.db.transaction((tx) => takePending(tx, { at: now, lease, limit: batch }));
  const people = (await Promise.all(rows.map((row) => open(row, deps)))).filter(
    (person) => person !== undefined,
  );
  if (people.length > 0) await resolveAll(people, deps);
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
    pause = pauseAfter(count, pause);
    // A full batch is followed by the next; else what comes meanwhile is asked for together.
    if (count !== batch) await delay(pause, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
  }
}

function pauseAfter(count: number | undefined, pause: number): number {
  if (count === undefined) return Math.min(pause * 2, maxPauseMs);
  return count > 0 ? gatherMs : pollMs;
}

type Person = { row: PendingIdentityRow; nationalId: NationalId };

/** Who it is about; nobody where there is no key any more, or no national id. */
async function open(row: PendingIdentityRow, deps: PseudonymWorkerDeps): Promise<Person | undefined> {
  const { db, keyStore, tenant } = deps;
  try {
    const key = openPatientKey(row, keyStore);
    if (key === undefined) return undefined;
    const address = patientIdentityAddress(tenant, row.patient_token);
    const { nationalId } = JSON.parse(openIndex(row.identity_sealed, { key, address })) as PatientIdentity;
    if (nationalId !== undefined) return { row, nationalId };
    await postpone(db, row.patient_token, { attempts: row.attempts + 1, next: undefined });
  } catch (error) {
    await tryLater(row, error, deps);
  }
  return undefined;
}

/** One question for all of them: the identity service proves its answer once. */
async function resolveAll(people: readonly Person[], deps: PseudonymWorkerDeps): Promise<void> {
  try {
    const pseudonyms = await deps.pseudonymsOf(people.map(({ nationalId }) => nationalId));
    await Promise.all(people.map((person, at) => keep(person.row, pseudonyms[at], deps)));
  } catch (error) {
    await Promise.all(people.map(({ row }) => tryLater(row, error, deps)));
  }
}

async function keep(
  row: PendingIdentityRow,
  pseudonym: Pseudonym | undefined,
  deps: PseudonymWorkerDeps,
): Promise<void> {
  const { db, keyStore, logger } = deps;
  try {
    if (pseudonym === undefined) throw new Error('the identity service gave no pseudonym');
    if (await savePseudonym(db, row, pseudonymToken(keyStore, pseudonym))) return;
    // The person has two records here; which one is right is for the registrar, and neither is found meanwhile twice.
    logger.warn('pseudonym_taken', {});
    await postpone(db, row.patient_token, { attempts: row.attempts + 1, next: undefined });
  } catch (error) {
    await tryLater(row, error, deps);
  }
}

async function tryLater(
  row: PendingIdentityRow,
  error: unknown,
  { db, clock, logger }: PseudonymWorkerDeps,
): Promise<void> {
  const attempts = row.attempts + 1;
  const backoff = Math.min(maxBackoffMs, 1000 * 2 ** Math.min(attempts, 10));
  logger.warn('pseudonym_unresolved', { attempts, error });
  await postpone(db, row.patient_token, { attempts, next: new Date(clock.now().getTime() + backoff) });
}
