import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromUtf8 } from '../evidence/src/bytes.ts';
import { canonicalJson } from '../evidence/src/canonical.ts';
import { EvidenceError, parseStrictJson, parseTrustPolicy } from '../evidence/src/index.ts';
import { verifyFile } from '../evidence/src/verify-file.ts';
import { type CorpusCase, corpus, type Verdict } from '../test/corpus/index.ts';

/** What is compared of a report. */
type Report = {
  verdict: Verdict;
  code?: string;
  checks?: { name: string; status: string; code?: string }[];
  /** What was found of a case: states, times, parties, claims. */
  case?: { claims: { code: string | null }[] | null };
} & Partial<Record<(typeof forkMembers)[number], unknown>>;
export type Comparison = {
  cases: number;
  verdicts: Record<Verdict, number>;
  /** Codes of claims in findings on which both agree. */
  claimCodes: string[];
  differences: string[];
};
type Python = { command: string } | { reason: string };

const forkMembers = ['kind', 'origin', 'organizationId', 'sizes'] as const;
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
    const verdicts = { valid: 0, tampered: 0, undecided: 0, unnotarized: 0, fork: 0, 'no-proof': 0 };
    const codes = new Set<string>();
    const differences = cases.flatMap((entry, at) => {
      const ours = ownReport(entry);
      verdicts[ours.verdict] += 1;
      for (const { code } of ours.case?.claims ?? []) if (code !== null) codes.add(code);
      return [...unlike(entry.name, ours, theirs[at]), ...unexpected(entry, ours)];
    });
    return { cases: cases.length, verdicts, claimCodes: [...codes].sort(), differences };
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
    return verifyFile(parseStrictJson(fromUtf8(file)), trusted).result;
  } catch (error) {
    if (error instanceof EvidenceError) return { verdict: 'undecided', code: error.code };
    throw error;
  }
}

function unlike(name: string, ours: Report, theirs: Report | undefined): string[] {
  const [left, right] = [summaryOf(ours), theirs === undefined ? 'nothing' : summaryOf(theirs)];
  return left === right ? [] : [`${name}: TypeScript ${left}; Python ${right}`];
}

/** Verdict, then each check that did not pass, then what was found of a case or a fork. */
function summaryOf(report: Report): string {
  const { verdict, code, checks = [], case: found } = report;
  const open = checks
    .filter(({ status }) => status !== 'passed')
    .map((check) => `${check.name} ${check.status}${check.code === undefined ? '' : ` ${check.code}`}`);
  const said = [...(code === undefined ? [] : [code]), `${checks.length} checks`, ...open.sort()];
  const details = found === undefined ? forkMembers.map((name) => report[name]) : [found];
  const facts = details.flatMap((detail) => (detail === undefined ? [] : canonicalJson(detail)));
  return [verdict, ...said, ...facts].join(', ');
}

function unexpected({ name, expected }: CorpusCase, report: Report): string[] {
  if (expected === undefined) return [];
  const { verdict, checks = [] } = report;
  const codes = [report, ...checks].flatMap(({ code }) => code ?? []);
  if (verdict === expected.verdict && (expected.code === undefined || codes.includes(expected.code)))
    return [];
  const found = codes.join();
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
