import { commit, hex } from '@medseal/evidence';
import {
  type AuditEntry,
  type AuditEvent,
  type AuditRow,
  type AuditSeal,
  type AuditSource,
  auditEvent,
  record,
} from '../audit/index.ts';
import { newId, newSecret } from '../lib/ids.ts';
import type { Queryable } from '../lib/sql.ts';
import { append } from './append.ts';

export type AccessDeps = {
  source: AuditSource;
  seal: AuditSeal;
  /** Keyed hash of a patient's id. */
  tokenOf(patientId: string): Uint8Array;
};

/** An entry that was checked and has become an event. */
export type PreparedAccess = { event: AuditEvent; at: string; token: Uint8Array | undefined };

/** Turns an entry into its event; refuses an entry that could not be written, before anything waits for it. */
export function prepareAccess(entry: AuditEntry, { source, tokenOf }: AccessDeps): PreparedAccess {
  const event = auditEvent(entry, { id: newId(), source });
  return { event, at: entry.at, token: entry.patientId === undefined ? undefined : tokenOf(entry.patientId) };
}

/**
 * Records accesses in the caller's transaction: the sealed event, its leaf in the log and the next place in the
 * patient's gapless sequence. Call it once a transaction and last: it locks the patients' sequences until the commit.
 */
export async function recordAccess(
  tx: Queryable,
  accesses: readonly PreparedAccess[],
  deps: AccessDeps,
): Promise<void> {
  if (accesses.length === 0) return;
  const sequences = await nextSequences(tx, accesses);
  const sealed = accesses.map((access, at) => sealAccess(access, sequences[at], deps.seal));
  const leafIds = await append(
    tx,
    sealed.map(({ digest, row }) => ({ kind: 'access', digest, at: row.recordedAt })),
  );
  await record(
    tx,
    sealed.map(({ row }, at) => ({ ...row, leafId: leafIds[at] ?? 0n })),
  );
}

function sealAccess(
  { event, at, token }: PreparedAccess,
  patientSequence: number | undefined,
  seal: AuditSeal,
): { digest: Uint8Array; row: Omit<AuditRow, 'leafId'> } {
  const salt = newSecret(32);
  const digest = commit('access', accessContent(event, patientSequence), salt);
  const sealed = seal.seal({ salt: hex(salt), auditEvent: event });
  return {
    digest,
    row: { eventId: event.id, recordedAt: at, patientToken: token, patientSequence, sealed },
  };
}

/** What the leaf of an access commits to (docs/formats/access-entry.md). */
export function accessContent(event: AuditEvent, patientSequence: number | undefined): object {
  return { v: 1, patientSeq: patientSequence ?? null, auditEvent: event };
}

/** The next places of each patient's sequence, in the order of the entries. Tokens are locked in one order. */
async function nextSequences(
  tx: Queryable,
  accesses: readonly PreparedAccess[],
): Promise<(number | undefined)[]> {
  const keys = accesses.map(({ token }) => (token === undefined ? undefined : hex(token)));
  const counts = new Map<string, number>();
  for (const key of keys) if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
  if (counts.size === 0) return keys.map(() => undefined);
  const { rows } = await tx.query<{ token: string; last: string }>(
    `insert into access_sequence as kept (patient_token, last)
     select decode(token, 'hex'), added from unnest($1::text[], $2::bigint[]) as t(token, added) order by token
     on conflict (patient_token) do update set last = kept.last + excluded.last
     returning encode(patient_token, 'hex') as token, last`,
    [[...counts.keys()], [...counts.values()]],
  );
  const next = new Map(rows.map(({ token, last }) => [token, Number(last) - (counts.get(token) ?? 0)]));
  return keys.map((key) => {
    if (key === undefined) return undefined;
    const place = (next.get(key) ?? 0) + 1;
    next.set(key, place);
    return place;
  });
}
