import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realProof } from '../evidence/test/recorded.ts';
import { packed } from '../evidence/test/unpacked.ts';
import { verifierScript } from '../scripts/build-verifier.ts';
import type { BenchOptions, Measure } from './harness.ts';
import { timed } from './load.ts';

type Took = { wall: number; processors: number };

// Writes the process's own time of processors (user and system, microseconds) to the fourth stream when it ends.
const meter = `process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  process.getBuiltinModule('node:fs').writeSync(3, String(user + system));
});`;

/**
 * `medseal-verify` as it is shipped, from the start of its process to its end, beside a Node that does nothing: by the
 * clock, and by the time of processors, which other work on the machine does not stretch.
 */
export async function measureCommand({ rounds, quick }: BenchOptions): Promise<Measure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'medseal-bench-'));
  try {
    const command = await shipped(folder);
    const ours: Took[] = [];
    const plain: Took[] = [];
    for (let run = 0; run <= (quick ? rounds : rounds * 4); run += 1) {
      const pair = [
        await took([command, 'bundle.json', '--policy', 'trust.json'], folder),
        await took(['-e', '0'], folder),
      ] as const;
      if (run === 0) continue;
      ours.push(pair[0]);
      plain.push(pair[1]);
    }
    return [
      measureOf('medseal-verify, one bundle with start', 'wall', { ours, plain }),
      measureOf('the same, time of processors', 'processors', { ours, plain }),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Lays the package's command out as an installation does, and a bundle beside it. */
async function shipped(folder: string): Promise<string> {
  const { proof, policy } = realProof();
  for (const name of ['bin', 'dist']) mkdirSync(join(folder, name));
  const command = join(folder, 'bin', 'medseal-verify.mjs');
  cpSync(new URL('../evidence/bin/medseal-verify.mjs', import.meta.url), command);
  writeFileSync(join(folder, 'dist', 'medseal-verify.mjs'), await verifierScript());
  writeFileSync(join(folder, 'bundle.json'), JSON.stringify(packed(proof)));
  writeFileSync(join(folder, 'trust.json'), policy);
  writeFileSync(join(folder, 'meter.cjs'), meter);
  return command;
}

async function took(args: string[], cwd: string): Promise<Took> {
  let microseconds = '';
  const wall = await timed(() => {
    const { status, output } = spawnSync(process.execPath, ['--require', './meter.cjs', ...args], {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    if (status !== 0) throw new Error(`refused: ${output[2]}`);
    microseconds = output[3] ?? '';
  });
  return { wall, processors: Number(microseconds) / 1000 };
}

function measureOf(
  measure: string,
  by: keyof Took,
  { ours, plain }: Record<'ours' | 'plain', Took[]>,
): Measure {
  const baseline = { name: 'Node starts and ends', values: plain.map((run) => run[by]) };
  return { bench: 'evidence', measure, unit: 'ms', values: ours.map((run) => run[by]), baseline };
}
