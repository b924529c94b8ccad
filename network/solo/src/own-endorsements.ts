import { hex, sha256 } from './signature.ts';

/** Remembers the endorsements this process made itself, so that it need not verify its own signatures at commit. */
export type OwnEndorsements = {
  remember(signed: Uint8Array, signature: Uint8Array): void;
  has(signed: Uint8Array, signature: Uint8Array): boolean;
};

/** One that was forgotten is merely verified. */
const maxRemembered = 20_000;

export function createOwnEndorsements(): OwnEndorsements {
  const remembered = new Set<string>();
  // The signature has a length of its own in DER, so that the two cannot be confused.
  const keyOf = (signed: Uint8Array, signature: Uint8Array): string => hex(sha256(signature, signed));
  return {
    remember: (signed, signature) => {
      if (remembered.size >= maxRemembered) remembered.clear();
      remembered.add(keyOf(signed, signature));
    },
    has: (signed, signature) => remembered.has(keyOf(signed, signature)),
  };
}
