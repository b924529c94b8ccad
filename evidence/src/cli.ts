#!/usr/bin/env node
import { fromUtf8 } from './bytes.ts';
import { caseExitCodes, caseReport } from './case-report.ts';
import type { CaseVerdict } from './case-verify.ts';
import { EvidenceError, refusal } from './errors.ts';
import type { ForkVerdict } from './fork-proof.ts';
import { checkLines, limits, titleOf, verdictTexts } from './report.ts';
import { parseStrictJson } from './strict-json.ts';
import { parseTrustPolicy } from './trust-policy.ts';
import type { BundleVerdict, Verdict } from './verify-bundle.ts';
import { type FileVerdict, verifyFile } from './verify-file.ts';

// Not by import: that would load the streams of node:fs too, as long as it takes to judge half a bundle.
const { readFileSync, statSync } = process.getBuiltinModule('node:fs');
const { parseArgs } = process.getBuiltinModule('node:util');

const usage = `medseal-verify FILE --policy TRUST.json [--json] [--show]
Verifies one evidence bundle, one fork proof, or the archive of one case, without any network. Trust comes from the
policy alone.
  --json   prints the result as JSON
  --show   also prints the content of the record, if the proof is valid
Exit: 0 valid (a fork: proved), 1 tampered (a fork: not proved), 2 cannot decide,
3 valid but the outside notary that the policy asks for is missing or cannot be checked offline`;
const maxFileLength = 64 * 1024 * 1024;
const exitCodes: Record<Verdict, number> = { valid: 0, tampered: 1, undecided: 2, unnotarized: 3 };
const forkTexts: Record<ForkVerdict['verdict'], string> = {
  fork: '分叉成立 · FORK PROVED',
  'no-proof': '分叉不成立 · NO FORK PROVED',
  undecided: titleOf(verdictTexts.undecided),
};
const forkExitCodes: Record<ForkVerdict['verdict'], number> = { fork: 0, 'no-proof': 1, undecided: 2 };

type Options = { file: string; policy: string; json: boolean; show: boolean };

process.exitCode = main(process.argv.slice(2));

function main(args: string[]): number {
  let options: Options | undefined;
  try {
    options = optionsOf(args);
    if (options === undefined) {
      console.error(usage);
      return exitCodes.undecided;
    }
    const policy = parseTrustPolicy(readJson(options.policy, 'POLICY_INVALID'));
    return print(verifyFile(readJson(options.file, 'PROOF_TOO_LARGE'), policy), options);
  } catch (error) {
    return printFailure(error, options?.json === true);
  }
}

function optionsOf(args: string[]): Options | undefined {
  const flag = { type: 'boolean', default: false } as const;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { policy: { type: 'string' }, json: flag, show: flag, help: flag },
  });
  const [file, ...others] = positionals;
  if (file === undefined || values.policy === undefined || others.length > 0 || values.help) return undefined;
  return { file, policy: values.policy, json: values.json, show: values.show };
}

function readJson(path: string, tooLarge: 'POLICY_INVALID' | 'PROOF_TOO_LARGE'): unknown {
  if (statSync(path).size > maxFileLength) throw refusal(tooLarge, `over ${maxFileLength} bytes`);
  return parseStrictJson(fromUtf8(readFileSync(path)));
}

function print({ kind, result }: FileVerdict, options: Options): number {
  switch (kind) {
    case 'fork':
      return printFork(result, options);
    case 'case':
      return printCase(result, options);
    case 'bundle':
      printBundle(result, options);
      return exitCodes[result.verdict];
  }
}

function printBundle(result: BundleVerdict, { json, show }: Options): void {
  const { record, ...answer } = result;
  const shown = show && record !== undefined ? { ...answer, record } : answer;
  if (json) {
    console.log(JSON.stringify({ format: 'medseal/report/v1', ...shown, limits }, undefined, 2));
    return;
  }
  for (const line of checkLines(result.checks)) console.log(line);
  console.log(`\n${titleOf(verdictTexts[result.verdict])}\n${result.sentence.zh}\n${result.sentence.en}`);
  console.log('\n本结论不证明 · What this does not prove');
  for (const { zh, en } of limits) console.log(`  - ${zh}；${en}`);
  if (show && record !== undefined) console.log(`\n${JSON.stringify(record, undefined, 2)}`);
}

function printCase(result: CaseVerdict, options: Options): number {
  console.log(caseReport(result, options));
  return caseExitCodes[result.verdict];
}

function printFork(result: ForkVerdict, { json }: Options): number {
  const { sentence, verdict } = result;
  if (json) console.log(JSON.stringify(result, undefined, 2));
  else {
    const about =
      verdict === 'fork'
        ? `${result.organizationId}: ${result.origin} ${result.sizes.join(' / ')} (${result.kind})`
        : result.code;
    console.log(`${forkTexts[verdict]}\n${about}\n${sentence.zh}\n${sentence.en}`);
  }
  return forkExitCodes[verdict];
}

/** What could not even be read is not judged. */
function printFailure(error: unknown, json: boolean): number {
  const code = error instanceof EvidenceError ? error.code : 'UNREADABLE';
  const text = error instanceof Error ? error.message : String(error);
  if (json)
    console.log(JSON.stringify({ format: 'medseal/report/v1', verdict: 'undecided', code, message: text }));
  else console.error(`${titleOf(verdictTexts.undecided)}: ${text}`);
  return exitCodes.undecided;
}
