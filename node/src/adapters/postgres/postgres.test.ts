import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../../test/database.ts';
import { socketFolder } from './embedded.ts';
import { migrate } from './migrate.ts';
import { openDatabase } from './pool.ts';

describe('postgres adapter', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await createTestDatabase();
  });
  afterAll(() => test.drop());

  it('has the server find out soon that its machine is gone', async () => {
    const db = openDatabase(Object.assign(new URL(test.url), { hostname: '127.0.0.1' }).href);
    const { rows } = await db.query<{ name: string; setting: string }>(
      `select name, setting from pg_settings where name like 'tcp_keepalives_%' order by name`,
    );

    expect(rows.map(({ name, setting }) => [name, setting])).toEqual([
      ['tcp_keepalives_count', '3'],
      ['tcp_keepalives_idle', '10'],
      ['tcp_keepalives_interval', '5'],
    ]);
    await db.close();
  });

  it('reaches a cluster on this machine over its Unix socket, if the path of that is not too long', async () => {
    const { rows } = await test.db.query('select inet_server_addr() as address', []);
    const [root, name] = [tmpdir(), '.s.PGSQL.15432'];
    const longest = join(root, 'd'.repeat(103 - join(root, 'x', name).length + 1));

    expect(socketFolder(root, 15_432)).toBe(root);
    expect(rows).toEqual([{ address: socketFolder(root, 15_432) === undefined ? '127.0.0.1' : null }]);
    expect(socketFolder(longest, 15_432)).toBe(longest);
    expect(socketFolder(`${longest}d`, 15_432)).toBeUndefined();
  });

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

    await expect(ended).rejects.toMatchObject({
      code: expect.stringMatching(/^(?:57P01|DATABASE_UNAVAILABLE)$/),
    });
    expect((await test.db.query('select 1')).rowCount).toBe(1);
  });

  it('answers the selects of one moment on one connection, each with its own outcome', async () => {
    const own = 'select pg_backend_pid() as pid, $1::int as asked';
    const [first, broken, third] = await Promise.allSettled([
      test.db.select<{ pid: number; asked: number }>(own, [1]),
      test.db.select('select 1 / $1::int', [0]),
      test.db.select<{ pid: number; asked: number }>(own, [3]),
    ]);

    expect(broken).toMatchObject({ status: 'rejected', reason: { code: '22012' } });
    if (first.status === 'rejected' || third.status === 'rejected') throw new Error('rejected');
    expect([first.value.rows[0]?.asked, third.value.rows[0]?.asked]).toEqual([1, 3]);
    expect(first.value.rows[0]?.pid).toBe(third.value.rows[0]?.pid);
  });

  it('lets no more than sixteen selects wait for each other', async () => {
    const asked = await Promise.all(
      Array.from({ length: 20 }, () =>
        test.db.select<{ pid: number }>('select pg_backend_pid() as pid where $1', [true]),
      ),
    );

    const pids = asked.map(({ rows }) => rows[0]?.pid);
    expect(new Set(pids.slice(0, 16)).size).toBe(1);
    expect(pids[16]).not.toBe(pids[0]);
  });

  it('rejects the selects whose connection is lost, and takes the next on another', async () => {
    const lost = await Promise.allSettled([
      test.db.select('select pg_terminate_backend(pg_backend_pid()), $1::int', [1]),
      test.db.select('select $1::int', [2]),
    ]);

    expect(lost.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect((await test.db.select('select $1::int as n', [3])).rows).toEqual([{ n: 3 }]);
  });

  it('waits for an answer no longer than said, and takes another connection then', async () => {
    const db = openDatabase(test.url, { maxConnections: 1, answerMilliseconds: 300 });
    const silent = { code: 'DATABASE_UNAVAILABLE' };

    await expect(db.query('select pg_sleep(3)')).rejects.toMatchObject(silent);
    await expect(db.select('select pg_sleep($1)', [3])).rejects.toMatchObject(silent);
    await expect(
      db.transaction(async (tx) => void (await tx.query('select pg_sleep(3)'))),
    ).rejects.toMatchObject(silent);

    expect((await db.query('select 1')).rowCount).toBe(1);
    await db.close();
  });

  it('says so when every connection is in use for too long', async () => {
    const db = openDatabase(test.url, { maxConnections: 1, connectMilliseconds: 200 });
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const busy = db.transaction(() => released);

    for (const ask of [() => db.query('select 1'), () => db.select('select $1::int', [1])])
      await expect(ask()).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });

    release();
    await busy;
    await db.close();
  });

  it('leaves errors that have a code, and those of the work itself, as they are', async () => {
    const own = new Error('stop');

    await expect(test.db.query('select 1 / 0')).rejects.toMatchObject({ code: '22012' });
    await expect(
      test.db.transaction(async () => {
        throw own;
      }),
    ).rejects.toBe(own);
  });

  it('sees in a select of a transaction what the transaction has written', async () => {
    await test.db.query('create table note (line text)');

    await test.db.transaction(async (tx) => {
      await tx.query('insert into note values ($1)', ['written']);
      expect((await tx.select('select line from note where $1', [true])).rows).toEqual([{ line: 'written' }]);
    });
  });

  it('migrates once where several processes start at the same moment, and lets the others wait for a long one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'migrations-'));
    const clean = await createTestDatabase();
    await clean.db.query('drop table migration');
    await writeFile(join(folder, '900_slow.sql'), 'create table slow_thing (id int); select pg_sleep(11);');

    const applied = await Promise.all([1, 2, 3].map(() => migrate(clean.db, folder)));

    expect(applied.flat()).toEqual(['900_slow.sql']);
    await clean.drop();
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
