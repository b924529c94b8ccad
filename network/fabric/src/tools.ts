import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Fabric v3.1.1 by the commit that the Go module proxy serves; `tools/go.mod` and `tools/go.sum` pin everything under it. */
export const fabricVersion = 'v3.1.1';
const moduleName = 'github.com/hyperledger/fabric';
const commands = ['peer', 'orderer', 'configtxgen', 'osnadmin'] as const;
const toolsFolder = fileURLToPath(new URL('../tools/', import.meta.url));

export type FabricTools = Record<(typeof commands)[number], string> & {
  /** Folder with Fabric's own core.yaml and orderer.yaml of this version. */
  sampleConfig: string;
};

/** Whether Go can be called on this machine. */
export function hasGo(): boolean {
  return spawnSync('go', ['version']).status === 0;
}

function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      errors = `${errors}${chunk}`.slice(-4000);
    });
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve(output.trim());
      else
        reject(new Error(`${command} ${args[0]} failed: ${errors.trim().split('\n').slice(-3).join(' | ')}`));
    });
  });
}

/**
 * Builds Fabric's programs from the Go module proxy into `folder`, once for each version of the pins (one to two minutes the
 * first time). Throws one line that names the alternative where Go is missing.
 */
export async function buildTools(folder: string, report: (text: string) => void): Promise<FabricTools> {
  if (!hasGo()) {
    throw new Error(
      'Go is needed to build Fabric here: install Go 1.24 or newer from go.dev, or use the Docker images (docker compose --profile alliance up).',
    );
  }
  const pins = createHash('sha256');
  for (const name of ['go.mod', 'go.sum']) pins.update(readFileSync(join(toolsFolder, name)));
  const bin = join(folder, `${fabricVersion}-${pins.digest('hex').slice(0, 12)}`);
  mkdirSync(bin, { recursive: true });
  const stamp = join(bin, 'complete');
  if (!existsSync(stamp)) {
    report(`building Fabric ${fabricVersion} from source (once, one to two minutes)`);
    for (const name of ['go.mod', 'go.sum']) copyFileSync(join(toolsFolder, name), join(bin, name));
    await run(
      'go',
      ['build', '-mod=mod', '-o', `${bin}/`, ...commands.map((name) => `${moduleName}/cmd/${name}`)],
      bin,
    );
    writeFileSync(
      join(bin, 'sampleconfig-path'),
      join(await run('go', ['list', '-mod=mod', '-m', '-f', '{{.Dir}}', moduleName], bin), 'sampleconfig'),
    );
    writeFileSync(stamp, fabricVersion);
  }
  const paths = Object.fromEntries(commands.map((name) => [name, join(bin, name)])) as Record<
    (typeof commands)[number],
    string
  >;
  return { ...paths, sampleConfig: readFileSync(join(bin, 'sampleconfig-path'), 'utf8') };
}
