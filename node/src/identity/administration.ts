import { commit } from '@medseal/evidence';
import { newId, newSecret } from '../lib/ids.ts';
import type { Queryable } from '../lib/sql.ts';
import type { EvidencePort } from './ports.ts';

/** What is done to a node's own administration. Ids and counts only, never a person's name or number. */
export type AdministrationAct =
  | { kind: 'pseudonyms-evaluated'; organizationId: string; count: number }
  | { kind: 'member-approve' | 'member-enable'; staffId: string; organizationId: string; entryDigest: string }
  | { kind: 'member-disable' | 'member-remove'; staffId: string; organizationId: string };

/**
 * Writes an administrative act and its leaf in the caller's transaction. The leaf commits to the act under a random
 * salt; the row holds what opens it.
 */
export async function recordAct(
  tx: Queryable,
  act: AdministrationAct,
  { evidence, at }: { evidence: EvidencePort; at: Date },
): Promise<void> {
  const actId = newId();
  const salt = newSecret(32);
  const doneAt = at.toISOString();
  const digest = commit('statement', { v: 1, actId, doneAt, ...act }, salt);
  const [leafId] = await evidence.append(tx, [{ kind: 'administration', digest, at: doneAt }]);
  await tx.query(
    'insert into administration_act (act_id, act, salt, leaf_id, done_at) values ($1, $2, $3, $4, $5)',
    [actId, JSON.stringify(act), salt, String(leafId), doneAt],
  );
}
