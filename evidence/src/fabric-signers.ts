import { attempt, EvidenceError } from './errors.ts';
import type { Identity } from './fabric-msp.ts';

/** Who is named beside a signature, and the check that it is theirs. */
export type NamedSigner = { name: string; verified: () => Identity };
/** Whose signatures hold, each once, and what is wrong with the first that does not. */
export type Signers = { signers: Identity[]; fault: EvidenceError | undefined };

/**
 * Judges signatures of which enough have to hold. As for Fabric's peers, one that does not counts for nothing: whoever hands
 * them on can add some. Whose holds is not judged again.
 */
export function signersOf<Entry>(
  entries: readonly Entry[],
  signerOf: (entry: Entry) => NamedSigner,
): Signers {
  const held = new Map<string, Identity>();
  let fault: EvidenceError | undefined;
  for (const entry of entries) {
    const outcome = attempt(() => {
      const { name, verified } = signerOf(entry);
      if (!held.has(name)) held.set(name, verified());
    });
    if (outcome instanceof EvidenceError) fault ??= outcome;
  }
  return { signers: [...held.values()], fault };
}
