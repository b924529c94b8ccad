import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AuditEntry, AuditInteraction } from '../audit/index.ts';
import { holdKey } from '../crypto/index.ts';
import { AppError } from '../lib/errors.ts';
import { auditEntry } from './audit-entry.ts';
import { RecordsError } from './errors.ts';
import { saveIdentifiers } from './identifier-store.ts';
import { savePatients } from './patient-identity.ts';
import { assertWriter } from './permit-writes.ts';
import { prepareWrites } from './prepare.ts';
import type { RecordsDeps } from './records-deps.ts';
import { digestsIn, type SealedColumns } from './seal-version.ts';
import { hasOtherRecords, insertVersions, retireVersions } from './store.ts';
import { type StoredWrite, storedWrite } from './stored-write.ts';
import type { Owner } from './tokens.ts';
import type { Caller, WriteResult } from './types.ts';
import { type PendingWrite, referenceOf, type WriteContext, type WriteRequest } from './write-context.ts';

/** Records that are sealed while the previous ones are on their way to the database. */
const chunkSize = 200;
/** Records that are made ready before others get their turn: about a millisecond. */
const turnSize = 32;

/**
 * Writes a Bundle, or a single record, in one SQL transaction: state, leaves, look-up tokens and audit stand together
 * or not at all. The results stand at the positions of their entries.
 */
export async function ingest(
  request: WriteRequest,
  { caller, deps, interaction }: { caller: Caller; deps: RecordsDeps; interaction: AuditInteraction },
): Promise<Map<number, WriteResult>> {
  const at = deps.clock.now();
  const denials: WriteContext['denials'] = [];
  try {
    assertWriter(caller.actor, deps.tenant);
    return await deps.db.transaction(async (tx) => {
      const context = newContext({ tx, deps, caller, at, denials });
      const { writes, existing } = await prepareWrites(request, context);
      const results = new Map<number, WriteResult>(existing);
      await retireVersions(tx, writes.flatMap(supersededBy));
      await writeAll(writes, context, results);
      await assertPatientsEmpty(writes, context);
      await deps.access.record(tx, auditEntries([...writes, ...existing.values()], context, interaction));
      return results;
    });
  } catch (error) {
    const refusal = duplicateOf(error);
    const entries = denials.length > 0 ? denials : refusedEntries(refusal, { caller, interaction, at });
    for (const entry of entries) await deps.access.write(entry);
    throw refusal;
  }
}

/** A refusal tells what is stored (an identity number that exists already), so that trying is on record, too. */
function refusedEntries(
  refusal: unknown,
  { caller, interaction, at }: { caller: Caller; interaction: AuditInteraction; at: Date },
): AuditEntry[] {
  if (!(refusal instanceof AppError)) return [];
  const outcome = refusal.code === 'RECORDS_WRITE_FORBIDDEN' ? 'denied' : 'failed';
  return [{ ...auditEntry(caller, { interaction, outcome, at: at.toISOString() }), reasons: [refusal.code] }];
}

function newContext(given: Pick<WriteContext, 'tx' | 'deps' | 'caller' | 'at' | 'denials'>): WriteContext {
  return {
    ...given,
    ownerTokens: new Map(),
    compartmentTokens: new Map(),
    keys: new Map(),
    decisions: new Map(),
  };
}

/** The next chunk is sealed while the database takes the previous one. */
async function writeAll(
  writes: readonly PendingWrite[],
  context: WriteContext,
  results: Map<number, WriteResult>,
): Promise<void> {
  const chunk = (start: number): Promise<SealedChunk> =>
    awaitedLater(sealChunk(writes.slice(start, start + chunkSize), context));
  let persisting: Promise<void> = Promise.resolve();
  let sealing = chunk(0);
  for (let start = 0; start < writes.length; start += chunkSize) {
    const next = start + chunkSize < writes.length ? chunk(start + chunkSize) : sealing;
    const sealed = await sealing;
    sealing = next;
    for (const one of sealed.stored) results.set(one.write.position, resultOf(one, context, writes.length));
    await persisting;
    persisting = awaitedLater(persist(sealed, context));
  }
  await persisting;
}

/** Awaited in the next round; until then a failure must not count as unhandled. */
function awaitedLater<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => undefined);
  return promise;
}

type SealedChunk = { stored: StoredWrite[]; sealed: SealedColumns };

async function sealChunk(writes: readonly PendingWrite[], context: WriteContext): Promise<SealedChunk> {
  const stored: StoredWrite[] = [];
  for (const write of writes) {
    if (stored.length % turnSize === turnSize - 1) await nextTurn();
    stored.push(storedWrite(write, context));
  }
  return { stored, sealed: await context.deps.seal(stored.map(({ toSeal }) => toSeal)) };
}

async function persist({ stored, sealed }: SealedChunk, context: WriteContext): Promise<void> {
  const { tx, deps, at } = context;
  const leafIds = await deps.log.append(
    tx,
    digestsIn(sealed).map((digest) => ({ kind: 'record', digest, at: at.toISOString() })),
  );
  await insertVersions(
    tx,
    stored.map(({ row }) => row),
    { sealed, leafIds, at },
  );
  const changed = stored.filter(({ write }) => write.change.kind !== 'create');
  await saveIdentifiers(
    tx,
    stored.flatMap(({ identifiers }) => identifiers),
    changed.map(({ row }) => row.idToken),
  );
  await savePatients(stored, context);
}

/** The resource goes back for a single record only; the answer to a Bundle is minimal (FHIR R4 http.html §ops). */
function resultOf({ write, resource }: StoredWrite, { at }: WriteContext, size: number): WriteResult {
  const { type, id, version, change } = write;
  const lastUpdated = at.toISOString();
  switch (change.kind) {
    case 'create':
      return { status: 201, type, id, version, lastUpdated, ...(size === 1 ? { resource } : {}) };
    case 'update':
      return { status: 200, type, id, version, lastUpdated, ...(size === 1 ? { resource } : {}) };
    default:
      return { status: 204, type, id, version, lastUpdated };
  }
}

function supersededBy({ change }: PendingWrite): string[] {
  return change.kind === 'create' ? [] : [change.predecessor.row.version_seq];
}

/**
 * A patient's own record stays as long as anything hangs on it; erasure takes everything. Who is writing for the patient
 * is waited for, and who comes later finds the record deleted.
 */
async function assertPatientsEmpty(writes: readonly PendingWrite[], context: WriteContext): Promise<void> {
  for (const { type, change } of writes) {
    if (type !== 'Patient' || change.kind !== 'delete') continue;
    const { row } = change.predecessor;
    await holdKey(context.tx, row.patient_token);
    if (await hasOtherRecords(context.tx, row)) throw new RecordsError('RECORDS_PATIENT_IN_USE');
  }
}

/** One entry a patient, and one for what belongs to nobody; who learns by a condition that a record exists is noted too. */
function auditEntries(
  touched: readonly { type: string; id: string; owner: Owner }[],
  { caller, at, decisions }: WriteContext,
  interaction: AuditInteraction,
): AuditEntry[] {
  const byOwner = Map.groupBy(touched, ({ owner }) => owner);
  return [...byOwner].map(([owner, own]) =>
    auditEntry(caller, {
      interaction,
      outcome: 'success',
      at: at.toISOString(),
      patientId: owner === 'directory' ? undefined : owner,
      instances: own.map(referenceOf),
      decision: owner === 'directory' ? undefined : decisions.get(owner),
    }),
  );
}

/** A second record for the same national id is refused by the database, whoever comes first. */
function duplicateOf(error: unknown): unknown {
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  const isDuplicate = code === '23505' && constraint === 'record_identifier_exclusive';
  return isDuplicate ? new RecordsError('RECORDS_PATIENT_EXISTS', { cause: error }) : error;
}
