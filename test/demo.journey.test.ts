import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoPicture } from '../scripts/demo-picture.ts';
import { root, stateFolder } from './journey/alliance.ts';
import { freePortBlock } from './journey/ports.ts';
import { descendantsOf, isAlive, leftOf } from './journey/processes.ts';

const folder = stateFolder();
const state = join(folder, 'state');
const running = new Set<ChildProcess>();
let base: string;

type Ended = { code: number | null; text: string; milliseconds: number };

function start(args: readonly string[]): ChildProcess {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(root, 'demo/main.ts'), ...args],
    // A process group of its own, as a shell gives it.
    { stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** Runs the demo to its end; what it printed on both outputs, in order. */
function run(...args: string[]): Promise<Ended> {
  const startedAt = performance.now();
  const child = start(args);
  let text = '';
  for (const output of [child.stdout, child.stderr])
    output?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  return new Promise((resolve) => {
    child.once('close', (code) => resolve({ code, text, milliseconds: performance.now() - startedAt }));
  });
}

/** Resolves when the demo has printed `words`, to what gives all that it prints; rejects when it ends before. */
function printed(child: ChildProcess, words: string): Promise<() => string> {
  return new Promise((resolve, reject) => {
    let text = '';
    for (const output of [child.stdout, child.stderr])
      output?.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (text.includes(words)) resolve(() => text);
      });
    child.once('exit', (code) => reject(new Error(`the demo ended with ${code}: ${text}`)));
  });
}

/** What a person gets who copies a line into a shell in the project's folder. */
async function shell(commandLine: string): Promise<string> {
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', commandLine], { cwd: root });
  return stdout;
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line.trim() !== '');

/** The lines of the README's picture without what differs from run to run: numbers and times. */
function wordsOf(picture: string): string[] {
  const texts = [...picture.matchAll(/<text [^>]*>(.*)<\/text>/g)].map(([, text = '']) => text);
  return texts.map((text) => text.replaceAll(/<[^>]+>/g, '').replaceAll(/\d+(?:\.\d+)?/g, '0'));
}

beforeAll(async () => {
  base = String(await freePortBlock());
});
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await leftOf(
    [...running].flatMap(({ pid }) => (pid === undefined ? [] : [pid])),
    5_000,
  );
  rmSync(folder, { recursive: true, force: true });
});

function expectEveryStep({ code, text }: Ended): void {
  expect(code, text).toBe(0);
  expect(text).not.toMatch(/^✗/m);
  for (const step of ['1', '2', '3', '4', '5', '6'])
    expect(text, `step ${step}`).toMatch(new RegExp(`^${step}\\. \\p{Script=Han}`, 'mu'));
  for (const words of [
    'solo ledger (one machine, binds nobody)',
    'alliance ready',
    'leaves anchored',
    'denied',
    'Why: ',
    'signed with the passkey',
    'inclusion of each record verified',
    'revoked, hospital B denied',
    'hospital C denied as well',
    'accesses without a gap, each proof valid',
    'bundle verified offline: given to whom, on which consent',
    '✓ release',
    '✓ consent',
    'one bit flipped is refused',
    'names another hospital as requester is refused',
    'every step passed',
  ])
    expect(text).toContain(words);
}

describe('the demo', () => {
  it('plays every step in a fresh folder and leaves no process behind', async () => {
    const ended = await run('--check', '--reset', '--state', state, '--ports', base);
    console.log(`first --check ${Math.round(ended.milliseconds)} ms`);

    expectEveryStep(ended);
    expect(ended.text).toContain('patients');
    const picture = readFileSync(join(root, 'docs/images/demo.svg'), 'utf8');
    const drawn = new Set(wordsOf(demoPicture(ended.text)));
    expect(wordsOf(picture).filter((words) => !drawn.has(words))).toEqual([]);
  });

  it('is gone with all its processes when it is killed', async () => {
    const child = start(['--state', state, '--ports', base]);
    await printed(child, 'alliance ready');
    const pid = child.pid ?? 0;
    const processes = descendantsOf(pid);
    child.kill('SIGKILL');

    expect(processes.length).toBeGreaterThan(8);
    expect(await leftOf([pid, ...processes], 20_000)).toEqual([]);
  });

  it('goes on from what was kept, and plays every step again', async () => {
    const ended = await run('--check', '--state', state, '--ports', base);
    console.log(`--check on the kept state ${Math.round(ended.milliseconds)} ms`);

    expectEveryStep(ended);
    expect(ended.text).toContain('keeping its data');
  });

  it('is stopped by Ctrl-C in the middle of its start and of its steps, and says so', async () => {
    for (const words of ['PostgreSQL', 'alliance ready']) {
      const child = start(['--state', state, '--ports', base]);
      const text = await printed(child, words);
      const pid = child.pid ?? 0;
      const processes = descendantsOf(pid);
      const ended = new Promise((resolve) => child.once('close', resolve));
      process.kill(-pid, 'SIGINT');

      expect(await ended).toBe(1);
      expect(text()).toContain('stopping');
      expect(await leftOf(processes, 20_000)).toEqual([]);
    }
  });

  describe('while it waits', () => {
    let child: ChildProcess;
    let text: () => string;
    beforeAll(async () => {
      child = start(['--state', state, '--ports', base]);
      text = await printed(child, 'Ctrl-C stops');
    });

    it('prints commands that work exactly as they are printed', async () => {
      const commands = lines(text()).filter((each) => /^ {5}(curl|npm) /.test(each));

      expect(commands.length).toBeGreaterThan(4);
      const answers: string[] = [];
      for (const each of commands) answers.push(await shell(each));
      expect(answers[0]).toContain('"status":"ready"');
      expect(answers.join('\n')).toContain('"type":"searchset"');
      expect(answers.join('\n')).toContain('VALID');
      expect(answers.at(-1)).toContain('Cases: 0');
    });

    it('keeps a second demo off its folder, even on other ports and with --reset', async () => {
      const others = String(await freePortBlock());
      for (const reset of [[], ['--reset']]) {
        const second = await run('--check', '--state', state, '--ports', others, ...reset);

        expect(second.code).toBe(1);
        expect(second.text).toMatch(/process \d+ uses .* already/);
      }
      const [ready = ''] = lines(text()).filter((each) => each.includes('/readyz'));
      expect(await shell(ready)).toContain('"status":"ready"');
    });

    it('stops in order at Ctrl-C, which reaches all of its processes', async () => {
      const processes = descendantsOf(child.pid ?? 0);
      const ended = new Promise((resolve) => child.once('exit', resolve));
      process.kill(-(child.pid ?? 0), 'SIGINT');

      expect(await ended).toBe(0);
      expect(processes.filter(isAlive)).toEqual([]);
      expect(text()).toContain('stopping');
    });

    it('gives no token any more when it has stopped', async () => {
      const [token = ''] = lines(text()).filter((each) => each.includes('demo:token'));

      await expect(shell(token)).rejects.toThrow('Start the demo: npm run demo');
    });
  });
});

describe('the demo says in one line what is wrong', () => {
  const expectOneLine = ({ code, text }: Ended): string => {
    expect(code).toBe(1);
    const wrong = lines(text).filter((line) => line.includes('✗'));
    expect(wrong).toHaveLength(1);
    expect(text).not.toMatch(/\bat \S+ \(|node:internal/);
    return wrong[0] ?? '';
  };

  it('when a port is in use, and starts nothing', async () => {
    const other: Server = createServer().listen(Number(base) + 1, '127.0.0.1');
    await new Promise((ready) => other.once('listening', ready));
    const ended = await run('--check', '--state', join(folder, 'other'), '--ports', base);
    await new Promise((closed) => other.close(closed));

    const line = expectOneLine(ended);
    expect(line).toContain(`port ${Number(base) + 1} (ledger) is in use`);
    expect(line).toContain('--ports');
  });

  it('when its folder cannot be written', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    const line = expectOneLine(await run('--check', '--state', join(file, 'state'), '--ports', base));
    expect(line).toContain(`${join(file, 'state')} cannot be written`);
    expect(line).toContain('--state');
  });

  it('when the folder of patients holds none, or an option is unknown', async () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    const none = await run('--data', empty, '--state', join(folder, 'never'), '--ports', base);
    const absent = await run('--data', join(folder, 'absent'), '--state', join(folder, 'never'));
    const unknown = expectOneLine(await run('--chekc'));
    const ports = expectOneLine(await run('--ports', '80'));

    expect(expectOneLine(none)).toContain(`no .json or .json.gz file in ${empty}`);
    expect(expectOneLine(absent)).toContain('is no folder that can be read');
    expect(none.text).not.toContain('Starting');
    expect(unknown).toContain('--chekc');
    expect(unknown).toContain('--help');
    expect(ports).toContain('--ports takes a whole number');
  });

  it('and how to use it', async () => {
    const { code, text } = await run('--help');

    expect(code).toBe(0);
    expect((await run('-h')).text).toBe(text);
    for (const option of ['--check', '--data', '--reset', '--state', '--ports', '--help'])
      expect(text).toContain(option);
  });
});
