import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromUtf8 } from '../evidence/src/bytes.ts';
import { EvidenceError, parseStrictJson, parseTrustPolicy, verifyBundle } from '../evidence/src/index.ts';
import { type CorpusCase, corpus, type Verdict } from '../test/corpus/index.ts';

/** What is compared of a report. */
type Report = { verdict: Verdict; code?: string; checks?: { name: string; status: string; code?: string }[] };
export type Comparison = { cases: number; verdicts: Record<Verdict, number>; differences: string[] };
type Python = { command: string } | { reason: string };

const client = fileURLToPath(new URL('../clients/verify_py', import.meta.url));
const environment = fileURLToPath(new URL('../.medseal/verify-py', import.meta.url));

/** A Python that has what the verifier needs, or why there is none. Makes a private environment if it can. */
export function findPython(): Python {
  const own = join(environment, 'bin', 'python');
  for (const command of [own, 'python3']) if (imports(command)) return { command };
  if (spawnSync('python3', ['--version']).status !== 0) return { reason: 'there is no python3' };
  try {
    mkdirSync(environment, { recursive: true });
    execFileSync('python3', ['-m', 'venv', environment], { stdio: 'pipe' });
    execFileSync(own, ['-m', 'pip', 'install', '--quiet', 'cryptography>=42'], {
      stdio: 'pipe',
      timeout: 120_000,
    });
  } catch (error) {
    rmSync(environment, { recursive: true, force: true });
    return { reason: `cryptography cannot be installed for python3: ${String(error).split('\n', 1)[0]}` };
  }
  return imports(own) ? { command: own } : { reason: 'cryptography cannot be imported' };
}

function imports(command: string): boolean {
  const code =
    'import sys, cryptography; assert sys.version_info >= (3, 9); assert int(cryptography.__version__.split(".")[0]) >= 42';
  return spawnSync(command, ['-c', code]).status === 0;
}

/** Runs both verifiers over the corpus and compares verdict, status of each check and failing code. */
export function compareVerifiers(python: string, cases: readonly CorpusCase[] = corpus()): Comparison {
  const folder = mkdtempSync(join(tmpdir(), 'medseal-corpus-'));
  try {
    const theirs = pythonReports(python, folder, cases);
    const verdicts = { valid: 0, tampered: 0, undecided: 0, unnotarized: 0 };
    const differences = cases.flatMap((entry, at) => {
      const ours = ownReport(entry);
      verdicts[ours.verdict] += 1;
      return [...unlike(entry.name, ours, theirs[at]), ...unexpected(entry, ours)];
    });
    return { cases: cases.length, verdicts, differences };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function pythonReports(python: string, folder: string, cases: readonly CorpusCase[]): Report[] {
  const list = cases.map(({ file, policy }, at) => {
    const names = { file: `${at}.proof`, policy: `${at}.policy` };
    writeFileSync(join(folder, names.file), file);
    writeFileSync(join(folder, names.policy), policy);
    return names;
  });
  writeFileSync(join(folder, 'list.json'), JSON.stringify(list));
  const options = { cwd: client, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 } as const;
  const output = execFileSync(python, ['-m', 'medseal_verify.batch', folder], options);
  return output
    .trimEnd()
    .split('\n')
    .map((line): Report => JSON.parse(line));
}

/** As the command line does it: what cannot even be read is not judged. */
function ownReport({ file, policy }: CorpusCase): Report {
  try {
    const trusted = parseTrustPolicy(parseStrictJson(policy));
    return verifyBundle(parseStrictJson(fromUtf8(file)), trusted);
  } catch (error) {
    if (error instanceof EvidenceError) return { verdict: 'undecided', code: error.code };
    throw error;
  }
}

function unlike(name: string, ours: Report, theirs: Report | undefined): string[] {
  const [left, right] = [summaryOf(ours), theirs === undefined ? 'nothing' : summaryOf(theirs)];
  return left === right ? [] : [`${name}: TypeScript ${left}; Python ${right}`];
}

/** Verdict, then each check that did not pass. */
function summaryOf({ verdict, code, checks = [] }: Report): string {
  const open = checks
    .filter(({ status }) => status !== 'passed')
    .map((check) => `${check.name} ${check.status}${check.code === undefined ? '' : ` ${check.code}`}`);
  return [verdict, ...(code === undefined ? [] : [code]), `${checks.length} checks`, ...open.sort()].join(
    ', ',
  );
}

function unexpected({ name, expected }: CorpusCase, { verdict, checks = [] }: Report): string[] {
  if (expected === undefined) return [];
  const coded = expected.code === undefined || checks.some(({ code }) => code === expected.code);
  if (verdict === expected.verdict && coded) return [];
  const found = checks.flatMap(({ code }) => code ?? []).join();
  return [`${name}: expected ${expected.verdict} ${expected.code ?? ''}, is ${verdict} ${found}`];
}

if (import.meta.main) {
  const python = findPython();
  if ('reason' in python) {
    console.error(`not compared: ${python.reason}`);
    process.exitCode = 2;
  } else {
    const { cases, verdicts, differences } = compareVerifiers(python.command);
    console.log(`${cases} files: ${JSON.stringify(verdicts)}, ${differences.length} differences`);
    for (const difference of differences) console.log(`  ${difference}`);
    process.exitCode = differences.length === 0 ? 0 : 1;
  }
}
