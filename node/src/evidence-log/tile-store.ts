import {
  type HashReader,
  type Tile,
  type TileId,
  type TileReader,
  type TileWidth,
  tileHashReader,
} from '@medseal/evidence';
import type { Queryable } from '../lib/sql.ts';

const hashLength = 32;
const tileHeight = 8;
const mostTiles = 512;
const mostSubtrees = 16_384;
/** What stands in a tile itself costs nothing; every other subtree is computed once only. */
const worthKeeping = 1;

/**
 * Reads tiles and the subtrees in them. They only ever grow at their end, so what is in memory is good as far as it goes:
 * a tile is read again where more of it is needed.
 */
export type TileCache = {
  load(db: Queryable, tiles: readonly TileWidth[]): Promise<TileReader>;
  /** Reads complete subtrees out of `tiles`. */
  loadHashes(db: Queryable, tiles: readonly TileWidth[]): Promise<HashReader>;
};

/** Whose tiles: those of the organisation's log, or of the channel's history. */
export type TileTable = 'evidence_tile' | 'history_tile';

export function createTileCache(table: TileTable = 'evidence_tile'): TileCache {
  const keptTiles = new Map<string, Uint8Array>();
  const keptSubtrees = new Map<string, Uint8Array>();
  const load = async (db: Queryable, wanted: readonly TileWidth[]): Promise<TileReader> => {
    const tiles = new Map<string, Uint8Array>();
    const missing = new Map<string, TileId>();
    for (const tile of wanted) {
      const hashes = keptTiles.get(keyOf(tile));
      if (hashes === undefined || hashes.length < tile.width * hashLength) missing.set(keyOf(tile), tile);
      else tiles.set(keyOf(tile), hashes);
    }
    for (const tile of missing.size === 0 ? [] : await selectTiles(db, [...missing.values()], table)) {
      tiles.set(keyOf(tile), tile.hashes);
      keep(keptTiles, { key: keyOf(tile), value: tile.hashes, most: mostTiles });
    }
    return (level, index) => tiles.get(keyOf({ level, index }));
  };
  return {
    load,
    loadHashes: async (db, wanted) => {
      const read = tileHashReader(await load(db, wanted));
      return (level, index) => {
        const key = keyOf({ level, index });
        const known = keptSubtrees.get(key);
        if (known !== undefined) return known;
        const value = read(level, index);
        if (level % tileHeight >= worthKeeping) keep(keptSubtrees, { key, value, most: mostSubtrees });
        return value;
      };
    },
  };
}

type Kept = { key: string; value: Uint8Array; most: number };

function keep(kept: Map<string, Uint8Array>, { key, value, most }: Kept): void {
  const [oldest] = kept.keys();
  if (kept.size >= most && oldest !== undefined) kept.delete(oldest);
  kept.set(key, value);
}

function keyOf({ level, index }: TileId): string {
  return `${level}/${index}`;
}

async function selectTiles(db: Queryable, tiles: readonly TileId[], table: TileTable): Promise<Tile[]> {
  const { rows } = await db.select<{ level: number; tile_index: string; hashes: Uint8Array }>(
    `select tile.level, tile.tile_index, tile.hashes
     from unnest($1::smallint[], $2::bigint[]) as wanted(level, tile_index)
     join ${table} tile using (level, tile_index)`,
    [tiles.map((tile) => tile.level), tiles.map((tile) => tile.index)],
  );
  return rows.map((row) => ({ level: row.level, index: Number(row.tile_index), hashes: row.hashes }));
}

/** Stores new tiles and grows partial ones; a tile never shrinks. */
export async function saveTiles(
  tx: Queryable,
  tiles: readonly Tile[],
  table: TileTable = 'evidence_tile',
): Promise<void> {
  await tx.query(
    `insert into ${table} as tile (level, tile_index, hashes)
     select * from unnest($1::smallint[], $2::bigint[], $3::bytea[])
     on conflict (level, tile_index) do update set hashes = excluded.hashes
     where octet_length(excluded.hashes) > octet_length(tile.hashes)`,
    [tiles.map((tile) => tile.level), tiles.map((tile) => tile.index), tiles.map((tile) => tile.hashes)],
  );
}
