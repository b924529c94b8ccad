import type { KeyStore } from '../crypto/index.ts';
import type { Clock } from '../lib/clock.ts';
import { keyOf, type Owner, ownerToken } from './tokens.ts';
import type { RecordIndex } from './types.ts';

/** What was sealed in one version of a record. It never changes. */
export type OpenedVersion = {
  index: RecordIndex;
  version: number;
  leafId: string;
  /** Once the body was opened too. */
  body?: OpenedBody;
};
export type OpenedBody = {
  /** The record as JSON. */
  text: string;
  /** Salt of the commitment in the log. */
  contentSalt(): Uint8Array;
};

/**
 * Versions that were opened lately, by position. They say what a row holds, never whether there is one: callers ask the
 * database every time which rows are there, current and not erased, and look up only those.
 */
export type OpenedVersions = {
  get(position: string): OpenedVersion | undefined;
  keep(position: string, version: OpenedVersion): void;
  /** Drops everything of an erased owner from memory, and takes in no more of it: a read may be under way. */
  forget(ownerToken: Uint8Array): void;
  /** Drops everything and keeps nothing until `resume`: for as long as erasures by other processes are not heard of. */
  suspend(): void;
  resume(): void;
};

const mostCharacters = 24 * 1_048_576;
const largestKept = 65_536;
const keptMilliseconds = 5 * 60_000;
/** Longer than any read takes; an erased owner never comes back. */
const mostErased = 10_000;
/** Of the objects around the text; parsed values take about three times their text. */
const overhead = 600;

type Kept = { version: OpenedVersion; cost: number; usedAt: number };
type Deps = { clock: Clock; keyStore: KeyStore };

/** An empty memory of opened versions: bounded in size, and nothing stays five minutes after it was last needed. */
export function createOpenedVersions({ clock, keyStore }: Deps): OpenedVersions {
  // In the order of their last use.
  const kept = new Map<string, Kept>();
  const erased = createErasedOwners(keyStore);
  let characters = 0;
  let suspended = false;

  const drop = (position: string, { cost }: Kept): void => {
    kept.delete(position);
    characters -= cost;
  };
  const dropStale = (): void => {
    const oldest = clock.now().getTime() - keptMilliseconds;
    for (const [position, entry] of kept) {
      if (characters <= mostCharacters && entry.usedAt > oldest) return;
      drop(position, entry);
    }
  };
  const sweepLater = sweeper(() => {
    dropStale();
    return kept.size > 0;
  });
  const put = (position: string, version: OpenedVersion, cost: number): void => {
    kept.set(position, { version, cost, usedAt: clock.now().getTime() });
  };

  return {
    get: (position) => {
      const found = kept.get(position);
      if (found === undefined) return undefined;
      kept.delete(position);
      put(position, found.version, found.cost);
      return found.version;
    },
    keep: (position, version) => {
      const known = kept.get(position);
      if (known !== undefined) drop(position, known);
      const cost = costOf(version);
      if (suspended || cost > largestKept || erased.has(version.index.owner)) return;
      put(position, version, cost);
      characters += cost;
      dropStale();
      sweepLater();
    },
    forget: (token) => {
      erased.add(token);
      for (const [position, entry] of kept) if (erased.has(entry.version.index.owner)) drop(position, entry);
    },
    suspend: () => {
      suspended = true;
      kept.clear();
      characters = 0;
    },
    resume: () => {
      suspended = false;
    },
  };
}

/** Sweeps once in a while after it was called, for as long as `sweep` says that there is more. */
function sweeper(sweep: () => boolean): () => void {
  let waiting = false;
  const later = (): void => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      if (sweep()) later();
    }, keptMilliseconds).unref();
  };
  return later;
}

/** The owners that were erased last, by token. */
function createErasedOwners(keyStore: KeyStore): {
  add(token: Uint8Array): void;
  has(owner: Owner): boolean;
} {
  const tokens = new Set<string>();
  return {
    add: (token) => {
      const [oldest] = tokens;
      if (tokens.size >= mostErased && oldest !== undefined) tokens.delete(oldest);
      tokens.add(keyOf(token));
    },
    has: (owner) => tokens.size > 0 && tokens.has(keyOf(ownerToken(keyStore, owner))),
  };
}

function costOf({ index, body }: OpenedVersion): number {
  return overhead + 3 * JSON.stringify(index.values).length + (body === undefined ? 0 : body.text.length);
}
