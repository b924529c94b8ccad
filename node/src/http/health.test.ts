import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { describe, expect, it } from 'vitest';
import { AppError } from '../lib/errors.ts';
import { createMetrics, type HealthDeps, healthRoutes } from './index.ts';

it('many probes at the same moment cost one check, since nobody needs to log in for them', async () => {
  let checks = 0;
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const check = async (): Promise<void> => {
    checks += 1;
    await released;
  };
  const metrics = createMetrics();
  const metricsText = () => metrics.registry.metrics();
  const deps = { metrics, metricsText, status: async () => ({}), isClosing: () => false };
  const server = createServer(
    express().use(healthRoutes({ ...deps, checks: [{ name: 'database', check }] })),
  );
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/readyz`;

  const probes = Array.from({ length: 40 }, () => fetch(url));
  while (checks === 0) await new Promise((turn) => setImmediate(turn));
  const connections = (): Promise<number> =>
    new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
  while ((await connections()) < 40) await new Promise((turn) => setImmediate(turn));
  release();
  const answers = await Promise.all(probes);

  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(checks).toBeLessThan(5);
  await Promise.all(answers.map((answer) => answer.arrayBuffer()));
  server.closeAllConnections();
  server.close();
});

/** What an operator on the same machine gets. */
async function statusOf(
  deps: Pick<HealthDeps, 'status' | 'checks'>,
  path = '/status',
): Promise<[number, unknown]> {
  const metrics = createMetrics();
  const app = express().use((_request, response, next) => {
    response.locals['actor'] = { kind: 'system', name: 'collector' };
    next();
  });
  const routes = healthRoutes({
    ...{ ...deps, metrics },
    metricsText: () => metrics.registry.metrics(),
    isClosing: () => false,
  });
  const server = createServer(app.use(routes));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
  const body: unknown = answer.ok || answer.status === 503 ? await answer.json() : await answer.text();
  server.close();
  return [answer.status, body];
}

const up = { name: 'ledger', check: async () => undefined };
const readOnly = { name: 'database', check: () => Promise.reject(new AppError('DATABASE_READ_ONLY')) };

describe('the status', () => {
  it('names to an operator, and to nobody else, by a code what is wrong with a part that is down', async () => {
    const deps = { status: async () => ({ height: 7 }), checks: [readOnly, up] };
    const ledger = { name: 'ledger', state: 'up' };

    expect(await statusOf(deps)).toEqual([
      200,
      { height: 7, checks: [{ name: 'database', state: 'down', problem: 'DATABASE_READ_ONLY' }, ledger] },
    ]);
    expect(await statusOf(deps, '/readyz')).toEqual([
      503,
      { status: 'unready', checks: [{ name: 'database', state: 'down' }, ledger] },
    ]);
  });

  it.each([
    ['fails', () => Promise.reject(new Error('no database'))],
    ['does not answer', () => new Promise<never>(() => undefined)],
  ])('says what is down though the rest of it %s', async (_how, status) => {
    const silent = { name: 'database', check: () => new Promise<never>(() => undefined) };

    expect(await statusOf({ status, checks: [silent, up] })).toEqual([
      503,
      {
        checks: [
          { name: 'database', state: 'down', problem: 'NO_ANSWER' },
          { name: 'ledger', state: 'up' },
        ],
      },
    ]);
  });

  it('keeps the staff from their records for nothing that only partners need', async () => {
    const stale = {
      name: 'ledger',
      only: 'partners',
      check: () => Promise.reject(new Error('stale')),
    } as const;
    const database = { name: 'database', check: async () => undefined };
    const status = async () => ({});
    const [ready] = await statusOf({ status, checks: [database, stale] }, '/readyz');

    expect(ready).toBe(503);
    expect(await statusOf({ status, checks: [database, stale] }, '/readyz/staff')).toEqual([
      200,
      { status: 'ready', checks: [{ name: 'database', state: 'up' }] },
    ]);
    expect(await statusOf({ status, checks: [readOnly, stale] }, '/readyz/staff')).toEqual([
      503,
      { status: 'unready', checks: [{ name: 'database', state: 'down' }] },
    ]);
  });

  it('hides no failure of its own behind parts that are up', async () => {
    const [status] = await statusOf({ status: () => Promise.reject(new Error('a fault')), checks: [up] });

    expect(status).toBe(500);
  });
});
