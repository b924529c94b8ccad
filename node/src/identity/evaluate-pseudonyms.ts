import { hex } from '@medseal/evidence';
import { ristretto255_oprf } from '@noble/curves/ed25519.js';
import type { Clock } from '../lib/clock.ts';
import type { Database, Queryable } from '../lib/sql.ts';
import { recordAct } from './administration.ts';
import { IdentityError } from './errors.ts';
import type { EvidencePort } from './ports.ts';
import { parseEvaluationRequest } from './pseudonym-messages.ts';

const { voprf } = ristretto255_oprf;

export type EvaluationDeps = {
  db: Database;
  evidence: EvidencePort;
  clock: Clock;
  /** Secret scalar of the alliance's pseudonym function. */
  secretKey: Uint8Array;
  publicKey: Uint8Array;
  /** Evaluations one member may ask for in one day (UTC): far more than its patients, far fewer than a county. */
  dailyLimit: number;
};

/**
 * Evaluates the alliance's pseudonym function for one member (RFC 9497 §3.3.2). The service sees blinded elements
 * only. Quota and evidence are written before the answer leaves, in one transaction: a member that enumerates
 * identities runs into the first and is found by the second.
 */
export async function evaluatePseudonyms(
  body: unknown,
  organizationId: string,
  deps: EvaluationDeps,
): Promise<{ evaluated: string[]; proof: string }> {
  const blinded = parseEvaluationRequest(body);
  const at = deps.clock.now();
  const count = blinded.length;
  return deps.db.transaction(async (tx) => {
    // First, so that a member whose evaluations are used up costs no more arithmetic.
    await spendQuota(tx, { organizationId, count, at, limit: deps.dailyLimit });
    const { evaluated, proof } = evaluate(blinded, deps);
    await recordAct(tx, { kind: 'pseudonyms-evaluated', organizationId, count }, { ...deps, at });
    return { evaluated: evaluated.map(hex), proof: hex(proof) };
  });
}

function evaluate(
  blinded: Uint8Array[],
  { secretKey, publicKey }: EvaluationDeps,
): { evaluated: Uint8Array[]; proof: Uint8Array } {
  try {
    return voprf.blindEvaluateBatch(secretKey, publicKey, blinded);
  } catch (cause) {
    // An element that is no canonical, non-identity group element (RFC 9497 §3.3.1 DeserializeElement).
    throw new IdentityError('IDENTITY_PSEUDONYM_REQUEST_INVALID', { cause });
  }
}

async function spendQuota(
  tx: Queryable,
  use: { organizationId: string; count: number; at: Date; limit: number },
): Promise<void> {
  const { rowCount } = await tx.query(
    `insert into pseudonym_quota as quota (organization_id, day, used)
     select $1, $2::date, $3::integer where $3::integer <= $4::integer
     on conflict (organization_id, day) do update set used = quota.used + excluded.used
     where quota.used + excluded.used <= $4::integer`,
    [use.organizationId, use.at.toISOString().slice(0, 10), use.count, use.limit],
  );
  if (rowCount === 0) throw new IdentityError('IDENTITY_PSEUDONYM_LIMIT');
}
