import { createServer } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { freePort } from '../../../test/journey/ports.ts';
import type { Config } from '../config.ts';
import { bringUpToDate, requireWritable } from './database.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

const start = (url: string): Promise<void> => bringUpToDate({ MEDSEAL_DATABASE_URL: url } as Config);

function other(change: (url: URL) => void): string {
  const url = new URL(test.url);
  url.hostname = '127.0.0.1';
  change(url);
  return url.href;
}

const unusable = (what: string) => ({
  code: 'DATABASE_UNUSABLE',
  message: expect.stringMatching(new RegExp(`^MEDSEAL_DATABASE_URL: .*${what}`)),
});

describe('the start over a database', () => {
  it('goes on with one that is up to date', async () => {
    await expect(start(test.url)).resolves.toBeUndefined();
  });

  it('says which part of the URL is wrong', async () => {
    const closed = String(await freePort());

    await expect(start(other((url) => Object.assign(url, { port: closed })))).rejects.toMatchObject(
      unusable('nothing answers'),
    );
    await expect(start(other((url) => Object.assign(url, { pathname: '/none' })))).rejects.toMatchObject(
      unusable('no such database'),
    );
    await expect(start(other((url) => url.searchParams.set('sslmode', 'verify-full')))).rejects.toMatchObject(
      unusable('TLS'),
    );
    await expect(
      start(other((url) => Object.assign(url, { hostname: '%2Fno%2Fsuch' }))),
    ).rejects.toMatchObject(unusable('no Unix socket'));
  });

  it('says so when something else than PostgreSQL answers', async () => {
    const server = createServer((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const address = server.address();
    const port = typeof address === 'object' ? String(address?.port) : '';

    await expect(start(other((url) => Object.assign(url, { port })))).rejects.toMatchObject(
      unusable('no PostgreSQL'),
    );
    server.close();
  });

  it('never tells the password or the user', async () => {
    const url = other((changed) => Object.assign(changed, { username: 'nobody', password: 'secret-word' }));

    const told = await start(url).catch((error: Error) => error.message);
    expect(told).toContain('MEDSEAL_DATABASE_URL');
    expect(told).not.toMatch(/nobody|secret-word/);
  });

  it('refuses a database that takes no writes, at the start and in each check of its health', async () => {
    const name = pg.escapeIdentifier(new URL(test.url).pathname.slice(1));
    const readOnly = { code: 'DATABASE_READ_ONLY' };
    await expect(requireWritable(test.db)).resolves.toBeUndefined();

    await test.db.query(`alter database ${name} set default_transaction_read_only = on`);
    await expect(start(test.url)).rejects.toMatchObject(readOnly);
    await test.db.transaction(async (tx) => {
      await tx.query('set transaction read only');
      await expect(requireWritable(tx)).rejects.toMatchObject(readOnly);
    });
  });

  it('says who must own the database when its user may not create tables', async () => {
    const clean = await createTestDatabase();
    const role = `r_${new URL(clean.url).pathname.slice(1)}`;
    await clean.db.query(`drop table migration; create role ${role} login password 'for-this-test'`);

    const url = new URL(clean.url);
    Object.assign(url, { username: role, password: 'for-this-test' });
    await expect(start(url.href)).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
      message: expect.stringContaining('must own the database'),
    });
    await clean.db.query(`drop role ${role}`);
    await clean.drop();
  });
});
