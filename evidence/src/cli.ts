#!/usr/bin/env node
import { fromUtf8 } from './bytes.ts';
import { caseExitCodes, caseReport } from './case-report.ts';
import type { CaseVerdict } from './case-verify.ts';
import { type Options, optionsOf, usage } from './cli-options.ts';
import { problemLines, type Subject } from './cli-problem.ts';
import { EvidenceError, refusal } from './errors.ts';
import type { ForkVerdict } from './fork-proof.ts';
import { checkLines, forkTexts, limits, titleOf, verdictTexts } from './report.ts';
import { parseStrictJson } from './strict-json.ts';
import { parseTrustPolicy } from './trust-policy.ts';
import type { BundleVerdict, Verdict } from './verify-bundle.ts';
import { type FileVerdict, verifyFile } from './verify-file.ts';
import { wrapLine } from './wrap.ts';

// Not by import: that would load the streams of node:fs too, as long as it takes to judge half a bundle.
const { readFileSync, statSync } = process.getBuiltinModule('node:fs');

/** Columns below which breaking lines helps nobody. */
const narrowest = 40;
const maxFileLength = 64 * 1024 * 1024;
const exitCodes: Record<Verdict, number> = { valid: 0, tampered: 1, undecided: 2, unnotarized: 3 };
const forkExitCodes: Record<ForkVerdict['verdict'], number> = { fork: 0, 'no-proof': 1, undecided: 2 };

process.exitCode = main(process.argv.slice(2));

function main(args: string[]): number {
  const options = optionsOf(args);
  if (options === 'help') {
    console.log(usage);
    return exitCodes.valid;
  }
  if ('wrong' in options) {
    console.error(`${options.wrong}\n\n${usage}`);
    return exitCodes.undecided;
  }
  let subject: Subject = 'policy';
  try {
    const policy = parseTrustPolicy(readJson(options.policy, 'POLICY_INVALID'));
    subject = 'file';
    return print(verifyFile(readJson(options.file, 'PROOF_TOO_LARGE'), policy), options);
  } catch (error) {
    return printFailure(error, { subject, options });
  }
}

function readJson(path: string, tooLarge: 'POLICY_INVALID' | 'PROOF_TOO_LARGE'): unknown {
  if (statSync(path).size > maxFileLength) throw refusal(tooLarge, `over ${maxFileLength} bytes`);
  return parseStrictJson(fromUtf8(readFileSync(path)));
}

/** To a terminal that is too narrow for a line, as many as it takes; a file gets every line whole. */
function say(text: string): void {
  const { isTTY, columns } = process.stdout;
  for (const line of text.split('\n'))
    for (const row of isTTY && columns >= narrowest ? wrapLine(line, columns) : [line]) console.log(row);
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
  for (const line of checkLines(result.checks)) say(line);
  say(`\n${titleOf(verdictTexts[result.verdict])}\n${result.sentence.zh}\n${result.sentence.en}`);
  say('\n本结论不证明 · What this does not prove');
  for (const { zh, en } of limits) say(`  - ${zh}；${en}`);
  if (show && record !== undefined) console.log(`\n${JSON.stringify(record, undefined, 2)}`);
}

function printCase(result: CaseVerdict, options: Options): number {
  if (options.json) console.log(caseReport(result, options));
  else say(caseReport(result, options));
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
    say(`${titleOf(forkTexts[verdict])}\n${about}\n${sentence.zh}\n${sentence.en}`);
  }
  return forkExitCodes[verdict];
}

/** What could not even be read is not judged. */
function printFailure(
  error: unknown,
  { subject, options: { json, file, policy } }: { subject: Subject; options: Options },
): number {
  const code = error instanceof EvidenceError ? error.code : 'UNREADABLE';
  const message = error instanceof Error ? error.message : String(error);
  const problem = { format: 'medseal/report/v1', verdict: 'undecided', subject, code, message };
  const path = subject === 'file' ? file : policy;
  if (json) console.log(JSON.stringify(problem));
  else console.error(problemLines(problem, { subject, path }).join('\n'));
  return exitCodes.undecided;
}
