import { keccak_256 } from '@noble/hashes/sha3.js';
import { equalBytes } from './bytes.ts';
import { type EvidenceError, refusal } from './errors.ts';
import { decodeRlp, encodeRlpInteger, type Rlp, rlpBytes, rlpList } from './evm-rlp.ts';

/**
 * The value at place `index` of a block's receipts or transactions trie, proved by the nodes from the root down
 * (Yellow Paper, appendix D). Every node must be used. Values here are longer than 32 bytes, so a node is never
 * embedded in its parent; one that is gets refused.
 */
export function openTrieProof(root: Uint8Array, index: number, nodes: readonly Uint8Array[]): Uint8Array {
  const path = nibblesOf(encodeRlpInteger(index));
  let expected = root;
  let at = 0;
  for (const [depth, node] of nodes.entries()) {
    if (!equalBytes(keccak_256(node), expected)) throw broken('a node that its parent does not name');
    const step = descend(rlpList(decodeRlp(node)), path.slice(at));
    at += step.used;
    if (step.kind === 'value') {
      if (depth !== nodes.length - 1) throw broken('a node that is not on the path');
      return step.bytes;
    }
    expected = step.bytes;
  }
  throw broken('the path ends before the value');
}

type Step = { kind: 'child' | 'value'; bytes: Uint8Array; used: number };

function descend(items: readonly Rlp[], path: readonly number[]): Step {
  if (items.length === 17) {
    const [next] = path;
    if (next === undefined) throw broken('the path ends in a branch');
    return { kind: 'child', bytes: rlpBytes(items[next], 32), used: 1 };
  }
  if (items.length !== 2) throw broken('not a node');
  const { leaf, nibbles } = compactPath(rlpBytes(items[0]));
  if (nibbles.some((nibble, place) => path[place] !== nibble)) throw broken('another path');
  if (!leaf) return { kind: 'child', bytes: rlpBytes(items[1], 32), used: nibbles.length };
  if (nibbles.length !== path.length) throw broken('another path');
  return { kind: 'value', bytes: rlpBytes(items[1]), used: nibbles.length };
}

// Hex-prefix encoding (appendix C): bit 1 of the first nibble = leaf, bit 0 = odd number of nibbles.
function compactPath(bytes: Uint8Array): { leaf: boolean; nibbles: number[] } {
  const [flag, ...nibbles] = nibblesOf(bytes);
  if (flag === undefined || flag > 3) throw broken('a path without its flag');
  if (flag % 2 === 0 && nibbles.shift() !== 0) throw broken('a path with wrong padding');
  if (flag < 2 && nibbles.length === 0) throw broken('an extension without a path');
  return { leaf: flag >= 2, nibbles };
}

function nibblesOf(bytes: Uint8Array): number[] {
  return [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);
}

function broken(message: string): EvidenceError {
  return refusal('NOTARY_RECEIPT', message);
}
