import { fromHex } from '@medseal/evidence';
import { z } from 'zod';
import { IdentityError } from './errors.ts';

/** Of the pseudonym function on the peer port. */
export const pseudonymPath = '/peer/pseudonyms';
/** Elements in one request; a larger cohort takes several. */
export const pseudonymBatchLimit = 64;

const element = z.string().regex(/^[0-9a-f]{64}$/);
const request = z.strictObject({ blinded: z.array(element).min(1).max(pseudonymBatchLimit) });
const reply = z.strictObject({
  evaluated: z.array(element),
  proof: z.string().regex(/^[0-9a-f]{128}$/),
});

/** Parses the body of an evaluation request. */
export function parseEvaluationRequest(body: unknown): Uint8Array[] {
  const parsed = request.safeParse(body);
  if (!parsed.success) throw new IdentityError('IDENTITY_PSEUDONYM_REQUEST_INVALID');
  return parsed.data.blinded.map(fromHex);
}

/** Parses the identity service's answer to a request of `count` elements. */
export function parseEvaluationReply(
  body: unknown,
  count: number,
): { evaluated: Uint8Array[]; proof: Uint8Array } {
  const parsed = reply.safeParse(body);
  if (!parsed.success || parsed.data.evaluated.length !== count) {
    throw new IdentityError('IDENTITY_PSEUDONYM_PROOF_INVALID');
  }
  return { evaluated: parsed.data.evaluated.map(fromHex), proof: fromHex(parsed.data.proof) };
}
