import { basename } from 'node:path';
import { ordererEnvironment, peerEnvironment } from './environment.ts';
import { type FabricPlan, planNetwork } from './plan.ts';
import type { FabricOrganization } from './state.ts';
import { binFolder, fabricVersion } from './tools.ts';

export type ComposeService = {
  profiles: string[];
  image: string;
  build?: { context: string; target: string; args?: Record<string, string> };
  command?: string[];
  environment?: Record<string, string>;
  env_file?: string[];
  volumes?: string[];
  ports?: string[];
  network_mode?: string;
  depends_on?: Record<
    string,
    { condition: 'service_started' | 'service_healthy' | 'service_completed_successfully' }
  >;
  healthcheck?: { test: string[]; interval: string; timeout: string; retries: number };
  restart?: string;
};

export type ComposeFile = {
  name: string;
  services: Record<string, ComposeService>;
  volumes: Record<string, null>;
};

const images = {
  orderer: `hyperledger/fabric-orderer:${fabricVersion.slice(1)}`,
  peer: `hyperledger/fabric-peer:${fabricVersion.slice(1)}`,
  postgres: 'postgres:18.4',
};
const directory = '/network';
const main = ['node', '--disable-warning=ExperimentalWarning', 'network/fabric/src/main.ts'];
const completed = { condition: 'service_completed_successfully' } as const;
const started = { condition: 'service_started' } as const;

/** The alliance as containers: the same programs, arguments and environment as on one machine, under names of their own. */
export function composeFile(organizations: readonly FabricOrganization[]): ComposeFile {
  const plan = planNetwork(directory, {
    organizations: [...organizations],
    ...{ basePort: 9100, channel: 'care', chaincode: 'medseal', hosts: 'names' },
  });
  return {
    name: 'medseal',
    services: { ...demoServices(), ...nodeServices(), ...allianceServices(plan, organizations) },
    volumes: { demo: null, database: null, network: null },
  };
}

function ownImage(target: 'node' | 'alliance'): Pick<ComposeService, 'image' | 'build'> {
  const args = { FABRIC_TOOLS: basename(binFolder('')) };
  return {
    image: `medseal-${target}:0.1.0`,
    build: { context: '.', target, ...(target === 'alliance' ? { args } : {}) },
  };
}

function demoServices(): Record<string, ComposeService> {
  return {
    demo: {
      profiles: ['demo'],
      ...ownImage('node'),
      command: ['node', '--disable-warning=ExperimentalWarning', 'demo/main.ts'],
      // Its ports are for this machine alone, so they are bound to the loopback interface.
      network_mode: 'host',
      volumes: ['demo:/medseal/.medseal'],
    },
  };
}

/** One node beside its own database; they share a network namespace, so the database listens on loopback only. */
function nodeServices(): Record<string, ComposeService> {
  return {
    database: {
      profiles: ['node'],
      image: images.postgres,
      command: ['postgres', '-c', 'listen_addresses=127.0.0.1'],
      env_file: ['medseal.env'],
      ports: ['8443:8443', '8444:8444'],
      volumes: ['database:/var/lib/postgresql'],
      healthcheck: {
        test: ['CMD', 'pg_isready', '-h', '127.0.0.1'],
        interval: '2s',
        timeout: '2s',
        retries: 30,
      },
      restart: 'unless-stopped',
    },
    node: {
      profiles: ['node'],
      ...ownImage('node'),
      command: ['node', '--disable-warning=ExperimentalWarning', 'node/src/main.ts'],
      env_file: ['medseal.env'],
      environment: { MEDSEAL_HOST: '0.0.0.0', MEDSEAL_API_PORT: '8443', MEDSEAL_PEER_PORT: '8444' },
      network_mode: 'service:database',
      volumes: ['./secrets:/secrets:ro'],
      depends_on: { database: { condition: 'service_healthy' } },
      restart: 'unless-stopped',
    },
  };
}

function allianceServices(
  plan: FabricPlan,
  organizations: readonly FabricOrganization[],
): Record<string, ComposeService> {
  const list = organizations.map(({ organizationId, mspId }) => `${organizationId}:${mspId}`).join(',');
  const own = { profiles: ['alliance'], ...ownImage('alliance'), volumes: ['network:/network'] };
  const program = { profiles: ['alliance'], volumes: ['network:/network'], restart: 'unless-stopped' };
  const prepared = { prepare: completed };
  const names = [...plan.orderers, ...plan.peers].map(({ name }) => name);
  const servers = plan.peers.map(({ organizationId, chaincodeHost }) => [
    chaincodeHost,
    {
      ...own,
      command: [...main, 'chaincode', '--data', directory, '--name', organizationId],
      depends_on: prepared,
      restart: 'unless-stopped',
    },
  ]);
  return {
    prepare: {
      ...own,
      command: [...main, 'prepare', '--data', directory, '--container-names', '--organizations', list],
    },
    ...Object.fromEntries(
      plan.orderers.map((orderer) => [
        orderer.name,
        {
          ...program,
          image: images.orderer,
          environment: ordererEnvironment(plan, orderer),
          depends_on: prepared,
        },
      ]),
    ),
    ...Object.fromEntries(
      plan.peers.map((peer) => [
        peer.name,
        {
          ...program,
          image: images.peer,
          environment: peerEnvironment(plan, peer),
          ports: [`127.0.0.1:${peer.port}:${peer.port}`],
          depends_on: prepared,
        },
      ]),
    ),
    ...Object.fromEntries(servers),
    deploy: {
      ...own,
      command: [...main, 'deploy', '--data', directory],
      depends_on: Object.fromEntries(
        [...names, ...plan.peers.map((peer) => peer.chaincodeHost)].map((name) => [name, started]),
      ),
    },
  };
}

/** The file as YAML; every text is quoted, so that nothing in it can be read as anything else. */
export function composeYaml(file: ComposeFile): string {
  const comment = [
    '# Made by: node network/fabric/compose.ts (the same settings as npm run fabric:up). See docs/fabric.md.',
    '#   docker compose --profile demo up       the demonstration on the embedded ledger',
    '#   docker compose --profile node up       one node and its database; settings in medseal.env',
    '#   docker compose --profile alliance up   a Fabric network: 4 BFT orderers, 4 peers, 4 chaincode servers',
  ];
  return `${comment.join('\n')}\n${yaml(file, '')}`;
}

function yaml(value: object, indent: string): string {
  const entries = Array.isArray(value)
    ? value.map((item): [string, unknown] => ['-', item])
    : Object.entries(value).map(([key, item]): [string, unknown] => [`${key}:`, item]);
  return entries
    .map(([start, item]) => {
      if (item === null) return `${indent}${start}\n`;
      if (typeof item === 'object') return `${indent}${start}\n${yaml(item, `${indent}  `)}`;
      return `${indent}${start} ${JSON.stringify(item)}\n`;
    })
    .join('');
}
