import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConsentError, type PolicyPort } from '../../consent/index.ts';

/** Where the compiled policy and its digests are in a checkout. */
export const policyDirectory = fileURLToPath(new URL('../../../../policies', import.meta.url));

const entrypoint = 'medseal/consent/decision';
const initialPages = 5;
/** 64 KiB each; linear memory never shrinks, so an input that needs more is refused instead. */
const maxPages = 1024;
const maxInputBytes = 4 * 1024 * 1024;

type Instance = { entrypoints: object; evaluate(input: ArrayBuffer, entrypoint: string): unknown };
type Sdk = {
  loadPolicySync(wasm: Uint8Array, memory: { initial: number; maximum: number }): Instance;
};
// The package's ESM entry lacks the synchronous loader that its types promise; its CommonJS one has it.
const sdk: Sdk = createRequire(import.meta.url)('@open-policy-agent/opa-wasm');

/**
 * Loads policy.wasm from `directory`. POLICY_INVALID when the file is not the one whose SHA-256 stands in policy.sha256,
 * or is no policy with our entry point: a node does not start on a policy nobody reviewed.
 */
export function openPolicy(directory = policyDirectory): PolicyPort {
  const wasm = readFileSync(join(directory, 'policy.wasm'));
  const digest = pinnedDigest(readFileSync(join(directory, 'policy.sha256'), 'utf8'));
  const evaluate = evaluator(digest, wasm);
  const others = new Map<string, (input: unknown) => unknown>();
  return {
    digest,
    wasm,
    evaluate,
    evaluateWith: (policy, input) => {
      if (policy.digest === digest) return evaluate(input);
      const other = others.get(policy.digest) ?? evaluator(policy.digest, policy.wasm);
      others.set(policy.digest, other);
      return other(input);
    },
  };
}

/**
 * One instance of a policy. Whatever it throws (memory at its limit, conflict, abort) becomes POLICY_UNAVAILABLE, and the
 * next evaluation starts on a fresh instance.
 */
function evaluator(digest: string, wasm: Uint8Array): (input: unknown) => unknown {
  if (createHash('sha256').update(wasm).digest('hex') !== digest) {
    throw new ConsentError('POLICY_INVALID', { message: 'policy.wasm is not the one in policy.sha256' });
  }
  let instance: Instance | undefined = instantiated(wasm);
  return (input) => {
    const bytes = inputBytes(input);
    try {
      instance ??= instantiated(wasm);
      return resultOf(instance.evaluate(bytes, entrypoint));
    } catch (cause) {
      instance = undefined;
      throw new ConsentError('POLICY_UNAVAILABLE', { message: 'the policy could not be evaluated', cause });
    }
  };
}

function instantiated(wasm: Uint8Array): Instance {
  let policy: Instance;
  try {
    policy = sdk.loadPolicySync(wasm, { initial: initialPages, maximum: maxPages });
  } catch (cause) {
    throw new ConsentError('POLICY_INVALID', { message: 'policy.wasm cannot be loaded', cause });
  }
  if (!Object.hasOwn(policy.entrypoints, entrypoint)) {
    throw new ConsentError('POLICY_INVALID', { message: `policy.wasm has no entry point ${entrypoint}` });
  }
  return policy;
}

/** The input as JSON. Given as bytes, because the SDK skips an input that is falsy and would keep an earlier one. */
function inputBytes(input: unknown): ArrayBuffer {
  const bytes = new TextEncoder().encode(JSON.stringify(input) ?? 'null');
  if (bytes.length > maxInputBytes) {
    throw new ConsentError('POLICY_UNAVAILABLE', { message: 'the input is too large for the policy' });
  }
  return bytes.buffer;
}

/** The one result of the entry point; none or several mean that the policy is undefined there. */
function resultOf(results: unknown): unknown {
  if (!Array.isArray(results) || results.length !== 1) {
    throw new ConsentError('POLICY_UNAVAILABLE', { message: 'the policy is undefined for this input' });
  }
  return (results[0] as { result?: unknown }).result;
}

function pinnedDigest(text: string): string {
  const digest = /^([0-9a-f]{64}) {2}policy\.wasm$/m.exec(text)?.[1];
  if (digest === undefined)
    throw new ConsentError('POLICY_INVALID', { message: 'policy.sha256 is malformed' });
  return digest;
}
