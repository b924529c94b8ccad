import { directoryToken, findKeys, type PatientKey } from '../crypto/index.ts';
import { openRowBody, openRowIndex } from './open-row.ts';
import { type BodyRow, findBodies, type IndexRow, listCurrent, listCurrentBodies } from './store.ts';
import { compartmentToken, type Owner, ownerToken } from './tokens.ts';
import type { OpenedRecord, RecordIndex, RecordsDeps } from './types.ts';
import type { View } from './view.ts';

/** One owner's records as one caller may see them. */
export type Scope = { owner: Owner; key: PatientKey; view: View };

/** A record that the caller may see; its body is not opened yet and may not have been read. */
export type Hit = { row: IndexRow | BodyRow; index: RecordIndex; scope: Scope };

/** The scope of an owner; undefined for an unknown and an erased one. */
export async function scopeOf(owner: Owner, view: View, deps: RecordsDeps): Promise<Scope | undefined> {
  const token = ownerToken(deps.keyStore, owner);
  const [key] = (await findKeys(deps.db, [token], deps)).values();
  return key === undefined ? undefined : { owner, key, view };
}

export type Scan = {
  /** Records of one type; of all types without it. */
  type?: string | undefined;
  /** Only versions before this one. */
  before?: string | undefined;
  /** Rows read at a time. */
  batch: number;
  /** Reads bodies at once, where most rows will be shown. */
  withBodies: boolean;
};

/**
 * An owner's current records, newest first, as far as the caller may see them and `wanted` says so. Opens the small
 * index of each row it passes, never a body; stops reading when the consumer stops.
 */
export async function* scan(
  scope: Scope,
  wanted: (index: RecordIndex) => boolean,
  { deps, ...options }: Scan & { deps: RecordsDeps },
): AsyncGenerator<Hit> {
  const list = options.withBodies ? listCurrentBodies : listCurrent;
  const limit = options.batch;
  let { before } = options;
  for (;;) {
    const rows: IndexRow[] = await list(deps.db, { ...placeOf(scope, options.type, deps), before, limit });
    for (const row of rows) {
      const index = openRowIndex(row, scope.key, deps);
      if (scope.view.releases(index) && wanted(index)) yield { row, index, scope };
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit) return;
    before = last.version_seq;
  }
}

/** Opens hits, in their places; the bodies that were not read yet are read in one statement. */
export async function openHits(
  hits: readonly Hit[],
  deps: RecordsDeps,
): Promise<(OpenedRecord | undefined)[]> {
  const missing = hits.filter(({ row }) => !hasBody(row)).map(({ row }) => row.version_seq);
  const read = new Map((await findBodies(deps.db, missing)).map((row) => [row.version_seq, row]));
  return hits.map(({ row, index, scope }) => {
    const complete = hasBody(row) ? row : read.get(row.version_seq);
    if (complete === undefined) return undefined; // erased in between
    return scope.view.show(openRowBody(complete, { key: scope.key, index, tenant: deps.tenant }));
  });
}

/** Where the directory's records are. */
export function isDirectoryRow(row: IndexRow, { keyStore }: RecordsDeps): boolean {
  return Buffer.compare(row.patient_token, directoryToken(keyStore)) === 0;
}

function hasBody(row: IndexRow | BodyRow): row is BodyRow {
  return 'body_sealed' in row;
}

function placeOf(
  { owner, key }: Scope,
  type: string | undefined,
  { keyStore }: RecordsDeps,
): { by: 'compartment_token' | 'patient_token'; token: Uint8Array } {
  return type === undefined
    ? { by: 'patient_token', token: key.token }
    : { by: 'compartment_token', token: compartmentToken(keyStore, owner, type) };
}
