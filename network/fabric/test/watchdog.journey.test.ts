import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leaderOf, longestGap, startLoad, submitProbe, untilOrderersLevel } from './load.ts';
import { type MemberClient, memberClient } from './members.ts';
import { skipReason, startTestNetwork, type TestNetwork } from './network.ts';

const reason = skipReason('orderers that hang or die in a real Fabric network');
const reports: string[] = [];
let network: TestNetwork;
let client: MemberClient;

beforeAll(async () => {
  if (reason !== undefined) return;
  network = await startTestNetwork('probe', (text) => reports.push(text));
  client = memberClient(network, 'hospital-a');
});
afterAll(async () => {
  client?.connection.close();
  await network?.remove();
});

const pidOf = (name: string): number => network.processes.pid(name) ?? 0;
const hanging = (): string[] => reports.filter((text) => text.includes('to be started again'));

describe.skipIf(reason !== undefined)('orderers of a real network', () => {
  it('are left alone while the network is idle', async () => {
    const before = network.plan().orderers.map(({ name }) => pidOf(name));
    await delay(45_000);

    expect(network.plan().orderers.map(({ name }) => pidOf(name))).toEqual(before);
    expect(hanging()).toEqual([]);
  });

  it('are restarted when one hangs, and it is needed and there when the leader is killed after that', async () => {
    const load = startLoad(() => submitProbe(client.ledger), 4);
    const leader = await leaderOf(network);
    const follower = network.plan().orderers.find(({ name }) => name !== leader)?.name ?? '';
    const hung = pidOf(follower);
    process.kill(hung, 'SIGSTOP');
    await expect.poll(() => pidOf(follower), { timeout: 60_000 }).not.toBe(hung);

    expect(hanging()).toEqual([`${follower} does not answer; it is killed, to be started again`]);
    await untilOrderersLevel(network);

    // From now on three of four are alive, the restarted one among them, and all three are needed.
    const killed = await leaderOf(network);
    const from = performance.now();
    await network.processes.end(killed, 'SIGKILL');
    await delay(20_000);
    const gap = longestGap(load.commits, [from, performance.now()]);
    network.restart(killed);
    await load.stop();

    expect(gap).toBeLessThan(10_000);
    expect(load.failures).toEqual([]);
    expect(hanging()).toHaveLength(1);
  });
});
