import { destroyKey, findPatientKey } from '../crypto/index.ts';
import type { PatientId } from '../lib/brand.ts';
import type { Queryable } from '../lib/sql.ts';
import { auditEntry } from './audit-entry.ts';
import { announceErasure, noteErasureRequest, removeErasureRequest } from './erasure-store.ts';
import { RecordsError } from './errors.ts';
import type { RecordsDeps } from './records-deps.ts';
import { deleteOwner } from './store.ts';
import { officerToken, ownerToken } from './tokens.ts';
import type { Caller } from './types.ts';

/** `asked`: another privacy officer has to ask for it, too, before `until` (ISO 8601). */
export type Erasure = { state: 'asked'; until: string } | { state: 'erased' };

type Context = { caller: Caller; deps: RecordsDeps };

/** How long a request waits for another officer. */
const requestLifetimeMs = 7 * 86_400_000;

/**
 * Erases a patient when a second privacy officer asks for it: nobody does alone what nobody can undo. The key is
 * destroyed, and with it everything that was ever sealed under it, in this database, its replicas and whatever is
 * backed up from now on. Copies from before hold the wrapped key (docs/security-model.md). Rows and look-up tokens are
 * removed. The leaves in the log stay: they prove that something was there and say nothing of what it was, because
 * their salts died with the key. RECORDS_NOT_FOUND for an unknown, an erased and a forbidden patient alike.
 */
export async function erasePatient(patientId: PatientId, context: Context): Promise<Erasure> {
  const erasure = await actOnErasure<Erasure>(patientId, context, async (tx, act) => {
    const { keyStore } = context.deps;
    if ((await findPatientKey(tx, patientId, { keyStore })) === undefined) return undefined;
    const standing = await noteErasureRequest(tx, act);
    if (Buffer.compare(standing.officer, act.officer) === 0) {
      const until = new Date(standing.at.getTime() + requestLifetimeMs).toISOString();
      return { interaction: 'ask-erasure', result: { state: 'asked', until } };
    }
    if (!(await destroyKey(tx, act.patient, act.at))) return undefined;
    await deleteOwner(tx, act.patient);
    await removeErasureRequest(tx, act);
    for (const forget of context.deps.forget) await forget(tx, patientId);
    await announceErasure(tx, act.patient);
    return { interaction: 'erase', result: { state: 'erased' } };
  });
  if (erasure.state === 'erased') context.deps.opened.forget(ownerToken(context.deps.keyStore, patientId));
  return erasure;
}

/** Takes back what one officer asked for, by any of them. RECORDS_NOT_FOUND where nothing was. */
export async function withdrawErasure(patientId: PatientId, context: Context): Promise<void> {
  await actOnErasure(patientId, context, async (tx, act) =>
    (await removeErasureRequest(tx, act))
      ? { interaction: 'withdraw-erasure', result: undefined }
      : undefined,
  );
}

type Act = { patient: Uint8Array; officer: Uint8Array; at: Date; stale: Date };
type Done<Result> = { interaction: 'ask-erasure' | 'erase' | 'withdraw-erasure'; result: Result };

/** Decides, does `work` and records it in one transaction; what came to nothing is on record as denied. */
async function actOnErasure<Result>(
  patientId: PatientId,
  { caller, deps }: Context,
  work: (tx: Queryable, act: Act) => Promise<Done<Result> | undefined>,
): Promise<Result> {
  const at = deps.clock.now();
  const { actor, purpose } = caller;
  const decision = await deps.consent.decide({
    ...{ actor, purpose, patient: patientId },
    action: 'erase',
    types: 'all',
    requestedAt: at.toISOString(),
  });
  const about = { at: at.toISOString(), patientId, decision };
  if (decision.permit && actor.kind === 'staff') {
    const act: Act = {
      patient: ownerToken(deps.keyStore, patientId),
      officer: officerToken(deps.keyStore, { patientId, staffId: actor.staffId }),
      at,
      stale: new Date(at.getTime() - requestLifetimeMs),
    };
    const done = await deps.db.transaction(async (tx) => {
      const outcome = await work(tx, act);
      if (outcome === undefined) return undefined;
      const { interaction } = outcome;
      await deps.access.record(tx, [auditEntry(caller, { ...about, interaction, outcome: 'success' })]);
      return outcome;
    });
    if (done !== undefined) return done.result;
  }
  await deps.access.write(auditEntry(caller, { ...about, interaction: 'erase', outcome: 'denied' }));
  throw new RecordsError('RECORDS_NOT_FOUND');
}
