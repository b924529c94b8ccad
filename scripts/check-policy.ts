import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compilePolicy, findOpa, opaVersion, policies, policyDigests } from './opa.ts';

const wasm = readFileSync(join(policies, 'policy.wasm'));

function fail(message: string): never {
  console.error(`✗ ${message}`);
  process.exit(1);
}

/** Runs opa over the sources; anything but exit 0 ends the check. */
function opaStep(opa: string, name: string, args: string[]): string {
  const { status, stdout, stderr } = spawnSync(opa, args, { cwd: policies, encoding: 'utf8' });
  if (status !== 0) fail(`${name}\n${stdout}${stderr}`);
  return stdout;
}

// Needs no opa: the committed wasm is the one that these very sources were compiled to.
if (readFileSync(join(policies, 'policy.sha256'), 'utf8') !== policyDigests(wasm)) {
  fail('policies/policy.sha256 does not fit: run `npm run build:policy` and commit what it writes');
}

const opa = findOpa();
if (opa === undefined) {
  console.warn(
    [
      '!'.repeat(78),
      `! SKIPPED: format, types, tests and rebuild of the policy. No opa ${opaVersion} was found`,
      '! (PATH, MEDSEAL_OPA) and none could be built (Go). Only the digests were compared.',
      '!'.repeat(78),
    ].join('\n'),
  );
} else {
  opaStep(opa, 'format', ['fmt', '--fail', '--list', 'consent']);
  opaStep(opa, 'types', ['check', '--strict', '--schema', 'schemas', 'consent']);
  opaStep(opa, 'tests', ['test', '--schema', 'schemas', 'consent']);
  opaStep(opa, 'coverage', ['test', '--schema', 'schemas', '--coverage', '--threshold', '90', 'consent']);
  if (!compilePolicy(opa).equals(wasm)) fail('policies/policy.wasm is not what the sources compile to');
  console.log('policy: formatted, typed, tested, covered, rebuilt byte for byte');
}
