import fc from 'fast-check';
import { hexToBytes } from 'viem';
import { describe, expect, it } from 'vitest';
import { openTrieProof } from '../../../../evidence/src/evm-trie.ts';
import { toHex, trieProof } from './trie.ts';

describe('receipts trie', () => {
  it('gives proofs that the verifier opens, for blocks of any size, and for no other place', () => {
    const values = fc.array(fc.uint8Array({ minLength: 64, maxLength: 80 }), {
      minLength: 1,
      maxLength: 300,
    });

    fc.assert(
      fc.property(values, fc.nat(), (any, place) => {
        // No two receipts of a block are the same: the gas used so far grows.
        const receipts = any.map((bytes, at) => Uint8Array.of(at >> 8, at & 255, ...bytes));
        const index = place % receipts.length;
        const { root, nodes } = trieProof(receipts.map(toHex), index);
        const bytes = nodes.map((node) => hexToBytes(node));
        expect(openTrieProof(hexToBytes(root), index, bytes)).toEqual(receipts[index]);
        expect(() => openTrieProof(hexToBytes(root), index + 1, bytes)).toThrow(/NOTARY_RECEIPT|RLP_INVALID/);
      }),
      { numRuns: 40 },
    );
  });
});
