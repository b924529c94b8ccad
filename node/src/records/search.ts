import { isShaped, type JsonResource, type SearchQuery, shapeResource } from '../fhir/index.ts';
import { type CursorBinding, openCursor, sealCursor } from './cursor.ts';
import { type FoundPage, findHits } from './find-hits.ts';
import { findIncluded, includedTypes } from './include.ts';
import type { RecordsDeps } from './records-deps.ts';
import { openHits } from './scope.ts';
import type { Caller, OpenedRecord } from './types.ts';
import { noteAccess, underDecisions } from './view.ts';

/** A search with the text of its parameters (without the cursor), which a cursor is bound to. */
export type SearchRequest = { query: SearchQuery; text: string };

export type SearchPage = {
  matches: JsonResource[];
  included: JsonResource[];
  /** Of what the caller may see; only where it was asked for or is known anyway. */
  total: number | undefined;
  next: string | undefined;
};

type Context = { caller: Caller; deps: RecordsDeps };

/**
 * Searches one type within one patient's compartment, the directory, or a few records named by id or identifier. The
 * database learns which compartment and nothing of the criteria: they are applied to the opened indices.
 */
export async function searchRecords({ query, text }: SearchRequest, context: Context): Promise<SearchPage> {
  const { caller, deps } = context;
  const binding: CursorBinding = { caller, query: `${query.type}?${text}` };
  const from = query.cursor === undefined ? undefined : openCursor(query.cursor, binding, deps.keyStore);
  const types = [query.type, ...includedTypes(query)];
  const found = await findHits({ query, from, types, caller, deps });
  const included = await underDecisions(found.views, () => findIncluded(found.hits, query, context));
  const [opened] = await Promise.all([
    openHits([...found.hits, ...included], deps),
    noteSearch(found, context),
  ]);
  const shown = (records: typeof opened): JsonResource[] =>
    records.flatMap((record) => (record === undefined ? [] : [shownOf(record, query)]));
  return {
    matches: shown(opened.slice(0, found.hits.length)),
    included: shown(opened.slice(found.hits.length)),
    total: query.total === 'none' ? undefined : found.total,
    next: found.next === undefined ? undefined : sealCursor(found.next, binding, deps.keyStore),
  };
}

function shownOf(record: OpenedRecord, query: SearchQuery): JsonResource {
  const { type, id } = record.index;
  if (!isShaped(query)) return { type, id, json: record.text };
  return { type, id, json: JSON.stringify(shapeResource(record.resource, query)) };
}

/**
 * One entry a patient; nothing goes out before all are durable. The query is on record, not every record it found (IHE
 * BALP PatientQuery): the log would otherwise grow faster than the records.
 */
async function noteSearch({ views }: FoundPage, { caller, deps }: Context): Promise<void> {
  const noted = views.map((view) => {
    const shown = view.decision?.permit ?? true;
    return noteAccess(view, { caller, deps, interaction: 'search', shown, instances: [] });
  });
  await Promise.all(noted);
}
