// What the death of an orderer costs: node network/fabric/bench/orderers.ts [--followers 5] [--leaders 10] [--hands 16]
// Starts a network of its own, keeps it under load, kills followers and then leaders with kill -9, and prints the longest time
// without a committed transaction, how many transactions the client had to ask for by their id (as nodes do, since the answer
// left open what became of them), and how many failed. Each that was killed stays away for 20 s and is started again; the next is killed 15 to
// 20 s after that, whether or not the former takes part already. Needs Fabric's programs (see docs/fabric.md).
import { cpus, loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Load, leaderOf, longestGap, startLoad, submitProbe, untilOrderersLevel } from '../test/load.ts';
import { memberClient } from '../test/members.ts';
import { startTestNetwork, type TestNetwork } from '../test/network.ts';

const { values } = parseArgs({
  options: {
    followers: { type: 'string', default: '5' },
    leaders: { type: 'string', default: '10' },
    hands: { type: 'string', default: '16' },
  },
});
const beforeMs = 6_000;
const watchMs = 20_000;
const pausesMs = [15_000, 16_000, 17_000, 18_000, 19_000, 20_000];

type Kind = 'follower' | 'leader';

/** Kills one and starts it again; resolves to a row of the table. */
async function killOne(network: TestNetwork, load: Load, kind: Kind): Promise<string[]> {
  const leader = await leaderOf(network);
  const orderers = network.plan().orderers.map(({ name }) => name);
  const followers = orderers.filter((name) => name !== leader);
  const victim = kind === 'leader' ? leader : (followers[Math.floor(Math.random() * followers.length)] ?? '');
  const from = performance.now();
  const failed = load.failures.length;
  const askedBefore = asked;
  await network.processes.end(victim, 'SIGKILL');
  await delay(watchMs);
  const to = performance.now();
  network.restart(victim);
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
  const commits = load.commits.filter((at) => at > from - beforeMs && at < from).length;
  for (const error of load.failures.slice(failed)) console.error(`  failed: ${error}`);
  return [
    ((commits * 1000) / beforeMs).toFixed(0),
    seconds(longestGap(load.commits, [from - beforeMs, from])),
    seconds(longestGap(load.commits, [from, to])),
    String(asked - askedBefore),
    String(load.failures.length - failed),
    (loadavg()[0] ?? 0).toFixed(1),
  ];
}

let asked = 0;

const network = await startTestNetwork('probe', (text) => console.error(`  ${text}`));
try {
  const { ledger, connection } = memberClient(network, 'hospital-a');
  const submit = async (): Promise<void> => {
    if ((await submitProbe(ledger)) === 'asked') asked += 1;
  };
  const load = startLoad(submit, Number(values.hands));
  console.log(`${cpus().length} cores, ${values.hands} hands, 4 BFT orderers, 3 peers, all on one machine\n`);
  console.log(
    '| killed | round | after | tx/s before | longest gap before | longest gap after | asked for | failed | load |',
  );
  console.log('|---|---|---|---|---|---|---|---|---|');
  for (const kind of ['follower', 'leader'] as const) {
    await untilOrderersLevel(network);
    for (let round = 1; round <= Number(values[`${kind}s`]); round += 1) {
      const pauseMs = pausesMs[round % pausesMs.length] ?? 0;
      await delay(pauseMs);
      const row = await killOne(network, load, kind);
      console.log(`| ${[kind, round, `${pauseMs / 1000} s`, ...row].join(' | ')} |`);
    }
  }
  await load.stop();
  connection.close();
} finally {
  await network.remove();
}
