import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Logger } from '../lib/logger.ts';
import { appendLeaves, createTestNode, organizationId, type TestNode } from './test/node.ts';

let node: TestNode;
beforeEach(async () => {
  node = await createTestNode();
});
afterEach(() => node.close());

const quick = { pollMilliseconds: 5, maxWaitMilliseconds: 20, maxLeaves: 1_000 };

function recorder(): { logger: Logger; events: string[] } {
  const events: string[] = [];
  const note = (event: string): void => void events.push(event);
  return { events, logger: { info: note, warn: note, error: note } };
}

describe('the worker', () => {
  it('anchors what was appended without being asked, and stops', async () => {
    const worker = node.restart({ pace: quick }).start();
    await appendLeaves(node.database.db, node.log, 3);

    await vi.waitFor(() => expect(node.ledger.transactions.length).toBe(1));
    await node.ledger.deliver(node.log, node.database.db);
    await appendLeaves(node.database.db, node.log, 4);
    await vi.waitFor(() => expect(node.ledger.transactions.length).toBe(2));
    await worker.stop();

    const stopped = node.ledger.submissions.length;
    await appendLeaves(node.database.db, node.log, 1);
    expect(node.ledger.submissions.length).toBe(stopped);
  });

  it('does not wait for the time when many leaves wait', async () => {
    const pace = { pollMilliseconds: 5, maxWaitMilliseconds: 3_600_000, maxLeaves: 50 };
    const worker = node.restart({ pace }).start();
    // The first round is due at once; the second only because of the leaves.
    await appendLeaves(node.database.db, node.log, 60);
    await vi.waitFor(() => expect(node.ledger.transactions.length).toBe(1));
    await node.ledger.deliver(node.log, node.database.db);
    await appendLeaves(node.database.db, node.log, 60);

    await vi.waitFor(() => expect(node.ledger.transactions.length).toBe(2));
    await worker.stop();
  });

  it('logs a failing round, without its content, and tries again', async () => {
    const { logger, events } = recorder();
    await node.ledger.setState(organizationId, 'disable');
    await appendLeaves(node.database.db, node.log, 3);
    const log = node.restart({ pace: quick, logger });
    const worker = log.start();
    await vi.waitFor(() => expect(events).toContain('evidence-log.anchor-failed'));
    expect((await log.status()).problem).toBe('MEMBER_NOT_REGISTERED');
    await node.ledger.setState(organizationId, 'enable');

    await vi.waitFor(() => expect(node.ledger.transactions.length).toBe(1), { timeout: 10_000 });
    await worker.stop();
    expect((await log.status()).problem).toBeUndefined();
  });

  it('goes on saying what is wrong while another process is at the log', async () => {
    await node.ledger.setState(organizationId, 'disable');
    await appendLeaves(node.database.db, node.log, 3);
    const log = node.restart({ pace: quick });
    const worker = log.start();
    const problem = async () => (await log.status()).problem;
    await vi.waitFor(async () => expect(await problem()).toBe('MEMBER_NOT_REGISTERED'));

    await node.database.db.transaction(async (tx) => {
      await tx.query('select pg_advisory_xact_lock(7163402)');
      await node.ledger.setState(organizationId, 'enable');
      const asked = node.ledger.submissions.length;
      for (let at = 0; at < 30; at += 1) {
        await delay(100);
        expect(await problem()).toBe('MEMBER_NOT_REGISTERED');
      }
      expect(node.ledger.submissions.length).toBe(asked);
    });

    await vi.waitFor(async () => expect(await problem()).toBeUndefined(), { timeout: 10_000 });
    await worker.stop();
  });

  it('survives a database that fails', async () => {
    const { logger, events } = recorder();
    const { db } = node.database;
    let broken = true;
    const flaky: typeof db = {
      ...db,
      transaction: (work) => {
        if (broken) return Promise.reject(new Error('connection lost'));
        return db.transaction(work);
      },
    };
    await appendLeaves(db, node.log, 3);
    const worker = node.restart({ db: flaky, pace: quick, logger }).start();
    await vi.waitFor(() => expect(events).toContain('evidence-log.round-failed'));
    broken = false;

    await vi.waitFor(() => expect(node.ledger.transactions.length).toBe(1), { timeout: 10_000 });
    await worker.stop();
  });
});
