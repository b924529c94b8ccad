import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Alliance, startAlliance } from '../demo/alliance.ts';
import { audienceOf, loginStaff, passwordOf } from '../demo/login.ts';
import { allPorts, demoPorts, organizations } from '../demo/organizations.ts';
import { type RunningProcess, startProcess } from '../demo/processes.ts';
import { approveMembers, createStory, type Story } from '../demo/story.ts';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** A running alliance in a temporary folder, and what the benches do with it. */
export type Stage = {
  alliance: Alliance;
  story: Story;
  /** An access token of a member of staff, made now. */
  token(username: string): Promise<string>;
  /** A database of the same cluster, made empty. */
  database(name: string): Promise<string>;
  /** Starts a process that ends with the stage. */
  start(name: string, script: string, args: string[]): Promise<RunningProcess>;
  close(): Promise<void>;
};

function isTaken(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const socket = connectTcp({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      answer(true);
    });
    socket.once('error', () => answer(false));
  });
}

/** The first base of which no port is in use. */
async function freeBase(): Promise<number> {
  for (let base = 9740; base < 20_000; base += 50) {
    const taken = await Promise.all(allPorts(demoPorts(base)).map(([port]) => isTaken(port)));
    if (!taken.includes(true)) return base;
  }
  throw new Error('no free ports from 9740 to 20000');
}

/**
 * Starts an alliance of processes of their own over an empty folder. The folder and the processes are gone when this
 * process is, also after Ctrl-C: the children end with their standard input, the folder is removed on exit.
 */
export async function openStage(only?: readonly string[], processes = 1): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'medseal-bench-'));
  // As root PostgreSQL runs as a user of its own, who must be able to enter.
  chmodSync(folder, 0o711);
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.once('exit', remove);
  const started: RunningProcess[] = [];
  const alliance = await startAlliance({
    folder,
    root,
    ports: demoPorts(await freeBase()),
    report: () => undefined,
    ...(only === undefined ? {} : { only }),
    settingsFor: (organizationId) =>
      organizationId === 'regulator' ? {} : { MEDSEAL_SERVING_PROCESSES: String(processes) },
  });
  const story = createStory(alliance);
  const wanted = organizations.filter(({ organizationId }) => only?.includes(organizationId) ?? true);
  await approveMembers(story, wanted);
  return {
    alliance,
    story,
    token: async (username) => {
      const { accessToken } = await loginStaff({
        issuer: `http://localhost:${alliance.ports.identityProvider}`,
        username,
        password: passwordOf(join(folder, 'identity-provider'), username),
        audience: audienceOf(username.split('@')[1] ?? ''),
      });
      return accessToken;
    },
    database: async (name) => {
      await alliance.cluster.dropDatabase(name);
      await alliance.cluster.ensureDatabase(name);
      return alliance.cluster.url(name);
    },
    start: async (name, script, args) => {
      const running = await startProcess({
        name,
        script: join(root, script),
        args,
        logFile: join(folder, 'logs', `${name}.log`),
      });
      started.push(running);
      return running;
    },
    close: async () => {
      for (const client of Object.values(story.clients)) client.close();
      for (const running of started) await running.stop();
      await alliance.stop();
      remove();
      process.off('exit', remove);
    },
  };
}
