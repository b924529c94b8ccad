import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, expectStatus } from '../demo/client.ts';
import { eventually } from '../demo/story.ts';
import { type Answer, call as callOver } from '../node/src/http/test/client.ts';
import { type Journey, root, startJourney, untilAnchored } from './journey/alliance.ts';
import { takeInPerson } from './journey/people.ts';
import { descendantsOf, isAlive, leftOf } from './journey/processes.ts';
import { observation } from './journey/records.ts';
import { settingsOf } from './journey/replica.ts';

const hospital = 'hospital-a';
const count = 2;

let journey: Journey;
let first: number;

beforeAll(async () => {
  journey = await startJourney({
    only: ['regulator', hospital],
    settingsFor: (organizationId) =>
      organizationId === hospital ? { MEDSEAL_SERVING_PROCESSES: String(count) } : {},
  });
  first = journey.alliance.processes.get(hospital)?.pid ?? 0;
});
afterAll(() => journey?.stop());

const serving = (): number[] => descendantsOf(first);
const log = (): string => readFileSync(join(journey.folder, 'logs', `${hospital}.log`), 'utf8');

/** One request on a connection of its own, so that any of the processes may get it; its status. */
async function probe(path = '/livez'): Promise<number> {
  return (await askOnce(path)).status;
}

function askOnce(path: string): Promise<Answer> {
  const { alliance } = journey;
  const { port } = new URL(alliance.apiUrl(hospital));
  const tls = { signal: AbortSignal.timeout(10_000) };
  return callOver(Number(port), alliance.ca(hospital), { path, tls });
}

/** How many requests of one path the collector is told of, through a connection of its own. */
async function counted(route: string): Promise<number> {
  const { text } = await askOnce('/metrics');
  const line = new RegExp(
    `^medseal_http_requests_total\\{route="${route}",method="GET",status="200"\\} (\\d+)$`,
    'm',
  );
  return Number(line.exec(text)?.[1] ?? 0);
}

describe('a node that serves from several processes', () => {
  it('is one node: every process knows what another took in', async () => {
    expect(serving()).toHaveLength(count);
    const { patientId } = await takeInPerson(journey.story, (of) => [observation(of), observation(of)]);
    const bearer = await journey.story.staff(`clinician@${hospital}`);
    for (let at = 0; at < 6; at += 1) {
      const { alliance } = journey;
      const client = createClient(alliance.apiUrl(hospital), alliance.ca(hospital));
      const path = `/fhir/R4/Observation?patient=${patientId}`;
      const answer = await client.call<{ entry: object[] }>('GET', path, { bearer });
      client.close();
      expect(expectStatus(answer, 200).entry).toHaveLength(2);
    }
    await untilAnchored(journey.story);
    expect(await probe('/readyz')).toBe(200);
  });

  it('adds up its figures, whichever process the collector meets', async () => {
    const before = await counted('/livez');
    for (let at = 0; at < 10; at += 1) expect(await probe()).toBe(200);

    const counts = [];
    for (let at = 0; at < 4; at += 1) counts.push(await counted('/livez'));
    expect(counts).toEqual([before + 10, before + 10, before + 10, before + 10]);
  });

  it('writes whole lines, one event each', async () => {
    await Promise.all(Array.from({ length: 200 }, () => probe()));

    const lines = await eventually('the log', async () => {
      const all = log().trim().split('\n');
      return all.filter((line) => line.includes('"http.request"')).length >= 200 ? all : undefined;
    });
    for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
  });

  it('goes on when one is killed, and starts it again', async () => {
    const before = serving();
    const [victim = 0] = before;
    process.kill(victim, 'SIGKILL');
    expect(await leftOf([victim], 5_000)).toEqual([]);

    for (let at = 0; at < 20; at += 1) expect(await probe('/readyz')).toBe(200);
    await eventually('the restart', async () => (log().includes('process.restarted') ? true : undefined));
    expect(serving()).toHaveLength(count);
    expect(serving().filter((pid) => before.includes(pid))).toHaveLength(count - 1);
    expect(log()).toMatch(/"pid":\d+.*"msg":"process.ended"/);
    expect(await counted('/livez')).toBeGreaterThan(0);
  });

  it('stops in order, all of it', async () => {
    const all = [first, ...serving()];

    await journey.alliance.processes.get(hospital)?.stop();

    expect(await leftOf(all, 1_000)).toEqual([]);
    expect(log()).not.toContain('process.start-failed');
  });

  it('leaves no process behind when the first is killed', async () => {
    const child = await startAlone({ MEDSEAL_SERVING_PROCESSES: String(count) });
    const pid = child.pid ?? 0;
    const below = descendantsOf(pid);
    expect(below).toHaveLength(count);
    expect(await probe('/readyz')).toBe(200);

    child.kill('SIGKILL');
    await once(child, 'exit');

    expect(await leftOf(below, 5_000)).toEqual([]);
    await expect(probe()).rejects.toThrow();
  });

  it('says in one line why it does not start, and leaves nothing behind', async () => {
    const lines: string[] = [];
    const child = start({ MEDSEAL_SERVING_PROCESSES: String(count), MEDSEAL_KEY_FILE: '/absent' }, lines);
    const [code] = await once(child, 'exit');

    expect(code).toBe(1);
    expect(lines.filter((line) => line.includes('"failed"'))).toEqual([
      expect.stringContaining('KEY_FILE_UNREADABLE'),
    ]);
    expect(isAlive(child.pid ?? 0)).toBe(false);
  });
});

/** Starts the node as an operator does, with nothing of the demonstration around it. */
function start(settings: Record<string, string>, lines: string[]): ChildProcess {
  const child = spawn(process.execPath, [join(root, 'node/src/main.ts')], {
    env: { PATH: process.env['PATH'], ...settingsOf(journey.alliance, hospital), ...settings },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => lines.push(line));
  return child;
}

async function startAlone(settings: Record<string, string>): Promise<ChildProcess> {
  const lines: string[] = [];
  const child = start(settings, lines);
  await eventually(
    'the start',
    async () => (lines.some((line) => line.includes('"ready"')) ? true : undefined),
    60_000,
  );
  return child;
}
