import type { AuditSeal } from '../audit/index.ts';
import type { Queryable } from '../lib/sql.ts';
import { findByPatient } from './access-store.ts';
import { proofsFor } from './proofs.ts';
import type { TileCache } from './tile-store.ts';
import type { AccessHistoryEntry } from './types.ts';

const maxCount = 500;

/**
 * A patient's accesses from place `from` of the sequence on (1 is the first), each with what is needed to recompute
 * its leaf and to prove it. A reader who sees a gap in `patientSeq` knows that an entry is withheld.
 */
export async function accessHistory(
  db: Queryable,
  { patientToken, from, count }: { patientToken: Uint8Array; from: number; count: number },
  { seal, tiles, tenant }: { seal: AuditSeal; tiles: TileCache; tenant: string },
): Promise<AccessHistoryEntry[]> {
  const page = { from: Math.max(1, from), count: Math.min(Math.max(0, count), maxCount) };
  const rows = await findByPatient(db, patientToken, page);
  const evidence = await proofsFor(
    db,
    rows.map((row) => row.leafId),
    { tiles, tenant },
  );
  return rows.flatMap((row, at) => {
    const leafEvidence = evidence[at];
    if (leafEvidence === undefined || row.patientSequence === undefined) return [];
    const { salt, auditEvent } = seal.open(row.sealed, row.eventId);
    return [{ content: { v: 1, patientSeq: row.patientSequence, auditEvent }, salt, evidence: leafEvidence }];
  });
}
