import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compilePolicy, findOpa, opaVersion, policies, policyDigests } from './opa.ts';

// Compiles policies/consent to policies/policy.wasm and writes its digests. Both are committed.
const opa = findOpa();
if (opa === undefined) {
  console.error(
    `opa ${opaVersion} is needed: on the PATH, in MEDSEAL_OPA, or install Go so that it can be built`,
  );
  process.exit(1);
}
const wasm = compilePolicy(opa);
writeFileSync(join(policies, 'policy.wasm'), wasm);
writeFileSync(join(policies, 'policy.sha256'), policyDigests(wasm));
console.log(`policies/policy.wasm: ${wasm.length} bytes`);
