import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { openDatabase, type PostgresDatabase } from '../node/src/adapters/postgres/pool.ts';

export type TestDatabase = { db: PostgresDatabase; url: string; drop(): Promise<void> };

async function asAdministrator(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject('clusterUrl') });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** A fresh, migrated database for one test file, cloned from the run's template. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `t_${randomUUID().replaceAll('-', '')}`;
  // Two files that clone at the same moment collide on the template's lock for an instant.
  for (let attempt = 1; ; attempt += 1) {
    try {
      await asAdministrator(`create database ${name} template medseal_template`);
      break;
    } catch (error) {
      if (attempt >= 50 || (error as { code?: string }).code !== '55006') throw error;
    }
  }
  const url = new URL(inject('clusterUrl'));
  url.pathname = `/${name}`;
  const db = openDatabase(url.href, { maxConnections: 12 });
  return {
    db,
    url: url.href,
    drop: async () => {
      await db.close();
      await asAdministrator(`drop database if exists ${name} with (force)`);
    },
  };
}
