import type { AuditEvent, AuditSeal } from '../audit/index.ts';
import type { Queryable } from '../lib/sql.ts';
import { findByEvent } from './access-store.ts';

/** An entry of the record of accesses, opened: `content` with `salt` (hex) gives the digest of its leaf. */
export type FoundAccess = {
  content: { v: 1; patientSeq: number | null; auditEvent: AuditEvent };
  salt: string;
  leafId: bigint;
};

/** Accesses by the id of their event, or all that were recorded at one instant. */
export async function findAccesses(
  db: Queryable,
  by: { eventId: string } | { recordedAt: string },
  { seal }: { seal: AuditSeal },
): Promise<FoundAccess[]> {
  const rows = await findByEvent(db, by);
  return rows.map(({ sealed, eventId, patientSequence, leafId }) => {
    const { salt, auditEvent } = seal.open(sealed, eventId);
    return { content: { v: 1, patientSeq: patientSequence ?? null, auditEvent }, salt, leafId };
  });
}
