import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { expect, it } from 'vitest';
import { createMetrics, healthRoutes } from './index.ts';

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
