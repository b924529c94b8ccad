import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endLeftovers, isAlive, pidFile, runningPrograms } from './leftovers.ts';
import { keepProcesses, type Processes, type Program } from './processes.ts';
import { buildTools, whyNoFabric } from './tools.ts';

let directory: string;
let processes: Processes;
let reports: string[];
beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'medseal-processes-')));
  reports = [];
  processes = keepProcesses(directory, (text) => reports.push(text));
});
afterEach(async () => {
  await processes.endAll();
  rmSync(directory, { recursive: true, force: true });
});

const program = (name: string, code: string): Program => ({
  name,
  command: process.execPath,
  args: ['-e', code],
  env: {},
});
const waits = 'setInterval(() => undefined, 1000)';

describe('the programs of a network', () => {
  it('are started again when they end by themselves, and not when they were ended', async () => {
    processes.start(program('peer-a', waits));
    const first = processes.pid('peer-a') ?? 0;
    process.kill(first, 'SIGKILL');
    await expect.poll(() => processes.pid('peer-a'), { timeout: 5000 }).not.toBe(first);
    const second = processes.pid('peer-a') ?? 0;
    await processes.end('peer-a', 'SIGKILL');

    expect(reports).toEqual(['peer-a ended (SIGKILL); it is started again']);
    expect(isAlive(second)).toBe(false);
    expect(processes.names()).toEqual([]);
  });

  it('are given up when one ends again and again', async () => {
    processes.start(program('orderer-1', 'process.exit(3)'));

    expect(await processes.gaveUp).toContain('orderer-1 ended (exit 3) again and again; see ');
  }, 20_000);

  it('see nothing of this process’s environment, and write into their log', async () => {
    processes.start(program('peer-a', `console.log(Object.keys(process.env).join()); ${waits}`));

    await expect.poll(() => readFileSync(join(directory, 'logs', 'peer-a.log'), 'utf8')).toBe('PATH\n');
  });

  it('that an earlier run left are found and ended; a stranger under an old id is not', async () => {
    processes.start(program('peer-a', waits));
    writeFileSync(pidFile(directory, 'peer-b'), `${process.pid} ${'node'}`); // runs elsewhere
    writeFileSync(pidFile(directory, 'peer-c'), '999999999 node');
    await expect.poll(() => runningPrograms(directory).map(({ name }) => name)).toEqual(['peer-a']);
    const pid = processes.pid('peer-a') ?? 0;

    expect(await endLeftovers(directory)).toEqual(['peer-a']);
    expect(isAlive(process.pid)).toBe(true);
    await expect.poll(() => processes.pid('peer-a') !== pid || !isAlive(pid)).toBe(true);
  });
});

describe('a machine without Go', () => {
  it('is told in one line what to install or use instead', async () => {
    const { PATH } = process.env;
    process.env['PATH'] = directory;
    try {
      expect(whyNoFabric(join(directory, 'tools'))).toMatch(
        /^Go is needed .*docker compose --profile alliance up[^\n]*$/,
      );
      await expect(buildTools(join(directory, 'tools'), () => undefined)).rejects.toMatchObject({
        code: 'GO_MISSING',
        message: whyNoFabric(join(directory, 'tools')),
      });
      expect(existsSync(join(directory, 'tools'))).toBe(false);
    } finally {
      process.env['PATH'] = PATH;
    }
  });
});
