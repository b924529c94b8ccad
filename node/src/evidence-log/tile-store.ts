import type { Tile, TileId, TileReader } from '@medseal/evidence';
import type { Queryable } from '../lib/sql.ts';

const fullTile = 256 * 32;
const keptTiles = 512;

/** Reads tiles; full ones never change and stay in memory. */
export type TileCache = { load(db: Queryable, tiles: readonly TileId[]): Promise<TileReader> };

export function createTileCache(): TileCache {
  const kept = new Map<string, Uint8Array>();
  return {
    load: async (db, wanted) => {
      const tiles = new Map<string, Uint8Array>();
      const missing = new Map<string, TileId>();
      for (const tile of wanted) {
        const hashes = kept.get(keyOf(tile));
        if (hashes === undefined) missing.set(keyOf(tile), tile);
        else tiles.set(keyOf(tile), hashes);
      }
      for (const tile of missing.size === 0 ? [] : await selectTiles(db, [...missing.values()])) {
        tiles.set(keyOf(tile), tile.hashes);
        if (tile.hashes.length === fullTile) keep(kept, tile);
      }
      return (level, index) => tiles.get(keyOf({ level, index }));
    },
  };
}

function keep(kept: Map<string, Uint8Array>, tile: Tile): void {
  const [oldest] = kept.keys();
  if (kept.size >= keptTiles && oldest !== undefined) kept.delete(oldest);
  kept.set(keyOf(tile), tile.hashes);
}

function keyOf({ level, index }: TileId): string {
  return `${level}/${index}`;
}

async function selectTiles(db: Queryable, tiles: readonly TileId[]): Promise<Tile[]> {
  const { rows } = await db.query<{ level: number; tile_index: string; hashes: Uint8Array }>(
    `select tile.level, tile.tile_index, tile.hashes
     from unnest($1::smallint[], $2::bigint[]) as wanted(level, tile_index)
     join evidence_tile tile using (level, tile_index)`,
    [tiles.map((tile) => tile.level), tiles.map((tile) => tile.index)],
  );
  return rows.map((row) => ({ level: row.level, index: Number(row.tile_index), hashes: row.hashes }));
}

/** Stores new tiles and grows partial ones; a tile never shrinks. */
export async function saveTiles(tx: Queryable, tiles: readonly Tile[]): Promise<void> {
  await tx.query(
    `insert into evidence_tile as tile (level, tile_index, hashes)
     select * from unnest($1::smallint[], $2::bigint[], $3::bytea[])
     on conflict (level, tile_index) do update set hashes = excluded.hashes
     where octet_length(excluded.hashes) > octet_length(tile.hashes)`,
    [tiles.map((tile) => tile.level), tiles.map((tile) => tile.index), tiles.map((tile) => tile.hashes)],
  );
}
