import { runningPrograms } from './leftovers.ts';
import { type FabricPlan, loopback, planNetwork } from './plan.ts';
import { readState } from './state.ts';

export type ProgramStatus = {
  name: string;
  pid: number | undefined;
  port: number;
  /** Blocks it has; undefined for chaincode servers and for what does not answer. */
  height: number | undefined;
};

/** Every program of the network in `directory`, running or not; none where no network was made. */
export async function statusOf(directory: string): Promise<ProgramStatus[]> {
  const state = readState(directory);
  if (state === undefined) return [];
  const plan = planNetwork(directory, state);
  const running = new Map(runningPrograms(directory).map(({ name, pid }) => [name, pid]));
  const ledgers = [...plan.orderers, ...plan.peers].map(async ({ name, port, operationsPort }) => ({
    ...{ name, port },
    pid: running.get(name),
    height: running.has(name) ? await heightAt(plan, operationsPort) : undefined,
  }));
  const servers = plan.peers.flatMap(({ organizationId, chaincodePorts: [first, second] }) =>
    state.definitions.map(({ version, sequence }) => {
      const name = `chaincode-${organizationId}-${version}`;
      return { name, port: sequence % 2 === 1 ? first : second, pid: running.get(name), height: undefined };
    }),
  );
  return [...(await Promise.all(ledgers)), ...servers];
}

async function heightAt({ channel }: FabricPlan, operationsPort: number): Promise<number | undefined> {
  const metrics = await metricsAt(operationsPort);
  return metrics === undefined ? undefined : heightIn(metrics, channel);
}

/** The metrics that an orderer or peer publishes on the loopback interface; undefined while it starts or hangs. */
export async function metricsAt(operationsPort: number): Promise<string | undefined> {
  try {
    const answer = await fetch(`http://${loopback}:${operationsPort}/metrics`, {
      signal: AbortSignal.timeout(2000),
    });
    return await answer.text();
  } catch {
    return undefined; // nothing listens yet, or no answer in time
  }
}

/** The height of the channel's ledger, as orderers and peers publish it. */
export function heightIn(metrics: string, channel: string): number | undefined {
  const line = metrics
    .split('\n')
    .find((each) => each.startsWith('ledger_blockchain_height{') && each.includes(`channel="${channel}"`));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1));
}

/** How many messages of consensus an orderer has sent to the others, as it publishes it. */
export function sentIn(metrics: string, channel: string): number {
  const lines = metrics
    .split('\n')
    .filter(
      (each) => each.startsWith('cluster_comm_msg_send_time_count{') && each.includes(`channel="${channel}"`),
    );
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
