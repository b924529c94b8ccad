import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../lib/errors.ts';
import type { Database, Queryable } from '../../lib/sql.ts';

type Migration = { name: string; sql: string; digest: string };

/** Folder of the SQL migrations that belong to this version of the node. */
export const migrationsDirectory = fileURLToPath(new URL('../../../migrations/', import.meta.url));

const lockKey = 7_163_325;

async function readMigrations(directory: string): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => /^\d{3}_[a-z0-9_]+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(join(directory, name), 'utf8');
      return { name, sql, digest: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

async function applyOne(tx: Queryable, migration: Migration): Promise<void> {
  await tx.query('insert into migration (name, digest) values ($1, $2)', [migration.name, migration.digest]);
  await tx.query(migration.sql);
}

function assertSame(known: ReadonlyMap<string, string>, migrations: readonly Migration[]): void {
  const shipped = new Set(migrations.map(({ name }) => name));
  for (const { name, digest } of migrations) {
    const applied = known.get(name);
    if (applied !== undefined && applied !== digest) {
      throw new AppError('MIGRATION_EDITED', {
        message: `migration ${name} was changed after it had been applied`,
      });
    }
  }
  for (const name of known.keys()) {
    if (!shipped.has(name)) {
      throw new AppError('DATABASE_NEWER', {
        message: `the database has migration ${name}, which this version does not know`,
      });
    }
  }
}

/**
 * Brings the database to this version's schema: forward only, in one transaction, one starter at a time.
 * Throws MIGRATION_EDITED when an applied file was changed and DATABASE_NEWER when a newer version has been here.
 */
export async function migrate(database: Database, directory: string): Promise<string[]> {
  const migrations = await readMigrations(directory);
  return database.transaction(async (tx) => {
    // Another process of the node may be at it, for longer than a statement may wait otherwise.
    await tx.query(
      `select set_config('lock_timeout', '0', true), set_config('statement_timeout', '0', true)`,
    );
    await tx.query('select pg_advisory_xact_lock($1)', [lockKey]);
    await tx.query(`select set_config('lock_timeout', '10s', true)`);
    await tx.query(
      'create table if not exists migration (name text primary key, digest text not null, applied_at timestamptz not null default now())',
    );
    const { rows } = await tx.query<{ name: string; digest: string }>('select name, digest from migration');
    const known = new Map(rows.map(({ name, digest }) => [name, digest]));
    assertSame(known, migrations);
    const pending = migrations.filter(({ name }) => !known.has(name));
    for (const migration of pending) await applyOne(tx, migration);
    return pending.map(({ name }) => name);
  });
}
