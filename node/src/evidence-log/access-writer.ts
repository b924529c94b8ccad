import type { AuditEntry } from '../audit/index.ts';
import type { Database } from '../lib/sql.ts';
import { EvidenceLogError } from './errors.ts';
import { type AccessDeps, type PreparedAccess, prepareAccess, recordAccess } from './record-access.ts';

/** Records accesses that have no transaction of their own; nothing may be released before `write` resolved. */
export type AccessWriter = {
  /** Resolves when the entry is durable; rejects when it is not, and then the access must not happen. */
  write(entry: AuditEntry): Promise<void>;
  /** Waits for everything accepted so far; later writes are refused. */
  close(): Promise<void>;
};

type Waiting = { access: PreparedAccess; resolve(): void; reject(error: unknown): void };

const maxBatch = 256;
const maxWaiting = 10_000;
const deadlockDetected = '40P01';

/**
 * Group commit: whatever arrives while one transaction is being written goes into the next one, so that many
 * concurrent reads share one fsync.
 */
export function createAccessWriter({ db, ...deps }: AccessDeps & { db: Database }): AccessWriter {
  let waiting: Waiting[] = [];
  let writing: Promise<void> | undefined;
  let closed = false;

  const writeAll = async (): Promise<void> => {
    // One turn of the event loop, so that requests of the same tick share the first transaction too.
    await new Promise((resolve) => setImmediate(resolve));
    while (waiting.length > 0) {
      const batch = waiting.slice(0, maxBatch);
      waiting = waiting.slice(batch.length);
      await writeBatch(db, batch, deps);
    }
    writing = undefined;
  };

  return {
    write: (entry) =>
      new Promise<void>((resolve, reject) => {
        if (closed || waiting.length >= maxWaiting)
          throw new EvidenceLogError('EVIDENCE_ACCESS_UNAVAILABLE', {
            message: closed ? 'closed' : 'too many waiting',
          });
        waiting.push({ access: prepareAccess(entry, deps), resolve, reject });
        writing ??= writeAll();
      }),
    close: async () => {
      closed = true;
      await writing;
    },
  };
}

async function writeBatch(db: Database, batch: readonly Waiting[], deps: AccessDeps): Promise<void> {
  const accesses = batch.map(({ access }) => access);
  try {
    await inTransaction(db, accesses, deps);
    for (const { resolve } of batch) resolve();
  } catch (cause) {
    const error = new EvidenceLogError('EVIDENCE_ACCESS_UNAVAILABLE', { cause });
    for (const { reject } of batch) reject(error);
  }
}

async function inTransaction(
  db: Database,
  accesses: readonly PreparedAccess[],
  deps: AccessDeps,
): Promise<void> {
  const write = (): Promise<void> => db.transaction((tx) => recordAccess(tx, accesses, deps));
  try {
    await write();
  } catch (error) {
    // Rolled back by PostgreSQL to let another transaction on the same patients pass; nothing was written.
    if ((error as { code?: unknown }).code !== deadlockDetected) throw error;
    await write();
  }
}
