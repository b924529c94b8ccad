import { nodeHash, rootHash } from '@medseal/evidence';

/** A tree that only grows and keeps nothing but the roots of its complete subtrees: O(log n) memory. */
export type Frontier = { readonly size: number; add(leafHash: Uint8Array): void; root(): Uint8Array };

/** The tree of RFC 9162 §2.1.1, leaf by leaf. */
export function createFrontier(): Frontier {
  // Roots of the complete subtrees from left to right; their sizes are the ones of the binary digits of `size`.
  const subtrees: Uint8Array[] = [];
  let size = 0;
  return {
    get size() {
      return size;
    },
    add: (leafHash) => {
      let hash = leafHash;
      for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2)
        hash = nodeHash(subtrees.pop() ?? hash, hash);
      subtrees.push(hash);
      size += 1;
    },
    root: () => (size === 0 ? rootHash([]) : subtrees.reduceRight((right, left) => nodeHash(left, right))),
  };
}
