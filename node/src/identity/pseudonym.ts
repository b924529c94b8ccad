import { hex } from '@medseal/evidence';
import { ristretto255_oprf } from '@noble/curves/ed25519.js';
import type { Pseudonym } from '../lib/brand.ts';
import { IdentityError } from './errors.ts';
import { type NationalId, parseNationalId } from './national-id.ts';
import type { EvaluationTransport } from './ports.ts';
import { parseEvaluationReply, pseudonymBatchLimit } from './pseudonym-messages.ts';

/** Gives people their alliance pseudonym without showing the identity service who they are. */
export type PseudonymClient = { pseudonymsOf(nationalIds: readonly string[]): Promise<Pseudonym[]> };

const { voprf } = ristretto255_oprf;
const encoder = new TextEncoder();

/**
 * Client of the alliance's pseudonym function: VOPRF(ristretto255, SHA-512) of RFC 9497 §3.3.2. The proof is checked
 * against the alliance's pinned `publicKey`, so a service that answers with another key (to tag one hospital's
 * patients) is refused. The pseudonym is the first 32 bytes of the output.
 */
export function createPseudonymClient(options: {
  publicKey: Uint8Array;
  evaluate: EvaluationTransport;
}): PseudonymClient {
  return {
    async pseudonymsOf(nationalIds) {
      const parsed = nationalIds.map(parseNationalId);
      const pseudonyms: Pseudonym[] = [];
      for (let at = 0; at < parsed.length; at += pseudonymBatchLimit) {
        pseudonyms.push(...(await evaluateBatch(parsed.slice(at, at + pseudonymBatchLimit), options)));
      }
      return pseudonyms;
    },
  };
}

async function evaluateBatch(
  nationalIds: readonly NationalId[],
  { publicKey, evaluate }: { publicKey: Uint8Array; evaluate: EvaluationTransport },
): Promise<Pseudonym[]> {
  const blinds = nationalIds.map((id) => {
    const input = encoder.encode(`medseal/pseudonym/v1\n${id}`);
    return { input, ...voprf.blind(input) };
  });
  const reply = parseEvaluationReply(
    await evaluate({ blinded: blinds.map(({ blinded }) => hex(blinded)) }),
    blinds.length,
  );
  const items = blinds.map((blind, index) => ({
    ...blind,
    evaluated: reply.evaluated[index] ?? new Uint8Array(),
  }));
  return finalize(items, publicKey, reply.proof).map((output) => hex(output.subarray(0, 32)) as Pseudonym);
}

function finalize(
  items: Parameters<typeof voprf.finalizeBatch>[0],
  publicKey: Uint8Array,
  proof: Uint8Array,
): Uint8Array[] {
  try {
    return voprf.finalizeBatch(items, publicKey, proof);
  } catch (cause) {
    throw new IdentityError('IDENTITY_PSEUDONYM_PROOF_INVALID', { cause });
  }
}
