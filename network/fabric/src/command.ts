import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { FabricNetworkError } from './errors.ts';

/** Runs a program to its end; resolves to its standard output, rejects with its last lines. Never through a shell. */
export function runCommand(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { PATH: '/usr/bin:/bin', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      errors = `${errors}${chunk}`.slice(-8000);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) return resolve(output);
      const name = [command.split('/').at(-1), ...args.slice(0, 3)].join(' ');
      const last = (errors || output).trim().split('\n').slice(-3).join(' | ');
      reject(new FabricNetworkError('COMMAND_FAILED', `${name}: ${last}`));
    });
  });
}

/** Repeats `attempt` until it succeeds; rejects with its last error after `timeoutMs`. */
export async function eventually<Result>(attempt: () => Promise<Result>, timeoutMs: number): Promise<Result> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await delay(250);
    }
  }
}
