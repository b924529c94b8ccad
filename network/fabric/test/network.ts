import { randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hex, parseBlock } from '@medseal/evidence';
import { probeDirectory } from '../../solo/test/connect.ts';
import { type FabricNetwork, type FabricNetworkOptions, startFabric, whyNoFabric } from '../src/index.ts';
import { planNetwork, portsOf } from '../src/plan.ts';
import { portTaken } from '../src/ports.ts';
import { connectMember, type GatewayConnection } from '../src/ready.ts';

export const toolsFolder = fileURLToPath(new URL('../../../.medseal/fabric-tools', import.meta.url));

export const organizations = [
  { organizationId: 'hospital-a', mspId: 'HospitalAMSP' },
  { organizationId: 'hospital-b', mspId: 'HospitalBMSP' },
  { organizationId: 'regulator', mspId: 'RegulatorMSP' },
];

/** Why tests of a real network cannot run here, said aloud; undefined where they can. */
export function skipReason(suite: string): string | undefined {
  const reason = whyNoFabric(toolsFolder);
  if (reason !== undefined) console.warn(`\n⚠ SKIPPED: ${suite}. ${reason}\n`);
  return reason;
}

export type TestNetwork = FabricNetwork & {
  genesis: Uint8Array;
  genesisHash: string;
  connect(mspId: string): GatewayConnection;
  remove(): Promise<void>;
};

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'medseal-fabric-'));
}

/** First of a row of ports that nobody uses; rows are tried from any on, as other runs on this machine look for one, too. */
export async function freeBasePort(count = organizations.length): Promise<number> {
  const rows = 238;
  const first = randomInt(rows);
  for (let row = 0; row < rows; row += 1) {
    const basePort = 20_100 + ((first + row) % rows) * 50;
    const members = Array.from({ length: count }, (_, place) => ({
      organizationId: `o${place}`,
      mspId: `O${place}`,
    }));
    const plan = planNetwork('', { organizations: members, basePort, channel: '', chaincode: '' });
    const taken = await Promise.all(portsOf(plan).map(([port]) => portTaken(port)));
    if (!taken.includes(true)) return basePort;
  }
  throw new Error('no free row of ports');
}

/** A real network of three members in a folder of its own, with the project's chaincode or the probe of the conformance suite. */
export async function startTestNetwork(
  kind: 'medseal' | 'probe',
  report: (text: string) => void = () => undefined,
): Promise<TestNetwork> {
  const directory = temporaryDirectory();
  const options: FabricNetworkOptions = {
    ...{ directory, toolsFolder, organizations, regulatorId: 'regulator' },
    basePort: await freeBasePort(),
    report,
  };
  const readiness = { organizationId: 'regulator', function: 'probe:put', args: ['ready', 'yes'] };
  const network = await startFabric(
    kind === 'medseal' ? options : { ...options, chaincode: { source: probeDirectory, readiness } },
  );
  const genesis = readFileSync(network.genesisFile);
  return {
    ...network,
    genesis,
    genesisHash: hex(parseBlock(genesis).hash),
    connect: (mspId) => {
      const peer = network.plan().peers.find((each) => each.mspId === mspId);
      if (peer === undefined) throw new Error(`no organisation ${mspId}`);
      return connectMember(peer);
    },
    remove: async () => {
      await network.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
