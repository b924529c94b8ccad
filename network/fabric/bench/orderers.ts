// What the death of an orderer costs: node network/fabric/bench/orderers.ts [--rounds 3] [--hands 16]
// Starts a network of its own, keeps it under load, kills a follower and then the leader, and prints the longest time
// without a committed transaction. Needs Fabric's programs (see docs/fabric.md).
import { randomUUID } from 'node:crypto';
import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Contract } from '@hyperledger/fabric-gateway';
import { startTestNetwork, type TestNetwork } from '../test/network.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, hands: { type: 'string', default: '16' } },
});
const settleMs = 6_000;
const watchMs = 20_000;

type Load = { commits: number[]; failures: string[]; stop(): Promise<void> };

/** Many hands that each submit one transaction after the other and note when it was committed. */
function startLoad(contract: Contract, hands: number): Load {
  const commits: number[] = [];
  const failures: string[] = [];
  let running = true;
  const hand = async (): Promise<void> => {
    while (running) {
      try {
        await contract.submitTransaction('create', randomUUID(), '1');
        commits.push(performance.now());
      } catch (error) {
        failures.push((error as Error).message);
        await delay(50);
      }
    }
  };
  const all = Array.from({ length: hands }, hand);
  return {
    commits,
    failures,
    stop: async () => {
      running = false;
      await Promise.all(all);
    },
  };
}

/** The orderers' own word for who leads. */
async function leaderOf(network: TestNetwork): Promise<string> {
  for (const { operationsPort } of network.plan().orderers) {
    const text = await fetch(`http://127.0.0.1:${operationsPort}/metrics`).then(
      (answer) => answer.text(),
      () => '',
    );
    const id = /^consensus_BFT_leader_id\{[^}]*\} (\d+)$/m.exec(text)?.[1];
    if (id !== undefined && id !== '0') return `orderer-${id}`;
  }
  throw new Error('no orderer says who leads');
}

function longestGap(commits: readonly number[], from: number, to: number): number {
  const inside = [from, ...commits.filter((at) => at > from && at < to), to];
  return Math.max(...inside.slice(1).map((at, place) => at - (inside[place] ?? at)));
}

type Outcome = { killed: string; normalGapMs: number; gapMs: number; failures: number; rate: number };

async function killOne(
  network: TestNetwork,
  contract: Contract,
  kind: 'follower' | 'leader',
): Promise<Outcome> {
  const load = startLoad(contract, Number(values.hands));
  await delay(settleMs);
  const leader = await leaderOf(network);
  const follower =
    network
      .plan()
      .orderers.map(({ name }) => name)
      .find((name) => name !== leader) ?? leader;
  const victim = kind === 'leader' ? leader : follower;
  const from = performance.now();
  await network.processes.end(victim, 'SIGKILL');
  await delay(watchMs);
  const to = performance.now();
  await load.stop();
  network.restart(victim);
  await delay(settleMs);
  const before = load.commits.filter((at) => at < from).length;
  return {
    killed: kind,
    normalGapMs: longestGap(load.commits, from - settleMs / 2, from),
    gapMs: longestGap(load.commits, from, to),
    failures: load.failures.length,
    rate: (before * 1000) / settleMs,
  };
}

const network = await startTestNetwork('probe');
try {
  const { gateway, close } = network.connect('HospitalAMSP');
  const contract = gateway.getNetwork('care').getContract('medseal', 'probe');
  console.log(`${cpus().length} cores, ${values.hands} hands, 4 BFT orderers, 3 peers, all on one machine\n`);
  console.log('| killed | round | tx/s before | longest gap before | longest gap after | failed |');
  console.log('|---|---|---|---|---|---|');
  for (const kind of ['follower', 'leader'] as const) {
    for (let round = 1; round <= Number(values.rounds); round += 1) {
      const { normalGapMs, gapMs, failures, rate } = await killOne(network, contract, kind);
      const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
      console.log(
        `| ${kind} | ${round} | ${rate.toFixed(0)} | ${seconds(normalGapMs)} | ${seconds(gapMs)} | ${failures} |`,
      );
    }
  }
  close();
} finally {
  await network.remove();
}
