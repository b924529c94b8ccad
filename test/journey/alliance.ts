import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Alliance, startAlliance } from '../../demo/alliance.ts';
import { expectStatus } from '../../demo/client.ts';
import { demoPorts, organizations } from '../../demo/organizations.ts';
import { approveMembers, clientOf, createStory, eventually, type Story } from '../../demo/story.ts';
import { openDatabase, type PostgresDatabase } from '../../node/src/adapters/postgres/pool.ts';
import { freePortBlock } from './ports.ts';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** A running alliance of real processes, in a folder of its own. */
export type Journey = {
  alliance: Alliance;
  story: Story;
  folder: string;
  /** Opens the database of an organisation's node; closed with the journey. */
  database(organizationId: string): PostgresDatabase;
  stop(): Promise<void>;
};

/** A folder that PostgreSQL can work in; as root it runs as another user. */
export function stateFolder(): string {
  const isRoot = process.getuid?.() === 0;
  const folder = mkdtempSync(join(isRoot ? '/var/tmp' : tmpdir(), 'medseal-journey-'));
  chmodSync(folder, 0o755);
  return folder;
}

/** Starts ledger, identity provider, database and nodes, and has the regulator approve the members. */
export async function startJourney(
  options: {
    only?: readonly string[];
    settingsFor?: (organizationId: string, base: number) => Record<string, string>;
  } = {},
): Promise<Journey> {
  const folder = stateFolder();
  const base = await freePortBlock();
  const { only, settingsFor } = options;
  try {
    const alliance = await startAlliance({
      folder,
      root,
      ports: demoPorts(base),
      report: () => undefined,
      ...(only === undefined ? {} : { only }),
      ...(settingsFor === undefined ? {} : { settingsFor: (id) => settingsFor(id, base) }),
    });
    return await opened(alliance, { folder, only });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

async function opened(
  alliance: Alliance,
  { folder, only }: { folder: string; only: readonly string[] | undefined },
): Promise<Journey> {
  const story = createStory(alliance);
  const databases = new Map<string, PostgresDatabase>();
  const stop = async (): Promise<void> => {
    for (const client of Object.values(story.clients)) client.close();
    for (const database of databases.values()) await database.close();
    await alliance.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const database = (organizationId: string): PostgresDatabase => {
    const url = alliance.cluster.url(organizationId.replaceAll('-', '_'));
    const known = databases.get(organizationId);
    const opened = known ?? openDatabase(url, { maxConnections: 2, onError: () => undefined });
    databases.set(organizationId, opened);
    return opened;
  };
  try {
    const expected = organizations.filter(({ organizationId }) => only?.includes(organizationId) ?? true);
    await approveMembers(story, expected);
  } catch (error) {
    await stop();
    throw error;
  }
  return { alliance, story, folder, database, stop };
}

type LogStatus = { log: { treeSize: number; anchoredSize: number; pending: number } };

/** Waits until every leaf of the node is covered by a checkpoint that a verified block confirmed. */
export async function untilAnchored(story: Story, organizationId = 'hospital-a'): Promise<LogStatus['log']> {
  return eventually('the anchoring of all leaves', async () => {
    const answer = await clientOf(story, organizationId).call<LogStatus>('GET', '/status');
    const { log } = expectStatus(answer, 200);
    return log.pending === 0 && log.anchoredSize >= log.treeSize ? log : undefined;
  });
}

/** Waits until the pseudonym of every patient of hospital A is known there. */
export async function untilPseudonymsKnown({ database }: Journey): Promise<void> {
  await eventually('the pseudonyms', async () => {
    const { rows } = await database('hospital-a').query<{ open: string }>(
      'select count(*) as open from patient_identity where pseudonym_token is null',
    );
    return rows[0]?.open === '0' ? true : undefined;
  });
}
