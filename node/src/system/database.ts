import { migrate, migrationsDirectory } from '../adapters/postgres/migrate.ts';
import { openDatabase, type PostgresDatabase } from '../adapters/postgres/pool.ts';
import type { Config } from '../config.ts';
import { AppError } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import type { Database } from '../lib/sql.ts';

/** Opens the node's database and one connection for what a transaction of it may wait for. */
export function openDatabases(
  { MEDSEAL_DATABASE_URL: url, MEDSEAL_DATABASE_CONNECTIONS: maxConnections }: Config,
  logger: Logger,
): { db: PostgresDatabase; journal: PostgresDatabase } {
  const onError = (error: Error): void => logger.error('database.connection-lost', { error });
  return {
    db: openDatabase(url, { maxConnections, onError }),
    journal: openDatabase(url, { maxConnections: 1, onError }),
  };
}

/**
 * Brings the database to this version's schema. Throws DATABASE_UNUSABLE, DATABASE_READ_ONLY or MIGRATION_FAILED with
 * what an operator can do about it.
 */
export async function bringUpToDate({ MEDSEAL_DATABASE_URL: url }: Config): Promise<void> {
  // A migration takes as long as it takes.
  const database = openDatabase(url, { maxConnections: 1, answerMilliseconds: 0, onError: () => undefined });
  try {
    await reach(database);
    await migrate(database, migrationsDirectory);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const { code } = cause as { code?: unknown };
    const why = code === '42501' ? 'its user may not create tables there: it must own the database' : code;
    throw new AppError('MIGRATION_FAILED', {
      message: `the database cannot be brought to this version (${String(why)}); nothing was changed`,
      cause,
    });
  } finally {
    await database.close();
  }
}

/** Throws DATABASE_READ_ONLY for a copy that follows another server, or one that an operator has closed for writing. */
export async function requireWritable(db: Pick<Database, 'query'>): Promise<void> {
  const { rows } = await db.query<{ transaction_read_only: string }>('show transaction_read_only');
  if (rows[0]?.transaction_read_only !== 'off')
    throw new AppError('DATABASE_READ_ONLY', {
      message: 'MEDSEAL_DATABASE_URL: the database takes no writes; give the primary, not a copy of it',
    });
}

async function reach(database: Database): Promise<void> {
  try {
    await requireWritable(database);
  } catch (cause) {
    const { code } = cause as { code?: unknown };
    if (code === 'DATABASE_READ_ONLY') throw cause;
    throw new AppError('DATABASE_UNUSABLE', {
      message: `MEDSEAL_DATABASE_URL: ${reasons.get(String(code)) ?? `the database cannot be used (${String(code)})`}`,
      cause,
    });
  }
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'nothing answers at this host and port: is PostgreSQL started? (ECONNREFUSED)'],
  ['ENOENT', 'there is no Unix socket in this folder with this port: is PostgreSQL started? (ENOENT)'],
  ['ENOTFOUND', 'the host name is unknown (ENOTFOUND)'],
  ['EAI_AGAIN', 'the host name cannot be looked up now (EAI_AGAIN)'],
  ['28P01', 'the password is refused (28P01)'],
  ['28000', 'this user may not log in from here: see pg_hba.conf (28000)'],
  ['3D000', 'there is no such database: create it first (3D000)'],
  ['53300', 'all connections are in use: raise max_connections (53300)'],
  ['57P03', 'PostgreSQL is starting or stopping: try again (57P03)'],
  [
    'DATABASE_UNAVAILABLE',
    'what answers there is no PostgreSQL, does not answer in time, or does not speak TLS as sslmode asks',
  ],
]);
