import { CryptoError, directoryToken, findKeys, type PatientKey } from '../crypto/index.ts';
import { openRowBody, openRowIndex } from './open-row.ts';
import {
  type BodyRow,
  findBodies,
  type IndexRow,
  type ListedRow,
  listCurrent,
  listCurrentBodies,
} from './store.ts';
import { compartmentToken, type Owner, ownerToken } from './tokens.ts';
import type { OpenedRecord, RecordIndex, RecordsDeps } from './types.ts';
import type { View } from './view.ts';

/** One owner's records as one caller may see them. */
export type Scope = { owner: Owner; key: PatientKey; view: View };

/** A record that the caller may see; its body is not opened yet and may not have been read. */
export type Hit = { row: IndexRow | ListedRow; index: RecordIndex; scope: Scope };

/** The scope of an owner; undefined for an unknown and an erased one. */
export async function scopeOf(owner: Owner, view: View, deps: RecordsDeps): Promise<Scope | undefined> {
  const key = await ownerKey(owner, deps);
  return key === undefined ? undefined : { owner, key, view };
}

/** The key of an owner's records; undefined for an unknown and an erased one. */
export async function ownerKey(owner: Owner, deps: RecordsDeps): Promise<PatientKey | undefined> {
  const token = ownerToken(deps.keyStore, owner);
  return (await findKeys(deps.db, [token], deps)).values().next().value;
}

export type Scan = {
  /** Records of one type; of all types without it. */
  type?: string | undefined;
  /** Only versions before this one. */
  before?: string | undefined;
  /** Rows read at first. */
  batch: number;
  /** Reads small bodies at once, where most rows will be shown. */
  withBodies: boolean;
  /** Hits after which to stop. */
  limit: number;
};

/** Rows read in one statement at most. */
const maxBatch = 1000;

/**
 * An owner's current records, newest first, as far as the caller may see them and `wanted` says so. Opens the small
 * index of each row it passes, never a body, and reads no further than it needs.
 */
export async function scan(
  scope: Scope,
  wanted: (index: RecordIndex) => boolean,
  options: Scan & { deps: RecordsDeps },
): Promise<Hit[]> {
  const { type, limit, deps } = options;
  const hits: Hit[] = [];
  for await (const rows of batches(scope, options)) {
    for (const row of rows) {
      const index = openScanned(row, { scope, type, deps });
      if (!scope.view.releases(index) || !wanted(index)) continue;
      hits.push({ row, index, scope });
      if (hits.length >= limit) return hits;
    }
  }
  return hits;
}

function openScanned(
  row: IndexRow,
  { scope, type, deps }: { scope: Scope; type: string | undefined; deps: RecordsDeps },
): RecordIndex {
  const index = openRowIndex(row, scope.key, deps);
  // A row that was moved into the compartment of another type.
  if (type !== undefined && index.type !== type) throw new CryptoError('SEAL_REFUSED');
  return index;
}

async function* batches(
  scope: Scope,
  { deps, type, withBodies, ...options }: Scan & { deps: RecordsDeps },
): AsyncGenerator<IndexRow[]> {
  const list = withBodies ? listCurrentBodies : listCurrent;
  const place = placeOf(scope, type, deps);
  let { before, batch: limit } = options;
  for (;;) {
    const rows: IndexRow[] = await list(deps.db, { ...place, before, limit });
    yield rows;
    if (rows.length < limit) return;
    before = rows.at(-1)?.version_seq;
    limit = Math.min(maxBatch, limit * 4); // much is withheld: read on in larger steps
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

export function hasBody(row: IndexRow | ListedRow): row is BodyRow {
  return 'body_sealed' in row && row.body_sealed !== null;
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
