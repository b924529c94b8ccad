import { createKeys } from '../crypto/index.ts';
import { compartmentPatients, type Resource, rewriteReferences } from '../fhir/index.ts';
import type { PatientId } from '../lib/brand.ts';
import { newId } from '../lib/ids.ts';
import { checkReferences } from './check-references.ts';
import {
  type Condition,
  type Find,
  findConditions,
  loadKeys,
  type Match,
  oneOf,
  referenceFor,
} from './conditions.ts';
import { RecordsError } from './errors.ts';
import { lockConditionalCreation } from './identifier-store.ts';
import { permitChanges, permitCreations, permitMatches, permitNewPatients } from './permit-writes.ts';
import { assertPreconditions, assertVersion, lockPredecessors } from './predecessors.ts';
import { keyOf, type Owner, ownerToken } from './tokens.ts';
import {
  keyFor,
  type PendingWrite,
  type Predecessor,
  referenceOf,
  type WriteContext,
  type WriteEntry,
  type WriteRequest,
} from './write-context.ts';

export type PreparedWrites = {
  writes: PendingWrite[];
  /** Entries whose condition found a record: nothing is written for them. */
  existing: ReadonlyMap<number, Match>;
};

type Placed = { entry: WriteEntry; id: string; resource: Resource };

/**
 * Works out what is written where: conditions, ids, references, owners, versions. Nothing is written yet; what may be
 * refused because of what is stored is refused here. Records that a change supersedes are locked.
 */
export async function prepareWrites(request: WriteRequest, context: WriteContext): Promise<PreparedWrites> {
  assertPreconditions(request.entries);
  await permitNewPatients(request.entries, context);
  const conditions = request.entries.flatMap((entry) => conditionOf(entry) ?? []);
  if (conditions.length > 0) await lockConditionalCreation(context.tx);
  const find = await findConditions(context, [...request.conditionalReferences, ...conditions]);
  const existing = existingEntries(request.entries, find);
  await permitMatches([...existing.values()], context);
  const entries = request.entries.filter(({ position }) => !existing.has(position));
  const predecessors = await lockPredecessors(entries, context);
  await permitChanges(predecessors, context);
  const writes = pendingWrites(place(entries, resolver(request, { find, existing })), predecessors);
  const newPatients = patientsIn(writes);
  await loadOwnerKeys(writes, newPatients, context);
  await permitCreations(writes, newPatients, context);
  await checkReferences(writes, context);
  return { writes, existing };
}

function conditionOf(entry: WriteEntry): Condition | undefined {
  if (entry.interaction !== 'create' || entry.ifNoneExist === undefined) return undefined;
  return { type: entry.type, identifier: entry.ifNoneExist };
}

/** Conditional creation: a match is taken as it is, nothing is created (FHIR R4 http.html §ccreate). */
function existingEntries(entries: readonly WriteEntry[], find: Find): Map<number, Match> {
  const existing = new Map<number, Match>();
  for (const entry of entries) {
    const condition = conditionOf(entry);
    const match = condition === undefined ? undefined : oneOf(find(condition));
    if (match !== undefined) existing.set(entry.position, match);
  }
  return existing;
}

/** What urn and conditional references stand for, as far as it is known before new records get their ids. */
function resolver(
  { entries, conditionalReferences }: WriteRequest,
  { find, existing }: { find: Find; existing: ReadonlyMap<number, Match> },
): Map<string, string> {
  const resolved = new Map<string, string>();
  for (const condition of conditionalReferences) {
    const target = referenceFor(condition, find);
    if (target !== undefined) resolved.set(condition.reference, target);
  }
  for (const { position, fullUrl } of entries) {
    const match = existing.get(position);
    if (match !== undefined && fullUrl !== undefined) resolved.set(fullUrl, referenceOf(match));
  }
  return resolved;
}

/** Gives every entry its id and rewrites the references to them; one that leads nowhere is refused. */
function place(entries: readonly WriteEntry[], resolved: Map<string, string>): Placed[] {
  const ids = entries.map((entry) => (entry.interaction === 'create' ? newId() : entry.id));
  entries.forEach(({ fullUrl, type }, at) => {
    if (fullUrl !== undefined) resolved.set(fullUrl, referenceOf({ type, id: ids[at] ?? '' }));
  });
  return entries.map((entry, at) => {
    const id = ids[at] ?? '';
    if (entry.interaction === 'delete') return { entry, id, resource: { resourceType: entry.type, id } };
    const rewritten = rewriteReferences(
      entry.resource,
      (reference) => resolved.get(reference),
      `Bundle.entry[${entry.position}].resource`,
    );
    return { entry, id, resource: { ...rewritten, id } };
  });
}

function pendingWrites(
  placed: readonly Placed[],
  predecessors: ReadonlyMap<number, Predecessor>,
): PendingWrite[] {
  const contents = placed.filter(({ entry }) => entry.interaction !== 'delete');
  const patients = compartmentPatients(contents.map(({ resource }) => resource));
  const owners = new Map(contents.map(({ entry }, at) => [entry.position, patients[at]]));
  return placed.map((one) => {
    const patient = owners.get(one.entry.position) as PatientId | undefined;
    return pendingWrite(one, { patient, predecessor: predecessors.get(one.entry.position) });
  });
}

function pendingWrite(
  { entry, id, resource }: Placed,
  { patient, predecessor }: { patient: PatientId | undefined; predecessor: Predecessor | undefined },
): PendingWrite {
  const { position, type } = entry;
  if (entry.interaction === 'create') {
    return {
      position,
      type,
      id,
      version: 1,
      owner: patient ?? 'directory',
      change: { kind: 'create', resource },
    };
  }
  if (predecessor === undefined) throw new RecordsError('RECORDS_NOT_FOUND');
  assertVersion(entry, predecessor);
  const { owner } = predecessor.index;
  const version = predecessor.row.version + 1;
  if (entry.interaction === 'delete') {
    return { position, type, id, version, owner, change: { kind: 'delete', predecessor } };
  }
  // A record never moves to another patient: who may see it, and the key it is sealed under, would change with it.
  if (patient !== undefined && patient !== owner) throw new RecordsError('RECORDS_OWNER_CHANGED');
  return { position, type, id, version, owner, change: { kind: 'update', resource, predecessor } };
}

function patientsIn(writes: readonly PendingWrite[]): ReadonlySet<string> {
  return new Set(
    writes.flatMap(({ type, id, change }) => (type === 'Patient' && change.kind === 'create' ? [id] : [])),
  );
}

/** New patients and the directory get a key here; the patients that are referred to must have one. */
async function loadOwnerKeys(
  writes: readonly PendingWrite[],
  newPatients: ReadonlySet<string>,
  context: WriteContext,
): Promise<void> {
  const { tx, deps, at } = context;
  const owners = [...new Set(writes.map(({ owner }) => owner))];
  const isNew = (owner: Owner): boolean => owner === 'directory' || newPatients.has(owner);
  const tokens = (chosen: Owner[]): Uint8Array[] => chosen.map((owner) => ownerToken(deps.keyStore, owner));
  const created = tokens(owners.filter(isNew));
  if (created.length > 0) {
    const keys = await createKeys(tx, created, { keyStore: deps.keyStore, at });
    for (const key of keys.values()) context.keys.set(keyOf(key.token), key);
  }
  await loadKeys(context, tokens(owners.filter((owner) => !isNew(owner))));
  for (const owner of owners) {
    if (keyFor(context, owner) === undefined) throw new RecordsError('RECORDS_PATIENT_UNKNOWN');
  }
}
