import { commit, hex } from '@medseal/evidence';
import {
  type AuditEntry,
  type AuditEvent,
  type AuditSeal,
  type AuditSource,
  auditEvent,
} from '../audit/index.ts';
import { newId, newSecret } from '../lib/ids.ts';
import type { Queryable } from '../lib/sql.ts';
import { type AccessRow, insertAccesses, lockSequences, type SequenceClaim } from './access-store.ts';

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
): Promise<SequenceClaim[]> {
  if (accesses.length === 0) return [];
  const wanted = countPlaces(accesses);
  const claims = wanted.length === 0 ? [] : await lockSequences(tx, wanted);
  await insertAccesses(tx, sealAccesses(accesses, claims, deps.seal));
  return claims;
}

/** How many places each patient of the batch needs. */
export function countPlaces(accesses: readonly PreparedAccess[]): Omit<SequenceClaim, 'last'>[] {
  const wanted = new Map<string, { token: Uint8Array; added: number }>();
  for (const { token } of accesses) {
    if (token === undefined) continue;
    const key = hex(token);
    wanted.set(key, { token, added: (wanted.get(key)?.added ?? 0) + 1 });
  }
  return [...wanted.values()];
}

/** Numbers the accesses within their patients' claims, commits to each and seals it. */
export function sealAccesses(
  accesses: readonly PreparedAccess[],
  claims: readonly SequenceClaim[],
  seal: AuditSeal,
): AccessRow[] {
  const ends = new Map(claims.map(({ token, last }) => [hex(token), last]));
  return accesses.map((access) => {
    if (access.token === undefined) return sealAccess(access, undefined, seal);
    const key = hex(access.token);
    const place = (ends.get(key) ?? 0) + 1;
    ends.set(key, place);
    return sealAccess(access, place, seal);
  });
}

function sealAccess(
  { event, at, token }: PreparedAccess,
  patientSequence: number | undefined,
  seal: AuditSeal,
): AccessRow {
  const salt = newSecret(32);
  // A new id each time: the content key derives from it, and a batch that was overtaken is sealed a second time.
  const auditEvent = { ...event, id: newId() };
  return {
    eventId: auditEvent.id,
    recordedAt: at,
    patientToken: token,
    patientSequence,
    digest: commit('access', accessContent(auditEvent, patientSequence), salt),
    sealed: seal.seal({ salt: hex(salt), auditEvent }),
  };
}

/** What the leaf of an access commits to (docs/formats/access-entry.md). */
export function accessContent(event: AuditEvent, patientSequence: number | undefined): object {
  return { v: 1, patientSeq: patientSequence ?? null, auditEvent: event };
}
