import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Alliance, nodeSettings } from '../../demo/alliance.ts';
import { type ApiClient, createClient } from '../../demo/client.ts';
import { organizations } from '../../demo/organizations.ts';
import { type RunningProcess, startProcess } from '../../demo/processes.ts';
import { must, type Story } from '../../demo/story.ts';
import { type Journey, root } from './alliance.ts';

/** One of several processes of a node, and the story as whoever is led to this one sees it. */
export type Replica = {
  api: number;
  peer: number;
  running: RunningProcess;
  client: ApiClient;
  story: Story;
};

/** The process that the journey itself started, as a replica. */
export function firstReplica({ alliance, story }: Journey, organizationId: string): Replica {
  const { api, peer } = must(alliance.ports.nodes[organizationId], organizationId);
  const running = must(alliance.processes.get(organizationId), organizationId);
  return { api, peer, running, client: must(story.clients[organizationId], organizationId), story };
}

/** The settings of a node of the alliance, as it was started with. */
export function settingsOf(alliance: Alliance, organizationId: string): Record<string, string> {
  const { folder, genesisHash, ports } = alliance;
  const own = organizations.find((each) => each.organizationId === organizationId);
  const databaseUrl = alliance.cluster.url(organizationId.replaceAll('-', '_'));
  const pseudonymKey = readFileSync(join(folder, 'keys', 'pseudonym-public-key'), 'utf8');
  return nodeSettings(must(own, organizationId), { folder, genesisHash, ports, databaseUrl, pseudonymKey });
}

/** Starts another process of a running node: the same settings, database and keys, ports of its own. */
export async function startReplica(
  { alliance, story }: Journey,
  {
    organizationId,
    name = `${organizationId}-replica`,
    ports,
    settings = {},
  }: {
    organizationId: string;
    name?: string;
    ports: { api: number; peer: number };
    settings?: Record<string, string>;
  },
): Promise<Replica> {
  const { folder } = alliance;
  const running = await startProcess({
    name,
    script: join(root, 'node/src/main.ts'),
    logFile: join(folder, 'logs', `${name}.log`),
    env: {
      ...settingsOf(alliance, organizationId),
      MEDSEAL_API_PORT: String(ports.api),
      MEDSEAL_PEER_PORT: String(ports.peer),
      ...settings,
    },
  });
  const client = createClient(`https://localhost:${ports.api}`, alliance.ca(organizationId));
  const clients = { ...story.clients, [organizationId]: client };
  return { ...ports, running, client, story: { ...story, clients } };
}
