import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FabricNetworkError } from './errors.ts';

/** Fabric v3.1.1 by the commit that the Go module proxy serves; `tools/go.mod` and `tools/go.sum` pin everything under it. */
export const fabricVersion = 'v3.1.1';
const moduleName = 'github.com/hyperledger/fabric';
const commands = ['peer', 'orderer', 'configtxgen', 'osnadmin'] as const;
const toolsFolder = fileURLToPath(new URL('../tools/', import.meta.url));

export type FabricTools = Record<(typeof commands)[number], string> & {
  /** Folder with Fabric's own core.yaml and orderer.yaml of this version. */
  sampleConfig: string;
};

const noGo =
  'Go is needed to build Fabric here, and there is none on PATH: install Go 1.24 or newer from go.dev, ' +
  'or run the official images with Docker (docker compose --profile alliance up; see docs/fabric.md).';

/** Why Fabric cannot run here, as one line; undefined where it can: it is built already, or Go can build it. */
export function whyNoFabric(folder: string): string | undefined {
  return isBuilt(folder) || hasGo() ? undefined : noGo;
}

/** Whether Fabric was built into `folder` before. */
export function isBuilt(folder: string): boolean {
  return existsSync(join(binFolder(folder), 'built'));
}

function hasGo(): boolean {
  return spawnSync('go', ['version']).status === 0;
}

/** Named by the pins, so that another version never meets this one's programs. */
function binFolder(folder: string): string {
  const pins = createHash('sha256');
  for (const name of ['go.mod', 'go.sum']) pins.update(readFileSync(join(toolsFolder, name)));
  return join(folder, `${fabricVersion}-${pins.digest('hex').slice(0, 12)}`);
}

/**
 * Builds Fabric's programs from the Go module proxy into `folder`, once for each version of the pins (one to two minutes the
 * first time); afterwards Go is not needed. Throws one line that names the alternative where Go is missing.
 */
export async function buildTools(folder: string, report: (text: string) => void): Promise<FabricTools> {
  const bin = binFolder(folder);
  const sampleConfig = join(bin, 'sampleconfig');
  if (!isBuilt(folder)) {
    if (!hasGo()) throw new FabricNetworkError('GO_MISSING', noGo);
    report(`building Fabric ${fabricVersion} from source (once, one to two minutes)`);
    await build(bin, sampleConfig);
  }
  const paths = Object.fromEntries(commands.map((name) => [name, join(bin, name)])) as Record<
    (typeof commands)[number],
    string
  >;
  return { ...paths, sampleConfig };
}

async function build(bin: string, sampleConfig: string): Promise<void> {
  mkdirSync(sampleConfig, { recursive: true });
  for (const name of ['go.mod', 'go.sum']) copyFileSync(join(toolsFolder, name), join(bin, name));
  const packages = commands.map((name) => `${moduleName}/cmd/${name}`);
  await go(['build', '-mod=mod', '-o', `${bin}/`, ...packages], bin);
  const source = await go(['list', '-mod=mod', '-m', '-f', '{{.Dir}}', moduleName], bin);
  for (const name of ['core.yaml', 'orderer.yaml'])
    writeFileSync(join(sampleConfig, name), readFileSync(join(source, 'sampleconfig', name)));
  writeFileSync(join(bin, 'built'), fabricVersion);
}

/** Go itself needs this process's environment: its cache, proxy and home folder. */
function go(args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('go', args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
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
      if (code === 0) return resolve(output.trim());
      const last = errors.trim().split('\n').slice(-3).join(' | ');
      reject(new FabricNetworkError('COMMAND_FAILED', `go ${args[0]} failed: ${last}`));
    });
  });
}
