import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bufferedOutput } from './output.ts';

const directory = mkdtempSync(join(tmpdir(), 'medseal-output-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Runs a script over an output on `stdout`; what came out of a pipe, and how it ended. */
function run(script: string, stdout: 'pipe' | number): Promise<{ text: string; code: number | null }> {
  const url = JSON.stringify(new URL('./output.ts', import.meta.url).href);
  const code = `import { bufferedOutput } from ${url}; const output = bufferedOutput(); ${script}`;
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', code];
  const child = spawn(process.execPath, args, { stdio: ['ignore', stdout, 'inherit'] });
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve) =>
    child.once('close', (exit) => resolve({ text: Buffer.concat(chunks).toString('utf8'), code: exit })),
  );
}

const lines = (count: number): string =>
  Array.from({ length: count }, (_, at) => `行 ${at} ${'x'.repeat(100)}\n`).join('');
const writeThem = (count: number): string =>
  `for (let at = 0; at < ${count}; at += 1) output.write('行 ' + at + ' ' + 'x'.repeat(100) + '\\n');`;

describe('the output of the log', () => {
  it('is complete and in order when a process ends, by itself or at once', async () => {
    expect(await run(writeThem(3_000), 'pipe')).toEqual({ text: lines(3_000), code: 0 });
    expect(await run(`${writeThem(3_000)} process.exit(3);`, 'pipe')).toEqual({
      text: lines(3_000),
      code: 3,
    });
  });

  it.skipIf(process.platform !== 'linux')(
    'ends no process and holds none up where the disk is full',
    async () => {
      const full = openSync('/dev/full', 'w');

      const turns = `for (let turn = 0; turn < 5; turn += 1) { ${writeThem(500)} await new Promise((next) => setTimeout(next, 120)); }`;
      expect((await run(turns, full)).code).toBe(0);
      closeSync(full);
    },
  );

  it.skipIf(process.platform === 'win32')(
    'keeps a megabyte for a reader that is away, and says what was lost',
    async () => {
      const path = join(directory, 'pipe');
      execFileSync('mkfifo', [path]);
      const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
      const output = bufferedOutput(pipe);
      const line = `${'y'.repeat(1023)}\n`;
      for (let at = 0; at < 1_500; at += 1) output.write(line);

      let text = '';
      const read = (): string => {
        const chunk = Buffer.alloc(65_536);
        try {
          text += chunk.toString('utf8', 0, readSync(pipe, chunk));
        } catch {
          // Nothing there yet.
        }
        return text.slice(-200);
      };
      await expect.poll(read, { timeout: 30_000, interval: 10 }).toContain('log.lines-lost');
      const said = text.trimEnd().split('\n');
      const { lost } = JSON.parse(said.at(-1) ?? '');
      expect(said.slice(0, -1).every((one) => `${one}\n` === line)).toBe(true);
      expect(said.length - 1 + lost).toBe(1_500);
      expect(said.length - 1).toBeGreaterThan(1_000);
    },
  );
});
