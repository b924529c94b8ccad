import { encodeReadWriteSet, type KeyRead, type RangeRead } from '../rwset.ts';
import type { KeyWrite, Revision, StateView } from '../state.ts';

/**
 * One run of a transaction over a view of the state, as a peer's simulator keeps it: reads see the committed state
 * only, never the transaction's own writes; the first read of a key counts; the last write of a key counts.
 */
export class Simulation {
  readonly #view: StateView;
  readonly #namespace: string;
  readonly #reads = new Map<string, KeyRead>();
  readonly #writes = new Map<string, KeyWrite>();
  readonly #ranges: RangeRead[] = [];

  constructor(view: StateView, namespace: string) {
    this.#view = view;
    this.#namespace = namespace;
  }

  get(key: string): Uint8Array {
    const namespace = this.#namespace;
    const revision = this.#view.get(namespace, key);
    if (!this.#reads.has(key)) this.#reads.set(key, { namespace, key, version: versionOf(revision) });
    return revision?.value ?? new Uint8Array();
  }

  /** A value of no bytes is a deletion, as on a peer (rwsetutil newKVWrite). */
  put(key: string, value: Uint8Array | undefined): void {
    const kept = value === undefined || value.length === 0 ? undefined : value;
    this.#writes.set(key, { namespace: this.#namespace, key, value: kept });
  }

  /** Keys of a range; what the caller takes of it is recorded, so that a phantom is noticed at commit. */
  *range(start: string, end: string): Generator<[string, Uint8Array]> {
    const read: RangeRead = { namespace: this.#namespace, start, end, exhausted: false, found: [] };
    this.#ranges.push(read);
    for (const [key, revision] of this.#view.range(this.#namespace, start, end)) {
      read.found.push({ key, version: { block: revision.block, transaction: revision.transaction } });
      yield [key, revision.value ?? new Uint8Array()];
    }
    read.exhausted = true;
  }

  /** Newest first, as since Fabric 2.0; history is not validated at commit. */
  history(key: string): Revision[] {
    return this.#view.history(this.#namespace, key).reverse();
  }

  results(): Uint8Array {
    const ranges = this.#ranges.map((range) => ({
      ...range,
      end: range.exhausted ? range.end : (range.found.at(-1)?.key ?? range.start),
    }));
    return encodeReadWriteSet({
      reads: [...this.#reads.values()],
      ranges,
      writes: [...this.#writes.values()],
    });
  }
}

function versionOf(revision: Revision | undefined): KeyRead['version'] {
  return revision === undefined ? undefined : { block: revision.block, transaction: revision.transaction };
}
