import { concat, equalBytes, sha256 } from './bytes.ts';
import { EvidenceError } from './errors.ts';

/** Gives the root of the complete subtree `index` of 2^level leaves: level 0 are the leaf hashes. */
export type HashReader = (level: number, index: number) => Uint8Array;

/** What an inclusion proof is checked against. */
export type InclusionClaim = {
  leafHash: Uint8Array;
  leafIndex: number;
  treeSize: number;
  proof: readonly Uint8Array[];
  rootHash: Uint8Array;
};

/** What a consistency proof is checked against. */
export type ConsistencyClaim = {
  oldSize: number;
  oldRoot: Uint8Array;
  newSize: number;
  newRoot: Uint8Array;
  proof: readonly Uint8Array[];
};

/** A consistency proof with the subtree it climbs from, bottom up. */
export type GrowthPath = { oldSize: number; newSize: number; path: readonly Uint8Array[] };

const hashLength = 32;
const maxProofLength = 53;
const nodePrefix = Uint8Array.of(0x01);
const node = new Uint8Array(1 + 2 * hashLength);
node.set(nodePrefix);

/** Hash of an inner node: SHA-256(0x01 ‖ left ‖ right), RFC 9162 §2.1.1. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length !== hashLength || right.length !== hashLength)
    return sha256(concat(nodePrefix, left, right));
  node.set(left, 1);
  node.set(right, 1 + hashLength);
  return sha256(node);
}

/** Root of the tree over these leaf hashes; SHA-256 of nothing for the empty tree (RFC 9162 §2.1.1). */
export function rootHash(leafHashes: readonly Uint8Array[]): Uint8Array {
  if (leafHashes.length === 0) return sha256(new Uint8Array(0));
  let level = [...leafHashes];
  while (level.length > 1) {
    const next: Uint8Array[] = [];
    for (let at = 0; at < level.length; at += 2) {
      const [left, right] = [level[at], level[at + 1]];
      if (left !== undefined) next.push(right === undefined ? left : nodeHash(left, right));
    }
    level = next;
  }
  const [root] = level;
  if (root === undefined) throw new EvidenceError('MERKLE_INVALID');
  return root;
}

/** Root of the first `treeSize` leaves, from complete subtrees. */
export function treeRoot(read: HashReader, treeSize: number): Uint8Array {
  requireSize(treeSize);
  return treeSize === 0 ? sha256(new Uint8Array(0)) : rangeHash(read, 0, treeSize);
}

/** Path that proves leaf `leafIndex` in the tree of `treeSize` leaves (RFC 9162 §2.1.3.1). */
export function inclusionProof(read: HashReader, leafIndex: number, treeSize: number): Uint8Array[] {
  return inclusionProofs(read, [leafIndex], treeSize)[0] ?? [];
}

/** Paths of several leaves in one tree; what lies along its right edge is computed once for all of them. */
export function inclusionProofs(
  read: HashReader,
  leafIndices: readonly number[],
  treeSize: number,
): Uint8Array[][] {
  requireSize(treeSize);
  const edge = new Map<number, Uint8Array>();
  const hashOf = (start: number, end: number): Uint8Array => {
    if (end < treeSize) return rangeHash(read, start, end);
    const hash = edge.get(start) ?? rangeHash(read, start, end);
    edge.set(start, hash);
    return hash;
  };
  return leafIndices.map((leafIndex) => pathOf(leafIndex, treeSize, hashOf));
}

function pathOf(
  leafIndex: number,
  treeSize: number,
  hashOf: (start: number, end: number) => Uint8Array,
): Uint8Array[] {
  if (!isSize(leafIndex) || leafIndex >= treeSize)
    throw new EvidenceError('MERKLE_INVALID', { message: 'index' });
  const path: Uint8Array[] = [];
  let start = 0;
  let end = treeSize;
  while (end - start > 1) {
    const middle = start + split(end - start);
    if (leafIndex < middle) {
      path.push(hashOf(middle, end));
      end = middle;
    } else {
      path.push(hashOf(start, middle));
      start = middle;
    }
  }
  return path.reverse();
}

/** Proof that the tree of `oldSize` leaves is a prefix of the one of `newSize` (RFC 9162 §2.1.4.1). */
export function consistencyProof(read: HashReader, oldSize: number, newSize: number): Uint8Array[] {
  requireSize(newSize);
  if (!isSize(oldSize) || oldSize > newSize) throw new EvidenceError('MERKLE_INVALID', { message: 'sizes' });
  if (oldSize === 0 || oldSize === newSize) return [];
  const path: Uint8Array[] = [];
  let start = 0;
  let end = newSize;
  while (end !== oldSize) {
    const middle = start + split(end - start);
    if (oldSize <= middle) {
      path.push(rangeHash(read, middle, end));
      end = middle;
    } else {
      path.push(rangeHash(read, start, middle));
      start = middle;
    }
  }
  if (start !== 0) path.push(rangeHash(read, start, end));
  return path.reverse();
}

/** How many hashes the inclusion proof of this leaf has (leafIndex < treeSize). */
export function inclusionPathLength(leafIndex: number, treeSize: number): number {
  let length = 0;
  let [start, end] = [0, treeSize];
  while (end - start > 1) {
    const middle = start + split(end - start);
    if (leafIndex < middle) end = middle;
    else start = middle;
    length += 1;
  }
  return length;
}

/** Whether the path leads from the leaf to the root (RFC 9162 §2.1.3.2). Never throws. */
export function verifyInclusion(claim: InclusionClaim): boolean {
  const { leafHash, leafIndex, treeSize, proof, rootHash: root } = claim;
  if (!isSize(leafIndex) || !isSize(treeSize) || leafIndex >= treeSize) return false;
  if (!areHashes([leafHash, root]) || !areHashes(proof)) return false;
  let computed = leafHash;
  const complete = climb(proof, { fn: leafIndex, sn: treeSize - 1 }, (sibling, side) => {
    computed = side === 'left' ? nodeHash(sibling, computed) : nodeHash(computed, sibling);
  });
  return complete && equalBytes(computed, root);
}

/** Whether the older tree is a prefix of the newer one (RFC 9162 §2.1.4.2). Never throws. */
export function verifyConsistency({ oldSize, oldRoot, newSize, newRoot, proof }: ConsistencyClaim): boolean {
  if (!isSize(oldSize) || !isSize(newSize) || oldSize > newSize) return false;
  if (!areHashes([oldRoot, newRoot]) || !areHashes(proof)) return false;
  if (oldSize === newSize) return proof.length === 0 && equalBytes(oldRoot, newRoot);
  if (oldSize === 0) return proof.length === 0 && equalBytes(oldRoot, sha256(new Uint8Array(0)));
  return proof.length > 0 && extendsTree({ oldSize, oldRoot, newSize, newRoot, proof });
}

/**
 * The roots that a growth path gives for its two sizes: a consistency proof (RFC 9162 §2.1.4.1) that always begins with
 * the subtree it climbs from, which the RFC leaves out where the old size is a power of two. Whoever trusts the new root
 * learns the only root that the first `oldSize` leaves can have. Undefined when the path does not fit the sizes.
 */
export function growthRoots({
  oldSize,
  newSize,
  path,
}: GrowthPath): { oldRoot: Uint8Array; newRoot: Uint8Array } | undefined {
  const [first, ...rest] = path;
  if (!isSize(oldSize) || !isSize(newSize) || oldSize < 1 || oldSize >= newSize) return undefined;
  if (first === undefined || !areHashes(path)) return undefined;
  let position = { fn: oldSize - 1, sn: newSize - 1 };
  while (position.fn % 2 === 1) position = parent(position);
  let [older, newer] = [first, first];
  const complete = climb(rest, position, (sibling, side) => {
    if (side === 'left') older = nodeHash(sibling, older);
    newer = side === 'left' ? nodeHash(sibling, newer) : nodeHash(newer, sibling);
  });
  return complete ? { oldRoot: older, newRoot: newer } : undefined;
}

/** The growth path from `oldSize` to a greater size. */
export function growthPath(read: HashReader, oldSize: number, newSize: number): Uint8Array[] {
  const proof = consistencyProof(read, oldSize, newSize);
  return isPowerOfTwo(oldSize) ? [rangeHash(read, 0, oldSize), ...proof] : proof;
}

function extendsTree({ oldSize, oldRoot, newSize, newRoot, proof }: ConsistencyClaim): boolean {
  const path = isPowerOfTwo(oldSize) ? [oldRoot, ...proof] : proof;
  const roots = growthRoots({ oldSize, newSize, path });
  return roots !== undefined && equalBytes(roots.oldRoot, oldRoot) && equalBytes(roots.newRoot, newRoot);
}

/** A node (fn) and the last node (sn) of its level, as RFC 9162 names them. */
type Position = { fn: number; sn: number };

/** Walks towards the root, one sibling a step; false when there are too few or too many. */
function climb(
  siblings: readonly Uint8Array[],
  start: Position,
  combine: (sibling: Uint8Array, side: 'left' | 'right') => void,
): boolean {
  let at = start;
  for (const sibling of siblings) {
    if (at.sn === 0) return false;
    const side = at.fn % 2 === 1 || at.fn === at.sn ? 'left' : 'right';
    combine(sibling, side);
    if (side === 'left') while (at.fn % 2 === 0 && at.fn !== 0) at = parent(at);
    at = parent(at);
  }
  return at.sn === 0;
}

function parent({ fn, sn }: Position): Position {
  return { fn: Math.floor(fn / 2), sn: Math.floor(sn / 2) };
}

function rangeHash(read: HashReader, start: number, end: number): Uint8Array {
  const size = end - start;
  if (isPowerOfTwo(size)) return read(Math.log2(size), start / size);
  const middle = start + split(size);
  return nodeHash(rangeHash(read, start, middle), rangeHash(read, middle, end));
}

/** Largest power of two smaller than `size` (size > 1). */
function split(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}

function isPowerOfTwo(size: number): boolean {
  let rest = size;
  while (rest > 1 && rest % 2 === 0) rest /= 2;
  return rest === 1;
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function requireSize(size: number): void {
  if (!isSize(size)) throw new EvidenceError('MERKLE_INVALID', { message: 'size' });
}

function areHashes(hashes: readonly unknown[]): boolean {
  return (
    Array.isArray(hashes) &&
    hashes.length <= maxProofLength + 1 &&
    hashes.every((hash) => hash instanceof Uint8Array && hash.length === hashLength)
  );
}
