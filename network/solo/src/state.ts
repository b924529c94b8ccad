/** Where a value was written: block and position in it. */
export type Version = { block: number; transaction: number };

/** One value a key had; `value` is undefined where the key was deleted. */
export type Revision = Version & {
  value: Uint8Array | undefined;
  txId: string;
  timestamp: { seconds: number; nanos: number };
};

export type KeyWrite = { namespace: string; key: string; value: Uint8Array | undefined };

/** The state as it was after the block below `height`; never changes while it is read. */
export type StateView = {
  get(namespace: string, key: string): Revision | undefined;
  /** Live keys from `start` (inclusive) to `end` (exclusive; empty means no end), in the order of their UTF-8 bytes. */
  range(namespace: string, start: string, end: string): Iterable<[string, Revision]>;
  history(namespace: string, key: string): Revision[];
};

/** Every revision of every key, in memory; rebuilt from the blocks at start. */
export type WorldState = {
  view(height: number): StateView;
  apply(writes: readonly KeyWrite[], revision: Omit<Revision, 'value'>): void;
};

type Namespace = { revisions: Map<string, Revision[]>; sortedKeys: string[]; newKeys: string[] };

export function createState(): WorldState {
  const namespaces = new Map<string, Namespace>();
  const at = (namespace: string): Namespace => {
    const found = namespaces.get(namespace) ?? { revisions: new Map(), sortedKeys: [], newKeys: [] };
    namespaces.set(namespace, found);
    return found;
  };
  return {
    view: (height) => ({
      get: (namespace, key) => liveAt(at(namespace).revisions.get(key), height),
      range: (namespace, start, end) => rangeOf(at(namespace), { start, end, height }),
      history: (namespace, key) =>
        (at(namespace).revisions.get(key) ?? []).filter(({ block }) => block < height),
    }),
    apply: (writes, revision) => {
      for (const { namespace, key, value } of writes) {
        const space = at(namespace);
        const revisions = space.revisions.get(key);
        if (revisions === undefined) space.newKeys.push(key);
        // A copy: a parsed value is a view that would keep its whole block in memory.
        const written = { ...revision, value: value?.slice() };
        if (revisions === undefined) space.revisions.set(key, [written]);
        else revisions.push(written);
      }
    },
  };
}

function liveAt(revisions: readonly Revision[] | undefined, height: number): Revision | undefined {
  const last = revisions?.findLast(({ block }) => block < height);
  return last?.value === undefined ? undefined : last;
}

function* rangeOf(
  space: Namespace,
  { start, end, height }: { start: string; end: string; height: number },
): Generator<[string, Revision]> {
  const keys = sortedKeysOf(space);
  for (let index = lowerBound(keys, start); index < keys.length; index += 1) {
    const key = keys[index] ?? '';
    if (end !== '' && compareUtf8(key, end) >= 0) return;
    const revision = liveAt(space.revisions.get(key), height);
    if (revision !== undefined) yield [key, revision];
  }
}

/** Merges new keys in when somebody asks; sorting two sorted runs is nearly linear. Never changes an array in place. */
function sortedKeysOf(space: Namespace): readonly string[] {
  if (space.newKeys.length > 0) {
    space.sortedKeys = [...space.sortedKeys, ...space.newKeys].sort(compareUtf8);
    space.newKeys = [];
  }
  return space.sortedKeys;
}

function lowerBound(keys: readonly string[], start: string): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareUtf8(keys[middle] ?? '', start) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Order of the UTF-8 bytes, as in a peer's database; JavaScript's own order differs above U+D800. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const [x, y] = [a.charCodeAt(index), b.charCodeAt(index)];
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above U+FFFF, so they sort after U+E000–U+FFFF. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}
