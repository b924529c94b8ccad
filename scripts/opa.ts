import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { root } from './run-step.ts';

export const opaVersion = '1.22.2';
export const policies = join(root, 'policies');
const ownBinaries = join(root, '.medseal', 'bin');
const executable = process.platform === 'win32' ? 'opa.exe' : 'opa';

/** Version of the binary, or nothing when it does not run. */
function versionOf(binary: string): string | undefined {
  const { status, stdout } = spawnSync(binary, ['version'], { encoding: 'utf8', timeout: 20_000 });
  return status === 0 ? /^Version: (\S+)/m.exec(stdout)?.[1] : undefined;
}

/** Builds opa from the Go module proxy, when there is a Go. */
function installOpa(): string | undefined {
  if (spawnSync('go', ['version'], { stdio: 'ignore' }).status !== 0) return undefined;
  console.log(`building opa ${opaVersion} into .medseal/bin (once)`);
  const { status } = spawnSync('go', ['install', `github.com/open-policy-agent/opa@v${opaVersion}`], {
    env: { ...process.env, GOBIN: ownBinaries },
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 180_000,
  });
  const binary = join(ownBinaries, executable);
  return status === 0 && existsSync(binary) ? binary : undefined;
}

/**
 * An opa of the pinned version: $MEDSEAL_OPA, one built before, the PATH, or one built now where Go is installed. Another
 * version compiles to other bytes, so it does not count.
 */
export function findOpa(): string | undefined {
  const candidates = [process.env['MEDSEAL_OPA'], join(ownBinaries, executable), 'opa'];
  for (const candidate of candidates) {
    if (candidate !== undefined && candidate !== '' && versionOf(candidate) === opaVersion) return candidate;
  }
  return installOpa();
}

/** Compiles the policy; the same sources give the same bytes. */
export function compilePolicy(opa: string): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'medseal-policy-'));
  const bundle = join(directory, 'bundle.tar.gz');
  try {
    execFileSync(
      opa,
      [
        ...['build', '--target', 'wasm', '--entrypoint', 'medseal/consent/decision'],
        ...['--capabilities', 'capabilities.json', '--ignore', '*_test.rego', '--output', bundle, 'consent'],
      ],
      { cwd: policies, stdio: ['ignore', 'inherit', 'inherit'] },
    );
    return fileInTar(gunzipSync(readFileSync(bundle)), '/policy.wasm');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** One file of a ustar archive (POSIX.1-1988: name at 0, size in octal at 124, content from the next 512 bytes). */
function fileInTar(tar: Buffer, name: string): Buffer {
  for (let at = 0; at + 512 <= tar.length; ) {
    const entry = tar.toString('utf8', at, at + 100).replace(/\0.*$/s, '');
    const size = Number.parseInt(tar.toString('ascii', at + 124, at + 136), 8) || 0;
    if (entry === name) return tar.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  throw new Error(`${name} is not in the bundle`);
}

/** Digests of the compiled policy and of what it was compiled from, in the format of sha256sum. */
export function policyDigests(wasm: Uint8Array): string {
  const sources = globSync('consent/*.rego', { cwd: policies })
    .filter((file) => !file.endsWith('_test.rego'))
    .map((file) => file.replaceAll('\\', '/'))
    .sort();
  const files: [string, Uint8Array][] = [
    ['policy.wasm', wasm],
    ...['capabilities.json', ...sources].map((file): [string, Uint8Array] => [
      file,
      readFileSync(join(policies, file)),
    ]),
  ];
  return files
    .map(([file, bytes]) => `${createHash('sha256').update(bytes).digest('hex')}  ${file}\n`)
    .join('');
}
