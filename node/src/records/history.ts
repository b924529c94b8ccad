import type { HistoryVersion, PageQuery } from '../fhir/index.ts';
import type { PatientId } from '../lib/brand.ts';
import { type CursorBinding, openCursor, sealCursor } from './cursor.ts';
import { RecordsError } from './errors.ts';
import { openRowBody, openRowIndex } from './open-row.ts';
import { fitting } from './page-room.ts';
import { locate } from './read.ts';
import type { RecordsDeps } from './records-deps.ts';
import { hasBody, ownerKey, type Scope } from './scope.ts';
import { type BodyRow, findBodies, findCurrent, type ListedRow, listVersions } from './store.ts';
import { compartmentToken, idToken, keyOf } from './tokens.ts';
import type { Caller, RecordIndex } from './types.ts';
import { noteAccess, underDecisions, viewOf } from './view.ts';

export type HistoryPage = { versions: HistoryVersion[]; next: string | undefined };

type Context = { caller: Caller; deps: RecordsDeps };
type Stretch = { by: 'compartment_token' | 'id_token'; token: Uint8Array };
type Reading = {
  stretch: Stretch;
  query: PageQuery;
  /** Only versions before this one. */
  before: string | undefined;
  binding: CursorBinding;
  deps: RecordsDeps;
};

/** Versions of one record, newest first. One of which nothing may be seen answers like one that is not there. */
export async function recordHistory(
  { type, id, query }: { type: string; id: string; query: PageQuery },
  { caller, deps }: Context,
): Promise<HistoryPage> {
  const binding = { caller, query: `${type}/${id}/_history` };
  const before = startOf(query, binding, deps);
  const found = await locate({ type, id }, deps);
  const view = await viewOf(found?.index.owner, {
    caller,
    action: 'history',
    types: [type],
    deps,
    key: found?.key,
  });
  const isVisible = found !== undefined && view.releases(found.current);
  const scope = isVisible ? { owner: found.index.owner, key: found.key, view } : undefined;
  const stretch = { by: 'id_token' as const, token: idToken(deps.keyStore, type, id) };
  const page = await pageOf(scope, { stretch, query, before, binding, deps });
  const shown = page.versions.length > 0 || (query.cursor !== undefined && scope !== undefined);
  await noteAccess(view, { caller, deps, interaction: 'history', shown, instances: [`${type}/${id}`] });
  if (!shown) throw new RecordsError('RECORDS_NOT_FOUND');
  return page;
}

/** Versions of all records of one type of one patient, newest first. */
export async function compartmentHistory(
  { type, patientId, query }: { type: string; patientId: PatientId; query: PageQuery },
  { caller, deps }: Context,
): Promise<HistoryPage> {
  const binding = { caller, query: `${type}/_history?patient=${patientId}` };
  const before = startOf(query, binding, deps);
  const key = await ownerKey(patientId, deps);
  const view = await viewOf(patientId, { caller, action: 'history', types: [type], deps, key });
  const shown = view.decision?.permit ?? false;
  const scope = shown && key !== undefined ? { owner: patientId, key, view } : undefined;
  const stretch = {
    by: 'compartment_token' as const,
    token: compartmentToken(deps.keyStore, patientId, type),
  };
  const page = await pageOf(scope, { stretch, query, before, binding, deps });
  await noteAccess(view, {
    caller,
    deps,
    interaction: 'history',
    shown,
    instances: [`Patient/${patientId}`],
  });
  return page;
}

const empty: HistoryPage = { versions: [], next: undefined };
const batch = 200;

/** Opened before anything is looked up, so that a forged cursor tells nothing of what is stored. */
function startOf({ cursor }: PageQuery, binding: CursorBinding, deps: RecordsDeps): string | undefined {
  const from = cursor === undefined ? undefined : openCursor(cursor, binding, deps.keyStore);
  return from !== undefined && 'before' in from ? from.before : undefined;
}

async function pageOf(scope: Scope | undefined, reading: Reading): Promise<HistoryPage> {
  return scope === undefined ? empty : underDecisions([scope.view], () => readPage(scope, reading));
}

async function readPage(scope: Scope, reading: Reading): Promise<HistoryPage> {
  const { query, binding, deps } = reading;
  const listed: Version[] = [];
  for await (const one of visibleVersions(scope, reading)) {
    listed.push(one);
    if (listed.length > query.count) break;
  }
  const page = listed.slice(0, Math.min(query.count, fitting(listed)));
  const last = page.at(-1);
  const hasMore = listed.length > page.length && last !== undefined;
  return {
    versions: await openVersions(page, { scope, deps }),
    next: hasMore ? sealCursor({ before: last.row.version_seq }, binding, deps.keyStore) : undefined,
  };
}

/** A version that the caller may see, not opened yet. */
type Version = { row: ListedRow; index: RecordIndex };

async function* visibleVersions(scope: Scope, reading: Reading): AsyncGenerator<Version> {
  const { query, deps } = reading;
  const since = query.since ?? Number.NEGATIVE_INFINITY;
  for await (const rows of storedVersions(reading)) {
    const hidden = await hiddenRecords(rows, scope, deps);
    for (const row of rows) {
      const index = openRowIndex(row, scope.key, deps);
      if ((index.values.at ?? since) < since) return; // newest first: all that follow are older
      if (hidden.has(keyOf(row.id_token)) || !scope.view.releases(index)) continue;
      yield { row, index };
    }
  }
}

/** Records of which the current version is hidden: their earlier ones are hidden with it. */
async function hiddenRecords(
  rows: readonly ListedRow[],
  { key, view }: Scope,
  deps: RecordsDeps,
): Promise<ReadonlySet<string>> {
  const superseded = new Map(
    rows.filter((row) => !row.is_current).map((row) => [keyOf(row.id_token), row.id_token]),
  );
  const current = await findCurrent(deps.db, [...superseded.values()]);
  const hidden = current.filter((row) => !view.releases(openRowIndex(row, key, deps)));
  return new Set(hidden.map((row) => keyOf(row.id_token)));
}

async function* storedVersions({ stretch, before: start, deps }: Reading): AsyncGenerator<ListedRow[]> {
  let before = start;
  for (;;) {
    const rows = await listVersions(deps.db, { ...stretch, before, limit: batch });
    yield rows;
    before = rows.at(-1)?.version_seq;
    if (rows.length < batch) return;
  }
}

/** Opens versions; the bodies that were too large for the list are read now. */
async function openVersions(
  versions: readonly Version[],
  { scope, deps }: { scope: Scope; deps: RecordsDeps },
): Promise<HistoryVersion[]> {
  const missing = versions.filter(({ row }) => !hasBody(row)).map(({ row }) => row.version_seq);
  const read = new Map((await findBodies(deps.db, missing)).map((row) => [row.version_seq, row]));
  return versions.flatMap(({ row, index }) => {
    const complete = hasBody(row) ? row : read.get(row.version_seq);
    return complete === undefined ? [] : [versionOf(complete, index, { scope, deps })]; // erased in between
  });
}

function versionOf(
  row: BodyRow,
  index: RecordIndex,
  { scope, deps }: { scope: Scope; deps: RecordsDeps },
): HistoryVersion {
  const opened = openRowBody(row, { key: scope.key, index, tenant: deps.tenant });
  const { resource, version, deleted } = scope.view.show(opened);
  const { type, id } = index;
  const lastUpdated = resource.meta?.lastUpdated ?? '';
  const place = { type, id, versionId: String(version), lastUpdated };
  return deleted ? place : { ...place, resource };
}
