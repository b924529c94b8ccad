import type { PatientKey } from '../crypto/index.ts';
import { RecordsError } from './errors.ts';
import { keyOfRow, openRowBody, openRowIndex } from './open-row.ts';
import { type BodyRow, findCurrent, findVersion } from './store.ts';
import { idToken } from './tokens.ts';
import type { Caller, OpenedRecord, RecordIndex, RecordsDeps } from './types.ts';
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
  return view.show(openRowBody(found.row, { key: found.key, index: found.index, tenant: deps.tenant }));
}

function nameOf({ type, id, version }: ReadRequest): string {
  return version === undefined ? `${type}/${id}` : `${type}/${id}/_history/${version}`;
}

/** A record that was found: its row, its key, its opened index and that of the record's current version. */
export type Located = { row: BodyRow; key: PatientKey; index: RecordIndex; current: RecordIndex };

/** Finds a record; undefined for everything that cannot be opened here. */
export async function locate(
  { type, id, version }: ReadRequest,
  deps: RecordsDeps,
): Promise<Located | undefined> {
  const row = await findVersion(deps.db, idToken(deps.keyStore, type, id), version);
  const key = row === undefined ? undefined : keyOfRow(row, deps);
  if (row === undefined || key === undefined) return undefined;
  const index = openRowIndex(row, key, deps);
  if (row.is_current) return { row, key, index, current: index };
  const [current = row] = await findCurrent(deps.db, [row.id_token]);
  return { row, key, index, current: openRowIndex(current, key, deps) };
}
