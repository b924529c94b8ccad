import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../node/src/adapters/postgres/embedded.ts';
import { migrate, migrationsDirectory } from '../node/src/adapters/postgres/migrate.ts';
import { openDatabase } from '../node/src/adapters/postgres/pool.ts';
import { freePort } from './journey/ports.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    clusterUrl: string;
  }
}

/** One throw-away PostgreSQL cluster a test run, with a migrated template database. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const parent = mkdtempSync(join(process.getuid?.() === 0 ? '/var/tmp' : tmpdir(), 'medseal-test-'));
  if (process.getuid?.() === 0) (await import('node:fs')).chmodSync(parent, 0o755);
  const cluster = await startEmbeddedPostgres({
    directory: join(parent, 'postgres'),
    port: await freePort(),
    password: randomBytes(12).toString('hex'),
    settings: { max_connections: '200' },
  });
  await cluster.ensureDatabase('medseal_template');
  const database = openDatabase(cluster.url('medseal_template'), { maxConnections: 1 });
  await migrate(database, migrationsDirectory);
  await database.close();
  project.provide('clusterUrl', cluster.url('postgres'));
  return async () => {
    await cluster.stop();
    rmSync(parent, { recursive: true, force: true });
  };
}
