import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../../test/database.ts';
import { migrate } from './migrate.ts';

describe('postgres adapter', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await createTestDatabase();
  });
  afterAll(() => test.drop());

  it('commits all of a transaction or nothing', async () => {
    await test.db.query('create table account (name text primary key)');

    await expect(
      test.db.transaction(async (tx) => {
        await tx.query('insert into account values ($1)', ['kept?']);
        throw new Error('stop');
      }),
    ).rejects.toThrow('stop');

    expect((await test.db.query('select * from account')).rows).toEqual([]);
  });

  it('survives a connection that is ended between two statements of a transaction', async () => {
    const ended = test.db.transaction(async (tx) => {
      const { rows } = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
      await test.db.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
      await expect
        .poll(async () => {
          const { rowCount } = await test.db.query('select from pg_stat_activity where pid = $1', [
            rows[0]?.pid,
          ]);
          return rowCount;
        })
        .toBe(0);
      await tx.query('select 1');
    });

    await expect(ended).rejects.toThrow();
    expect((await test.db.query('select 1')).rowCount).toBe(1);
  });

  it('refuses a migration that was edited after it had been applied, and a database newer than the program', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'migrations-'));
    const clean = await createTestDatabase();
    await clean.db.query('delete from migration');
    await writeFile(join(folder, '900_first.sql'), 'create table first_thing (id int)');
    expect(await migrate(clean.db, folder)).toEqual(['900_first.sql']);
    expect(await migrate(clean.db, folder)).toEqual([]);

    await writeFile(join(folder, '900_first.sql'), 'create table first_thing (id bigint)');
    await expect(migrate(clean.db, folder)).rejects.toMatchObject({ code: 'MIGRATION_EDITED' });
    await expect(migrate(clean.db, await mkdtemp(join(tmpdir(), 'none-')))).rejects.toMatchObject({
      code: 'DATABASE_NEWER',
    });
    await clean.drop();
  });
});
