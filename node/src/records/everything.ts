import type { JsonResource, PageQuery } from '../fhir/index.ts';
import type { PatientId } from '../lib/brand.ts';
import { openCursor, sealCursor } from './cursor.ts';
import { RecordsError } from './errors.ts';
import { fitting } from './page-room.ts';
import type { RecordsDeps } from './records-deps.ts';
import { type Hit, openHits, ownerKey, type Scope, scan } from './scope.ts';
import type { Caller, OpenedRecord, RecordIndex } from './types.ts';
import { noteAccess, underDecisions, viewOf } from './view.ts';

export type EverythingPage = { records: JsonResource[]; next: string | undefined };

type Context = { caller: Caller; deps: RecordsDeps };

/**
 * Everything of one patient that the caller may see, newest first, page by page (FHIR R4
 * patient-operation-everything.html). A patient of whom nothing may be seen answers like one who is not there.
 */
export async function patientEverything(
  { patientId, query, text }: { patientId: PatientId; query: PageQuery; text: string },
  { caller, deps }: Context,
): Promise<EverythingPage> {
  const binding = { caller, query: `Patient/${patientId}/$everything?${text}` };
  // Opened before anything is looked up, so that a forged cursor tells nothing of what is stored.
  const from = query.cursor === undefined ? undefined : openCursor(query.cursor, binding, deps.keyStore);
  const before = from !== undefined && 'before' in from ? from.before : undefined;
  const types = query.types ?? 'all';
  const key = await ownerKey(patientId, deps);
  const view = await viewOf(patientId, { caller, action: 'everything', types, deps, key });
  const scope = key !== undefined && view.decision?.permit ? { owner: patientId, key, view } : undefined;
  const hits = await underDecisions([view], async () =>
    scope === undefined ? [] : await readHits(scope, { query, before, deps }),
  );
  const page = hits.slice(0, Math.min(query.count, fitting(hits)));
  const instances = [`Patient/${patientId}`];
  const shown = scope !== undefined;
  const [opened] = await Promise.all([
    openHits(page, deps),
    noteAccess(view, { caller, deps, interaction: 'everything', shown, instances }),
  ]);
  if (!shown || (page.length === 0 && query.cursor === undefined))
    throw new RecordsError('RECORDS_NOT_FOUND');
  const last = page.at(-1);
  const hasMore = hits.length > page.length && last !== undefined;
  return {
    records: opened.flatMap((record) => (record === undefined ? [] : [jsonOf(record)])),
    next: hasMore ? sealCursor({ before: last.row.version_seq }, binding, deps.keyStore) : undefined,
  };
}

function jsonOf({ index: { type, id }, text: json }: OpenedRecord): JsonResource {
  return { type, id, json };
}

async function readHits(
  scope: Scope,
  { query, before, deps }: { query: PageQuery; before: string | undefined; deps: RecordsDeps },
): Promise<Hit[]> {
  const isFiltered = query.types !== undefined || query.start !== undefined || query.end !== undefined;
  const batch = isFiltered ? 1000 : query.count + 1;
  const options = { before, batch, withBodies: !isFiltered, limit: query.count + 1 };
  return scan(scope, wantedBy(query), { ...options, deps });
}

function wantedBy({ since, start, end, types }: PageQuery): (index: RecordIndex) => boolean {
  const wanted = types === undefined ? undefined : new Set(types);
  return ({ type, date, values }) => {
    if (wanted?.has(type) === false || (values.at ?? 0) < (since ?? 0)) return false;
    return isCareWithin(date, start, end);
  };
}

/** `start` and `end` are about when care was given; what has no such time belongs to every period. */
function isCareWithin(date: string | undefined, start: number | undefined, end: number | undefined): boolean {
  const time = date === undefined ? Number.NaN : Date.parse(date);
  if (Number.isNaN(time)) return true;
  return time >= (start ?? Number.NEGATIVE_INFINITY) && time < (end ?? Number.POSITIVE_INFINITY);
}
