import { findKeys, type PatientKey } from '../crypto/index.ts';
import { matches, type SearchQuery } from '../fhir/index.ts';
import { findByIdentifiers } from './identifier-store.ts';
import { openRowIndex } from './open-row.ts';
import type { RecordsDeps } from './records-deps.ts';
import type { Hit } from './scope.ts';
import { findCurrent, type IndexRow } from './store.ts';
import { identifierToken, idToken, keyOf, type Owner } from './tokens.ts';
import type { Caller, RecordIndex } from './types.ts';
import { type View, viewOf } from './view.ts';

type Opened = { row: IndexRow; key: PatientKey; index: RecordIndex };

/**
 * Finds the records that `_id` or `identifier` name, by keyed hash, then decides about each owner. Where nothing is
 * found a decision about nobody is made, so that the answer and its record are those of a denial.
 */
export async function findNamed(
  query: SearchQuery,
  { types, caller, deps }: { types: string[]; caller: Caller; deps: RecordsDeps },
): Promise<{ hits: Hit[]; views: View[] }> {
  const opened = await openRows(await namedRows(query, deps), deps);
  const found = opened.filter(({ index }) => matches(index.values, query));
  const byOwner = Map.groupBy(found, ({ index }) => index.owner);
  const owners: (Owner | undefined)[] = byOwner.size === 0 ? [undefined] : [...byOwner.keys()];
  const views = await Promise.all(
    owners.map((owner) => viewOf(owner, { caller, action: 'search', types, deps })),
  );
  const hits = owners.flatMap((owner, at) => {
    const view = views[at];
    if (owner === undefined || view === undefined) return [];
    return (byOwner.get(owner) ?? []).flatMap(({ row, key, index }) =>
      view.releases(index) ? [{ row, index, scope: { owner, key, view } }] : [],
    );
  });
  return { hits: hits.toSorted(newestFirst), views };
}

async function namedRows({ type, ids, identifiers }: SearchQuery, deps: RecordsDeps): Promise<IndexRow[]> {
  const { keyStore, db } = deps;
  const rows =
    ids !== undefined
      ? await findCurrent(db, distinct(ids.map((id) => idToken(keyStore, type, id))))
      : await findByIdentifiers(
          db,
          distinct((identifiers ?? []).map((identifier) => identifierToken(keyStore, type, identifier))),
        );
  const byPosition = new Map(rows.filter(({ deleted }) => !deleted).map((row) => [row.version_seq, row]));
  return [...byPosition.values()];
}

/** Opens the indices of rows of any owners; those of erased owners are left out. */
export async function openRows(rows: readonly IndexRow[], deps: RecordsDeps): Promise<Opened[]> {
  const tokens = distinct(rows.map((row) => row.patient_token));
  const found = tokens.length === 0 ? new Map() : await findKeys(deps.db, tokens, deps);
  const keys = new Map([...found.values()].map((key: PatientKey) => [keyOf(key.token), key]));
  return rows.flatMap((row) => {
    const key = keys.get(keyOf(row.patient_token));
    return key === undefined ? [] : [{ row, key, index: openRowIndex(row, key, deps) }];
  });
}

function distinct(tokens: readonly Uint8Array[]): Uint8Array[] {
  return [...new Map(tokens.map((token) => [keyOf(token), token])).values()];
}

function newestFirst(a: Hit, b: Hit): number {
  return BigInt(b.row.version_seq) > BigInt(a.row.version_seq) ? 1 : -1;
}
