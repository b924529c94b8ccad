import { bytesToHex, type Hex, hexToBytes, keccak256, toRlp } from 'viem';

type Entry = { path: readonly number[]; value: Hex };
type Node = { items: RlpItems; below: ReadonlyMap<number, Node> };
type RlpItems = readonly (Hex | RlpItems)[];

/**
 * The Merkle Patricia trie over a block's receipts or transactions, keyed by their RLP-encoded place (Yellow Paper,
 * appendix D): its root, and the nodes from the root down to one place.
 */
export function trieProof(values: readonly Hex[], index: number): { root: Hex; nodes: Hex[] } {
  const entries = values.map((value, place) => ({ path: pathOf(place), value }));
  const root = build(entries);
  const nodes: Hex[] = [];
  let node: Node | undefined = root;
  let path: readonly number[] = pathOf(index);
  while (node !== undefined) {
    nodes.push(toRlp(node.items));
    const { next, rest } = step(node, path);
    node = next;
    path = rest;
  }
  return { root: keccak256(toRlp(root.items)), nodes };
}

function step(node: Node, path: readonly number[]): { next: Node | undefined; rest: readonly number[] } {
  if (node.items.length === 17) return { next: node.below.get(path[0] ?? 16), rest: path.slice(1) };
  const [[length, next] = []] = node.below; // an extension's child is kept under the length of its path
  return { next, rest: path.slice(length ?? 0) };
}

function build(entries: readonly Entry[]): Node {
  const [first] = entries;
  if (first === undefined) throw new Error('a trie without entries');
  if (entries.length === 1) return { items: [compact(first.path, 'leaf'), first.value], below: new Map() };
  const shared = sharedLength(entries);
  if (shared > 0) {
    const child = build(cut(entries, shared));
    return {
      items: [compact(first.path.slice(0, shared), 'extension'), reference(child)],
      below: new Map([[shared, child]]),
    };
  }
  const below = new Map<number, Node>();
  const items: (Hex | RlpItems)[] = Array.from({ length: 17 }, () => '0x' as const);
  for (let nibble = 0; nibble < 16; nibble += 1) {
    const branch = entries.filter(({ path }) => path[0] === nibble);
    if (branch.length === 0) continue;
    const child = build(cut(branch, 1));
    below.set(nibble, child);
    items[nibble] = reference(child);
  }
  return { items, below };
}

function cut(entries: readonly Entry[], length: number): Entry[] {
  return entries.map(({ path, value }) => ({ path: path.slice(length), value }));
}

function sharedLength(entries: readonly Entry[]): number {
  const path = entries[0]?.path ?? [];
  const differs = path.findIndex((nibble, at) => entries.some((entry) => entry.path[at] !== nibble));
  return differs === -1 ? path.length : differs;
}

// A node shorter than a hash stands in its parent itself.
function reference(node: Node): Hex | RlpItems {
  const encoded = toRlp(node.items);
  return encoded.length - 2 < 64 ? node.items : keccak256(encoded);
}

// Hex-prefix encoding, appendix C.
function compact(path: readonly number[], kind: 'leaf' | 'extension'): Hex {
  const flag = (kind === 'leaf' ? 2 : 0) + (path.length % 2);
  const nibbles = path.length % 2 === 1 ? [flag, ...path] : [flag, 0, ...path];
  return `0x${nibbles.map((nibble) => nibble.toString(16)).join('')}`;
}

function pathOf(place: number): number[] {
  const number = place.toString(16);
  const key = toRlp(place === 0 ? '0x' : `0x${number.padStart(number.length + (number.length % 2), '0')}`);
  return [...hexToBytes(key)].flatMap((byte) => [byte >> 4, byte & 15]);
}

/** Bytes of viem's hex as base64, the form of bytes in proof files. */
export function hexToBase64(value: Hex): string {
  return Buffer.from(hexToBytes(value)).toString('base64');
}

/** Bytes as viem's hex. */
export function toHex(bytes: Uint8Array): Hex {
  return bytesToHex(bytes);
}
