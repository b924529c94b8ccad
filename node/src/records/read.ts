import type { PatientKey } from '../crypto/index.ts';
import { RecordsError } from './errors.ts';
import { keyOfRow, openAndKeepBody, openRowIndex, recordOf } from './open-row.ts';
import type { RecordsDeps } from './records-deps.ts';
import { type BodyRow, findCurrent, findVersion } from './store.ts';
import { idToken } from './tokens.ts';
import type { Caller, OpenedRecord, RecordIndex } from './types.ts';
import { noteAccess, viewOf } from './view.ts';

export type ReadRequest = { type: string; id: string; version?: number | undefined };

/**
 * Reads the current version of a record, or one version of it. Hidden, absent, erased and foreign ones are the same
 * RECORDS_NOT_FOUND; a deleted one is RECORDS_DELETED to whoever might have read it. The attempt is on record before
 * anything is answered.
 */
export async function readRecord(
  request: ReadRequest,
  { caller, deps }: { caller: Caller; deps: RecordsDeps },
): Promise<OpenedRecord> {
  const found = await locate(request, deps);
  const view = await viewOf(found?.index.owner, {
    caller,
    action: 'read',
    types: [request.type],
    deps,
    key: found?.key,
  });
  // An earlier version of what has become sensitive since is as hidden as the record is now.
  const shown = found !== undefined && view.releases(found.index) && view.releases(found.current);
  await noteAccess(view, {
    caller,
    deps,
    interaction: request.version === undefined ? 'read' : 'vread',
    shown,
    instances: [nameOf(request)],
  });
  if (!shown) throw new RecordsError('RECORDS_NOT_FOUND');
  if (found.row.deleted) throw new RecordsError('RECORDS_DELETED');
  return view.show(openLocated(found, deps));
}

function nameOf({ type, id, version }: ReadRequest): string {
  return version === undefined ? `${type}/${id}` : `${type}/${id}/_history/${version}`;
}

/** A record that was found: its row, its key, its opened index and that of the record's current version. */
export type Located = { row: BodyRow; key: PatientKey; index: RecordIndex; current: RecordIndex };

/** Finds a record; undefined for everything that cannot be opened here. */
export async function locate(request: ReadRequest, deps: RecordsDeps): Promise<Located | undefined> {
  const { type, id, version } = request;
  const row = await findVersion(deps.db, idToken(deps.keyStore, type, id), version);
  const key = row === undefined ? undefined : keyOfRow(row, deps);
  if (row === undefined || key === undefined) return undefined;
  const index = keptIndex(row, request, deps) ?? openRowIndex(row, key, deps);
  if (row.is_current) return { row, key, index, current: index };
  const [current = row] = await findCurrent(deps.db, [row.id_token]);
  return { row, key, index, current: openRowIndex(current, key, deps) };
}

/** What was opened of this row lately; what does not fit the row is opened again, and then refused if it was altered. */
function keptIndex(
  row: BodyRow,
  { type, id }: ReadRequest,
  { opened }: RecordsDeps,
): RecordIndex | undefined {
  const kept = opened.get(row.version_seq);
  if (kept === undefined || kept.version !== row.version) return undefined;
  const { index } = kept;
  const fits = index.type === type && index.id === id && (index.deleted ?? false) === row.deleted;
  return fits ? index : undefined;
}

/** The record of the very index that was decided about. */
function openLocated({ row, key, index }: Located, deps: RecordsDeps): OpenedRecord {
  const kept = deps.opened.get(row.version_seq);
  if (kept?.index === index && kept.body !== undefined) return recordOf(kept, kept.body);
  return openAndKeepBody(row, { key, index }, deps);
}
