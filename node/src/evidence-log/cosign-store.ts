import type { Queryable } from '../lib/sql.ts';

/** The last cosignature that a witness gave for this node's log. */
export type KeptCosignature = { witnessId: string; treeSize: number; line: string };
/** A note with the log's own signature and those of a quorum of witnesses. */
export type CosignedNote = { treeSize: number; note: string; cosignatures: number };

type KeptRow = { witness_id: string; tree_size: string; line: string };

/** What each witness cosigned last, in the order of their ids. */
export async function listCosignatures(db: Queryable): Promise<KeptCosignature[]> {
  const { rows } = await db.query<KeptRow>(
    'select witness_id, tree_size, line from evidence_cosignature order by witness_id collate "C"',
  );
  return rows.map((row) => ({
    witnessId: row.witness_id,
    treeSize: Number(row.tree_size),
    line: row.line,
  }));
}

/** Keeps a cosignature; an answer that another replica has overtaken changes nothing. */
export async function saveCosignature(
  db: Queryable,
  { witnessId, treeSize, line, cosignedAt }: KeptCosignature & { cosignedAt: string },
): Promise<void> {
  await db.query(
    `insert into evidence_cosignature as kept (witness_id, tree_size, line, cosigned_at) values ($1, $2, $3, $4)
     on conflict (witness_id) do update
       set tree_size = excluded.tree_size, line = excluded.line, cosigned_at = excluded.cosigned_at
     where kept.tree_size <= excluded.tree_size`,
    [witnessId, treeSize, line, cosignedAt],
  );
}

// More than one, because a proof may have to wait for the transaction that reads its anchor back.
const keptNotes = 64;

/** Keeps a checkpoint that a quorum cosigned, with as many lines as came; only the last ones stay. */
export async function saveCosignedNote(
  db: Queryable,
  { treeSize, note, cosignatures, at }: CosignedNote & { at: string },
): Promise<void> {
  await db.query(
    `insert into evidence_cosigned as kept (tree_size, note, cosignatures, completed_at) values ($1, $2, $3, $4)
     on conflict (tree_size) do update set note = excluded.note, cosignatures = excluded.cosignatures
     where kept.cosignatures < excluded.cosignatures`,
    [treeSize, note, cosignatures, at],
  );
  await db.query(
    `delete from evidence_cosigned where tree_size <
       (select tree_size from evidence_cosigned order by tree_size desc offset $1 limit 1)`,
    [keptNotes - 1],
  );
}

/** The largest checkpoint that a quorum cosigned. */
export async function latestCosignedNote(db: Queryable): Promise<CosignedNote | undefined> {
  const { rows } = await db.query<{ tree_size: string; note: string; cosignatures: number }>(
    'select tree_size, note, cosignatures from evidence_cosigned order by tree_size desc limit 1',
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  return { treeSize: Number(row.tree_size), note: row.note, cosignatures: row.cosignatures };
}

/** The note of an own checkpoint with a quorum's cosignatures. */
export async function cosignedNoteAt(db: Queryable, treeSize: number): Promise<string | undefined> {
  const { rows } = await db.query<{ note: string }>(
    'select note from evidence_cosigned where tree_size = $1',
    [treeSize],
  );
  return rows[0]?.note;
}
