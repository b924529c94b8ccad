import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const bin = (name: string): string =>
  join(root, 'node_modules', '.bin', process.platform === 'win32' ? `${name}.cmd` : name);

export type Step = { name: string; command: string; args: string[] };

export const npmTool = (name: string, tool: string, ...args: string[]): Step => ({
  name,
  command: bin(tool),
  args,
});
export const script = (name: string, file: string, ...args: string[]): Step => ({
  name,
  command: process.execPath,
  args: ['--disable-warning=ExperimentalWarning', join(root, file), ...args],
});

/** Runs one step with its output shown; resolves to its duration in ms, or exits the process with 1 when it fails. */
export async function runStep(step: Step): Promise<number> {
  const startedAt = Date.now();
  console.log(`\n── ${step.name}`);
  const child = spawn(step.command, step.args, { cwd: root, stdio: 'inherit' });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (code !== 0) {
    console.error(`\n✗ ${step.name} failed (exit ${code})`);
    process.exit(1);
  }
  return Date.now() - startedAt;
}

/** Runs the steps one after the other and prints how long each took. */
export async function runSteps(steps: readonly Step[]): Promise<void> {
  const durations: [string, number][] = [];
  for (const step of steps) durations.push([step.name, await runStep(step)]);
  console.log('');
  for (const [name, ms] of durations) console.log(`✓ ${name.padEnd(34)} ${(ms / 1000).toFixed(1)} s`);
}
