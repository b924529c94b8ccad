import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../../test/database.ts';
import { startBalancer } from '../../../../test/journey/balancer.ts';
import { silentLogger } from '../../lib/logger.ts';
import { openPresence, type Presence } from './presence.ts';

let test: TestDatabase;
const opened: Presence[] = [];
beforeEach(async () => {
  test = await createTestDatabase();
});
afterEach(async () => {
  for (const presence of opened.splice(0)) await presence.close();
  await test.drop();
});

type Entered = { presence: Presence; news: string[] };

async function enter(registration = 'alike', url = test.url): Promise<Entered> {
  const news: string[] = [];
  const presence = await openPresence({
    ...{ url, registration, channel: 'news', logger: silentLogger, beatMilliseconds: 50 },
    onNotice: (payload) => void news.push(payload),
    onLost: () => void news.push('(lost)'),
    onHeard: () => void news.push('(heard)'),
  });
  opened.push(presence);
  return { presence, news };
}

const tell = (payload: string) => test.db.query('select pg_notify($1, $2)', ['news', payload]);
const leads = (...entered: Entered[]): boolean[] => entered.map(({ presence }) => presence.isLead());

/** Ends the connection of the first as a failing network or server would. */
async function cutOldest(): Promise<void> {
  await test.db.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and application_name = 'medseal-presence'
     order by backend_start limit 1`,
  );
}

describe('the processes of one node over one database', () => {
  it('all hear what one of them tells', async () => {
    const all = [await enter(), await enter()];

    await tell('a');

    for (const { news } of all) await vi.waitFor(() => expect(news).toEqual(['(heard)', 'a']));
  });

  it('have one lead, and another as soon as that one is gone', async () => {
    const [first, second] = [await enter(), await enter()];
    expect(leads(first, second)).toEqual([true, false]);

    await first.presence.close();

    expect(first.presence.isLead()).toBe(false);
    await vi.waitFor(() => expect(second.presence.isLead()).toBe(true));
  });

  it('lose the lead with their connection, and are told that they may have missed something', async () => {
    const [first, second] = [await enter(), await enter()];

    await cutOldest();

    await vi.waitFor(() => expect(first.news).toEqual(['(heard)', '(lost)', '(heard)']));
    await vi.waitFor(() => expect(leads(first, second).filter(Boolean)).toHaveLength(1));
    await tell('b');
    await vi.waitFor(() => expect(first.news.at(-1)).toBe('b'));
  });

  it('are not present while they cannot hear', async () => {
    const url = new URL(test.url);
    const server = Number(url.port);
    const balancer = await startBalancer();
    balancer.sendTo(server);
    Object.assign(url, { hostname: '127.0.0.1', port: String(balancer.port) });
    const { presence, news } = await enter('alike', url.href);
    expect([presence.isPresent(), presence.isLead()]).toEqual([true, true]);

    balancer.sendTo();

    await vi.waitFor(() => expect(news).toEqual(['(heard)', '(lost)']));
    expect([presence.isPresent(), presence.isLead()]).toEqual([false, false]);
    balancer.sendTo(server);
    await vi.waitFor(() => expect([presence.isPresent(), presence.isLead()]).toEqual([true, true]), 5_000);
    await presence.close();
    balancer.close();
  });

  it('are refused where another one has another certificate or key, until that one is gone', async () => {
    const { presence } = await enter('alike');

    await expect(enter('otherwise')).rejects.toMatchObject({ code: 'REPLICA_DIFFERS' });
    await enter('alike');
    await presence.close();
    await expect(enter('otherwise')).rejects.toMatchObject({ code: 'REPLICA_DIFFERS' });
    await opened[1]?.close();
    expect((await enter('otherwise')).presence.isLead()).toBe(true);
  });

  it('of another database are not theirs to mind', async () => {
    await enter('alike');
    const theirs = test;
    test = await createTestDatabase();
    try {
      expect((await enter('otherwise')).presence.isLead()).toBe(true);
    } finally {
      for (const presence of opened.splice(0)) await presence.close();
      await test.drop();
      test = theirs;
    }
  });
});
