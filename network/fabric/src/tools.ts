import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FabricNetworkError } from './errors.ts';

/**
 * Fabric v3.1.1 by the commit that the Go module proxy serves; `tools/go.mod` and `tools/go.sum` pin everything under it. Its
 * consensus library is patched (`tools/smartbft/liveness.patch`).
 */
export const fabricVersion = 'v3.1.1';
const commands = ['peer', 'orderer', 'configtxgen', 'osnadmin'] as const;
const pinned = ['go.mod', 'go.sum', 'smartbft/liveness.patch'];
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
export function binFolder(folder: string): string {
  const pins = createHash('sha256');
  for (const name of pinned) pins.update(readFileSync(join(toolsFolder, name)));
  return join(folder, `${fabricVersion}-${pins.digest('hex').slice(0, 12)}`);
}

/**
 * Builds Fabric's programs from the Go module proxy into `folder`, once for each version of the pins (one to two minutes the
 * first time); afterwards Go is not needed. Throws one line that names the alternative where Go is missing.
 */
export async function buildTools(folder: string, report: (text: string) => void): Promise<FabricTools> {
  const bin = binFolder(folder);
  if (!isBuilt(folder)) {
    if (!hasGo()) throw new FabricNetworkError('GO_MISSING', noGo);
    report(`building Fabric ${fabricVersion} from source (once, one to two minutes)`);
    mkdirSync(bin, { recursive: true });
    await build(bin);
  }
  const paths = Object.fromEntries(commands.map((name) => [name, join(bin, name)])) as Record<
    (typeof commands)[number],
    string
  >;
  return { ...paths, sampleConfig: join(bin, 'sampleconfig') };
}

/** Go itself needs this process's environment: its cache, proxy and home folder. */
function build(bin: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('sh', [join(toolsFolder, 'build.sh'), bin], { stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (chunk) => {
      errors = `${errors}${chunk}`.slice(-4000);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) return resolve();
      const last = errors.trim().split('\n').slice(-3).join(' | ');
      reject(new FabricNetworkError('COMMAND_FAILED', `building Fabric failed: ${last}`));
    });
  });
}
