import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isBuilt, planNetwork, whyNoFabric } from '../network/fabric/src/index.ts';
import { type DemoPorts, organizations } from './organizations.ts';

export type LedgerKind = 'solo' | 'fabric';

/** How the demo starts its ledger, and how a node reaches it. */
export type LedgerProgram = {
  label: [zh: string, en: string];
  script: string;
  args: string[];
  timeoutMs: number;
  /** Gateway of an organisation, and the root of its certificate. */
  access(organizationId: string): { endpoint: string; tlsRoot: string };
};

const members = organizations.map(({ organizationId, mspId }) => `${organizationId}:${mspId}`).join(',');
/** Fabric's 28 ports begin after those of the demo's own services. */
const fabricPort = (ports: DemoPorts): number => ports.postgres + 20;
const fabricTools = (root: string): string => join(root, '.medseal', 'fabric-tools');

export function ledgerProgram(
  kind: LedgerKind,
  { folder, ports }: { folder: string; ports: DemoPorts },
): LedgerProgram {
  const directory = join(folder, 'ledger');
  return kind === 'solo' ? soloLedger(directory, ports) : fabricLedger(directory, fabricPort(ports));
}

function soloLedger(directory: string, { ledger }: DemoPorts): LedgerProgram {
  return {
    label: ['账本（单机，不具约束力）', 'solo ledger (one machine, binds nobody)'],
    script: 'network/solo/src/main.ts',
    args: ['--data', directory, '--port', String(ledger), '--organizations', members],
    timeoutMs: 60_000,
    access: () => ({ endpoint: `localhost:${ledger}`, tlsRoot: join(directory, 'tls-ca.pem') }),
  };
}

/** Each node asks its own organisation's peer and trusts that organisation's TLS root alone. */
function fabricLedger(directory: string, basePort: number): LedgerProgram {
  const { peers } = planNetwork(directory, {
    organizations: [...organizations],
    basePort,
    channel: '',
    chaincode: '',
  });
  return {
    label: [
      '账本：Hyperledger Fabric，4 个排序节点、4 个对等节点',
      'Hyperledger Fabric: 4 BFT orderers, 4 peers',
    ],
    script: 'network/fabric/src/main.ts',
    args: ['up', '--data', directory, '--ports', String(basePort), '--organizations', members],
    timeoutMs: 600_000,
    access: (organizationId) => {
      const peer = peers.find((each) => each.organizationId === organizationId);
      if (peer === undefined) throw new Error(`no peer of ${organizationId}`);
      return { endpoint: `localhost:${peer.port}`, tlsRoot: join(peer.folder, 'ledger-tls-ca.pem') };
    },
  };
}

/** Throws one line where the folder holds a demo on the other ledger, or Fabric cannot run here. */
export function assertLedger(kind: LedgerKind, { folder, root }: { folder: string; root: string }): void {
  const file = join(folder, 'ledger', 'network.json');
  const format = existsSync(file) ? String(JSON.parse(readFileSync(file, 'utf8')).format) : undefined;
  if (format !== undefined && !format.startsWith(`medseal/${kind}-network/`))
    throw new Error(
      `${folder} holds a demo on another ledger; choose a folder with --state, or clear it with --reset`,
    );
  const missing = kind === 'fabric' ? whyNoFabric(fabricTools(root)) : undefined;
  if (missing !== undefined) throw new Error(missing);
}

/** Whether the first start still has to compile Fabric, which takes a while. */
export function mustBuildLedger(kind: LedgerKind, root: string): boolean {
  return kind === 'fabric' && !isBuilt(fabricTools(root));
}
