import { loadKeys } from './conditions.ts';
import { RecordsError } from './errors.ts';
import { openRowIndex } from './open-row.ts';
import { type IndexRow, lockCurrent } from './store.ts';
import { idToken, keyOf } from './tokens.ts';
import type { Predecessor, WriteContext, WriteEntry } from './write-context.ts';

type Change = Extract<WriteEntry, { id: string }>;

/**
 * Locks what updates and deletions supersede, by position. Unknown, deleted and erased records are one
 * RECORDS_NOT_FOUND; whether they may be seen at all is decided by the caller.
 */
export async function lockPredecessors(
  entries: readonly WriteEntry[],
  context: WriteContext,
): Promise<Map<number, Predecessor>> {
  const changes = entries.filter((entry): entry is Change => entry.interaction !== 'create');
  const predecessors = new Map<number, Predecessor>();
  if (changes.length === 0) return predecessors;
  const rows = await lockRows(changes, context);
  await loadKeys(
    context,
    [...rows.values()].map((row) => row.patient_token),
  );
  for (const change of changes) {
    const row = rows.get(keyOf(tokenOf(change, context)));
    const key = row === undefined ? undefined : context.keys.get(keyOf(row.patient_token));
    if (row === undefined || row.deleted || key === undefined) throw new RecordsError('RECORDS_NOT_FOUND');
    predecessors.set(change.position, { row, index: openRowIndex(row, key, context.deps) });
  }
  return predecessors;
}

/** FHIR R4 http.html §concurrency: an update says which version it replaces, a deletion may. */
export function assertVersion({ ifMatch }: Change, { row }: Predecessor): void {
  if (ifMatch !== undefined && ifMatch !== String(row.version))
    throw new RecordsError('RECORDS_VERSION_CONFLICT');
}

/** Refused before anything is looked up, so that the answer says nothing about what is stored. */
export function assertPreconditions(entries: readonly WriteEntry[]): void {
  for (const entry of entries) {
    if (entry.interaction === 'update' && entry.ifMatch === undefined) {
      throw new RecordsError('RECORDS_PRECONDITION_REQUIRED');
    }
  }
}

async function lockRows(changes: readonly Change[], context: WriteContext): Promise<Map<string, IndexRow>> {
  const tokens = new Map(
    changes.map((change) => [keyOf(tokenOf(change, context)), tokenOf(change, context)]),
  );
  const rows = await lockCurrent(context.tx, [...tokens.values()]);
  for (const row of rows) tokens.delete(keyOf(row.id_token));
  // A writer we waited for has superseded the row that the statement saw; its successor is visible to the next one.
  const successors = tokens.size === 0 ? [] : await lockCurrent(context.tx, [...tokens.values()]);
  return new Map([...rows, ...successors].map((row) => [keyOf(row.id_token), row]));
}

function tokenOf({ type, id }: Change, { deps }: WriteContext): Uint8Array {
  return idToken(deps.keyStore, type, id);
}
