import { createHmac } from 'node:crypto';
import { hex } from '@medseal/evidence';
import { ristretto255_oprf } from '@noble/curves/ed25519.js';
import type { Pseudonym } from '../lib/brand.ts';
import { newSecret } from '../lib/ids.ts';
import { IdentityError } from './errors.ts';
import { type NationalId, parseNationalId } from './national-id.ts';
import type { EvaluationTransport } from './ports.ts';
import { parseEvaluationReply, pseudonymBatchLimit } from './pseudonym-messages.ts';

/** Gives people their alliance pseudonym without showing the identity service who they are. */
export type PseudonymClient = { pseudonymsOf(nationalIds: readonly string[]): Promise<Pseudonym[]> };

const { voprf } = ristretto255_oprf;
const encoder = new TextEncoder();
const mostKept = 10_000;

/**
 * Client of the alliance's pseudonym function: VOPRF(ristretto255, SHA-512) of RFC 9497 §3.3.2. The proof is checked
 * against the alliance's pinned `publicKey`, so a service that answers with another key (to tag one hospital's
 * patients) is refused. The pseudonym is the first 32 bytes of the output.
 */
export function createPseudonymClient(options: {
  publicKey: Uint8Array;
  evaluate: EvaluationTransport;
}): PseudonymClient {
  const known = lastPseudonyms();
  return {
    async pseudonymsOf(nationalIds) {
      const parsed = nationalIds.map(parseNationalId);
      const pseudonyms = parsed.map(known.get);
      const missing = [...new Set(parsed.filter((_id, at) => pseudonyms[at] === undefined))];
      const found = new Map<NationalId, Pseudonym>();
      for (let at = 0; at < missing.length; at += pseudonymBatchLimit) {
        const batch = missing.slice(at, at + pseudonymBatchLimit);
        const evaluated = await evaluateBatch(batch, options);
        for (const [place, id] of batch.entries()) found.set(id, evaluated[place] as Pseudonym);
      }
      for (const [id, pseudonym] of found) known.keep(id, pseudonym);
      return parsed.map((id, at) => pseudonyms[at] ?? (found.get(id) as Pseudonym));
    },
  };
}

/**
 * The pseudonyms of the people who were asked about last, so that a doctor's next question costs the identity service
 * nothing. Kept under a keyed hash of this process: no list of identity numbers is in its memory.
 */
function lastPseudonyms(): {
  get(id: NationalId): Pseudonym | undefined;
  keep(id: NationalId, pseudonym: Pseudonym): void;
} {
  const secret = newSecret(32);
  const kept = new Map<string, Pseudonym>();
  const nameOf = (id: NationalId): string => createHmac('sha256', secret).update(id).digest('base64');
  return {
    get: (id) => kept.get(nameOf(id)),
    keep: (id, pseudonym) => {
      const [oldest] = kept.keys();
      if (kept.size >= mostKept && oldest !== undefined) kept.delete(oldest);
      kept.set(nameOf(id), pseudonym);
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
