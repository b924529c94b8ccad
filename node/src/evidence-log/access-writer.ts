import { hex } from '@medseal/evidence';
import type { AuditEntry } from '../audit/index.ts';
import { type Database, type Queryable, together } from '../lib/sql.ts';
import { claimAndInsert, readSequences, type SequenceClaim } from './access-store.ts';
import { EvidenceLogError } from './errors.ts';
import {
  type AccessDeps,
  countPlaces,
  type PreparedAccess,
  prepareAccess,
  recordAccess,
  sealAccesses,
} from './record-access.ts';

/**
 * What another module makes durable together with an access, such as the decision that it rests on. Entries with the same
 * `write` are written by one call; it may be called again, in another transaction, after one that was rolled back.
 */
export type Companion<Entry = unknown> = {
  entry: Entry;
  write(tx: Queryable, entries: readonly Entry[]): Promise<void>;
};

/** Records accesses that have no transaction of their own; nothing may be released before `write` resolved. */
export type AccessWriter = {
  /** Resolves when the entry and its companion are durable; rejects when they are not, and then the access must not happen. */
  write(entry: AuditEntry, companion?: Companion): Promise<void>;
  /** Waits for everything accepted so far; later writes are refused. */
  close(): Promise<void>;
};

type Waiting = {
  access: PreparedAccess;
  companion: Companion | undefined;
  resolve(): void;
  reject(error: unknown): void;
};
type Writing = AccessDeps & { db: Database };

const maxBatch = 256;
const maxWaiting = 10_000;
const mostKnownEnds = 10_000;
/** After others have moved a sequence on, it is locked for a while before it is: being overtaken costs a second write. */
const contestedMilliseconds = 10_000;
/** Codes of PostgreSQL for a batch of which surely nothing was written and that may succeed when it is repeated. */
const overtaken = new Set([
  // serialization_failure: by require_count, a sequence has moved on.
  '40001',
  // deadlock_detected: rolled back to let another transaction on the same patients pass.
  '40P01',
  // unique_violation: another process created a sequence, or took the place, in the same moment.
  '23505',
]);

/**
 * Group commit: whatever arrives while one batch is being written goes into the next one, so that many concurrent
 * reads share one statement and one fsync.
 */
export function createAccessWriter(deps: Writing): AccessWriter {
  const ends = createKnownEnds();
  let waiting: Waiting[] = [];
  let writing: Promise<void> | undefined;
  let closed = false;

  const writeAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      // One turn of the event loop, so that whatever has arrived by now shares the batch.
      await new Promise((resolve) => setImmediate(resolve));
      const batch = waiting.slice(0, maxBatch);
      waiting = waiting.slice(batch.length);
      await writeBatch(batch, ends, deps);
    }
    writing = undefined;
  };

  return {
    write: (entry, companion) =>
      new Promise<void>((resolve, reject) => {
        if (closed || waiting.length >= maxWaiting)
          throw new EvidenceLogError('EVIDENCE_ACCESS_UNAVAILABLE', {
            message: closed ? 'closed' : 'too many waiting',
          });
        waiting.push({ access: prepareAccess(entry, deps), companion, resolve, reject });
        writing ??= writeAll();
      }),
    close: async () => {
      closed = true;
      await writing;
    },
  };
}

async function writeBatch(batch: readonly Waiting[], ends: KnownEnds, deps: Writing): Promise<void> {
  try {
    await writeAccesses(batch, ends, deps);
    for (const { resolve } of batch) resolve();
  } catch (cause) {
    const error = new EvidenceLogError('EVIDENCE_ACCESS_UNAVAILABLE', { cause });
    for (const { reject } of batch) reject(error);
  }
}

/** In one go, or in a transaction that locks the patients' sequences where others record accesses of theirs just now. */
async function writeAccesses(batch: readonly Waiting[], ends: KnownEnds, deps: Writing): Promise<void> {
  const accesses = batch.map(({ access }) => access);
  const wanted = countPlaces(accesses);
  const write = { accesses, wanted, companions: writesOf(batch) };
  if (!ends.areContested(wanted) && (await writeUnlocked(write, ends, deps))) return;
  await writeLocked(write, deps).catch((error: unknown) => {
    if (!overtaken.has(codeOf(error))) throw error;
    return writeLocked(write, deps);
  });
}

function writeLocked({ accesses, companions }: Write, deps: Writing): Promise<void> {
  return deps.db.transaction(async (tx) => {
    for (const companion of companions) await companion(tx);
    await recordAccess(tx, accesses, deps);
  });
}

type Write = {
  accesses: readonly PreparedAccess[];
  wanted: readonly Omit<SequenceClaim, 'last'>[];
  companions: readonly ((tx: Queryable) => Promise<void>)[];
};

/** False when others were first: then nothing was written. */
async function writeUnlocked(
  { accesses, wanted, companions }: Write,
  ends: KnownEnds,
  { db, seal }: Writing,
): Promise<boolean> {
  const claims = await ends.claim(db, wanted);
  // Forgotten until the write is known to have worked: whatever happens to it, no place is ever given on a guess.
  ends.forget(claims);
  try {
    const rows = sealAccesses(accesses, claims, seal);
    if (companions.length === 0) await claimAndInsert(db, rows, claims);
    else
      await db.transaction((tx) =>
        together([...companions.map((write) => write(tx)), claimAndInsert(tx, rows, claims)]),
      );
    ends.remember(claims);
    return true;
  } catch (error) {
    if (!overtaken.has(codeOf(error))) throw error;
    ends.contest(claims);
    return false;
  }
}

/** One call for all companions of a kind. */
function writesOf(batch: readonly Waiting[]): ((tx: Queryable) => Promise<void>)[] {
  const companions = batch.flatMap(({ companion }) => (companion === undefined ? [] : [companion]));
  return [...Map.groupBy(companions, ({ write }) => write)].map(
    ([write, own]) =>
      (tx) =>
        write(
          tx,
          own.map(({ entry }) => entry),
        ),
  );
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code);
}

type KnownEnds = {
  claim(db: Database, wanted: readonly Omit<SequenceClaim, 'last'>[]): Promise<SequenceClaim[]>;
  forget(claims: readonly SequenceClaim[]): void;
  remember(claims: readonly SequenceClaim[]): void;
  /** Others write some of these sequences, too, or did a moment ago. */
  areContested(wanted: readonly Omit<SequenceClaim, 'last'>[]): boolean;
  contest(claims: readonly SequenceClaim[]): void;
};

/** Where the sequences ended when this process last wrote them; others may have moved them on since. */
function createKnownEnds(): KnownEnds {
  const known = new Map<string, number>();
  const contestedUntil = new Map<string, number>();
  const isContested = (key: string, now: number): boolean => {
    const until = contestedUntil.get(key) ?? 0;
    if (until <= now) contestedUntil.delete(key);
    return until > now;
  };
  return {
    claim: async (db, wanted) => {
      const missing = wanted.filter(({ token }) => !known.has(hex(token))).map(({ token }) => token);
      const read = missing.length === 0 ? new Map<string, number>() : await readSequences(db, missing);
      return wanted.map(({ token, added }) => {
        const key = hex(token);
        return { token, added, last: known.get(key) ?? read.get(key) ?? 0 };
      });
    },
    forget: (claims) => {
      for (const { token } of claims) known.delete(hex(token));
    },
    remember: (claims) => {
      for (const { token, last, added } of claims) keep(known, hex(token), last + added);
    },
    areContested: (wanted) => {
      const now = performance.now();
      return contestedUntil.size > 0 && wanted.some(({ token }) => isContested(hex(token), now));
    },
    contest: (claims) => {
      const until = performance.now() + contestedMilliseconds;
      for (const { token } of claims) keep(contestedUntil, hex(token), until);
    },
  };
}

function keep(kept: Map<string, number>, key: string, value: number): void {
  const [oldest] = kept.keys();
  if (kept.size >= mostKnownEnds && oldest !== undefined) kept.delete(oldest);
  kept.set(key, value);
}
