// What the death of an orderer costs: node network/fabric/bench/orderers.ts [--rounds 3] [--hands 16]
// Starts a network of its own, keeps it under load, kills a follower and then the leader, and prints the longest time
// without a committed transaction. Needs Fabric's programs (see docs/fabric.md).
import { randomUUID } from 'node:crypto';
import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { leaderOf, longestGap, startLoad, untilOrderersLevel } from '../test/load.ts';
import { startTestNetwork, type TestNetwork } from '../test/network.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, hands: { type: 'string', default: '16' } },
});
const settleMs = 6_000;
const watchMs = 20_000;

type Outcome = { killed: string; normalGapMs: number; gapMs: number; failures: number; rate: number };

async function killOne(
  network: TestNetwork,
  submit: () => Promise<unknown>,
  kind: 'follower' | 'leader',
): Promise<Outcome> {
  const trickle = startLoad(submit, 1); // an orderer that is back learns the leader with the next block
  await untilOrderersLevel(network);
  await trickle.stop();
  const load = startLoad(submit, Number(values.hands));
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
  network.restart(victim); // first: without it nothing may ever be committed
  await load.stop();
  for (const { message } of load.failures as Error[]) console.error(`  failed: ${message}`);
  const before = load.commits.filter((at) => at < from).length;
  return {
    killed: kind,
    normalGapMs: longestGap(load.commits, [from - settleMs / 2, from]),
    gapMs: longestGap(load.commits, [from, to]),
    failures: load.failures.length,
    rate: (before * 1000) / settleMs,
  };
}

const network = await startTestNetwork('probe');
try {
  const { gateway, close } = network.connect('HospitalAMSP');
  const contract = gateway.getNetwork('care').getContract('medseal', 'probe');
  const submit = () => contract.submitTransaction('create', randomUUID(), '1');
  console.log(`${cpus().length} cores, ${values.hands} hands, 4 BFT orderers, 3 peers, all on one machine\n`);
  console.log('| killed | round | tx/s before | longest gap before | longest gap after | failed |');
  console.log('|---|---|---|---|---|---|');
  for (const kind of ['follower', 'leader'] as const) {
    for (let round = 1; round <= Number(values.rounds); round += 1) {
      const { normalGapMs, gapMs, failures, rate } = await killOne(network, submit, kind);
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
