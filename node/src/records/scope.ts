import { setImmediate as nextTurn } from 'node:timers/promises';
import { CryptoError, directoryToken, findKeys, type PatientKey } from '../crypto/index.ts';
import { openAndKeepBody, openRowIndex, recordOf } from './open-row.ts';
import type { RecordsDeps } from './records-deps.ts';
import {
  type BodyRow,
  findBodies,
  findIndices,
  findListed,
  type IndexedRow,
  type IndexRow,
  type ListedRow,
  listPositions,
} from './store.ts';
import { compartmentToken, type Owner, ownerToken } from './tokens.ts';
import type { OpenedRecord, RecordIndex } from './types.ts';
import type { View } from './view.ts';

/** One owner's records as one caller may see them. */
export type Scope = { owner: Owner; key: PatientKey; view: View };

/** A record that the caller may see; its body is not opened yet and may not have been read. */
export type Hit = { row: { version_seq: string } | ListedRow; index: RecordIndex; scope: Scope };

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
/** Rows that are compared with the criteria before others get their turn. */
const turnSize = 128;

/**
 * An owner's current records, newest first, as far as the caller may see them and `wanted` says so. Opens the small
 * index of each row it passes, never a body, and reads no further than it needs.
 */
export async function scan(
  scope: Scope,
  wanted: (index: RecordIndex) => boolean,
  options: Scan & { deps: RecordsDeps },
): Promise<Hit[]> {
  const { limit } = options;
  const hits: Hit[] = [];
  for await (const batch of batches(scope, options)) {
    for (const { row, index } of batch) {
      if (!scope.view.releases(index) || !wanted(index)) continue;
      hits.push({ row, index, scope });
      if (hits.length >= limit) return hits;
    }
  }
  return hits;
}

type Scanned = Pick<Hit, 'row' | 'index'>;

async function* batches(scope: Scope, options: Scan & { deps: RecordsDeps }): AsyncGenerator<Scanned[]> {
  const { deps, type } = options;
  const place = placeOf(scope, type, deps);
  let { before, batch: limit } = options;
  for (;;) {
    const positions = await listPositions(deps.db, { ...place, before, limit });
    yield* inTurns(await openPositions(positions, { ...options, place, scope }));
    if (positions.length < limit) return;
    before = positions.at(-1);
    limit = Math.min(maxBatch, limit * 4); // much is withheld: read on in larger steps
  }
}

async function* inTurns(rows: Scanned[]): AsyncGenerator<Scanned[]> {
  for (let start = 0; start < rows.length; start += turnSize) {
    if (start > 0) await nextTurn();
    yield rows.slice(start, start + turnSize);
  }
}

/** Opens the indices at these positions; what was opened lately is neither read nor opened again. */
async function openPositions(
  positions: readonly string[],
  { deps, type, withBodies, place, scope }: Scan & { deps: RecordsDeps; place: Place; scope: Scope },
): Promise<Scanned[]> {
  const known = new Map<string, RecordIndex>();
  for (const position of positions) {
    const found = deps.opened.get(position);
    if (found !== undefined) known.set(position, found.index);
  }
  // A body that was not opened with its index was not shown then and may not be now: it is read once it is to be shown.
  const missing = positions.filter((position) => !known.has(position));
  const find = withBodies ? findListed : findIndices;
  const rows = new Map((await find(deps.db, place, missing)).map((row) => [row.version_seq, row]));
  return positions.flatMap((position): Scanned[] => {
    const row = rows.get(position);
    const index = known.get(position) ?? (row && openAndKeep(row, scope, deps));
    if (index === undefined) return []; // erased in between
    requireOf(index, scope, type);
    return [{ row: row ?? { version_seq: position }, index }];
  });
}

function openAndKeep(row: IndexedRow, { key }: Scope, deps: RecordsDeps): RecordIndex {
  const index = openRowIndex(row, key, deps);
  deps.opened.keep(row.version_seq, { index, version: row.version, leafId: row.leaf_id });
  return index;
}

/** A row that was moved into the compartment of another owner or type, or taken for one that is not deleted. */
function requireOf(index: RecordIndex, { owner }: Scope, type: string | undefined): void {
  const isOfScope = index.owner === owner && (type === undefined || index.type === type);
  if (!isOfScope || index.deleted) throw new CryptoError('SEAL_REFUSED');
}

/** Opens hits, in their places; the bodies that were not read yet are read in one statement. */
export async function openHits(
  hits: readonly Hit[],
  deps: RecordsDeps,
): Promise<(OpenedRecord | undefined)[]> {
  const ready = hits.map((hit) => openedBefore(hit, deps));
  const missing = hits.flatMap(({ row }, at) =>
    ready[at] === undefined && !hasBody(row) ? [row.version_seq] : [],
  );
  const read = new Map((await findBodies(deps.db, missing)).map((row) => [row.version_seq, row]));
  return hits.map((hit, at) => {
    const { row, scope } = hit;
    const complete = hasBody(row) ? row : read.get(row.version_seq);
    const record =
      ready[at] ?? (complete && openAndKeepBody(complete, { key: scope.key, index: hit.index }, deps));
    return record === undefined ? undefined : scope.view.show(record); // undefined: erased in between
  });
}

function openedBefore({ row, index }: Hit, { opened }: RecordsDeps): OpenedRecord | undefined {
  const found = opened.get(row.version_seq);
  if (found?.body === undefined) return undefined;
  const isSame =
    found.index.owner === index.owner && found.index.type === index.type && found.index.id === index.id;
  return isSame ? recordOf(found, found.body) : undefined;
}

/** Where the directory's records are. */
export function isDirectoryRow(row: IndexRow, { keyStore }: RecordsDeps): boolean {
  return Buffer.compare(row.patient_token, directoryToken(keyStore)) === 0;
}

export function hasBody(row: { version_seq: string } | ListedRow): row is BodyRow {
  return 'body_sealed' in row && row.body_sealed !== null;
}

type Place = { by: 'compartment_token' | 'patient_token'; token: Uint8Array };

function placeOf({ owner, key }: Scope, type: string | undefined, { keyStore }: RecordsDeps): Place {
  return type === undefined
    ? { by: 'patient_token', token: key.token }
    : { by: 'compartment_token', token: compartmentToken(keyStore, owner, type) };
}
