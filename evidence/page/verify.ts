import { fromUtf8 } from '../src/bytes.ts';
import { caseLines } from '../src/case-report.ts';
import type { CaseVerdict } from '../src/case-verify.ts';
import type { CheckOf } from '../src/check-list.ts';
import { problemLines, type Subject } from '../src/cli-problem.ts';
import { EvidenceError, refusal } from '../src/errors.ts';
import type { ForkVerdict } from '../src/fork-proof.ts';
import { forkTexts, headings, limits, marks, type Text, titleOf, verdictTexts } from '../src/report.ts';
import { parseStrictJson } from '../src/strict-json.ts';
import { parseTrustPolicy } from '../src/trust-policy.ts';
import type { BundleVerdict } from '../src/verify-bundle.ts';
import { verifyFile } from '../src/verify-file.ts';

const maxFileLength = 64 * 1024 * 1024;
const names: Record<Subject, string> = { file: 'bundle', policy: 'policy' };
const texts = new Map<Subject, string>();
const paths = new Map<Subject, string>();
const missing: Record<Subject, Text> = {
  file: { zh: '还需要第 1 项：要核验的文件。', en: 'Still needed: 1, the file to verify.' },
  policy: { zh: '还需要第 2 项：您自己的信任策略。', en: 'Still needed: 2, your own trust policy.' },
};

for (const subject of ['file', 'policy'] as const) watch(subject);
element('show').addEventListener('change', judge);
// A file that misses its box would replace this page.
for (const event of ['dragover', 'drop']) document.addEventListener(event, (moved) => moved.preventDefault());

/** A file may be chosen or dropped anywhere on its box. */
function watch(subject: Subject): void {
  const name = names[subject];
  const input = element(name) as HTMLInputElement;
  input.addEventListener('change', () => {
    element(`${name}-name`).textContent = '';
    take(subject, input.files?.[0]);
  });
  element(`${name}-box`).addEventListener('drop', (event) => {
    const file = event.dataTransfer?.files[0];
    element(`${name}-name`).textContent = file?.name ?? '';
    take(subject, file);
  });
}

function take(subject: Subject, file: File | undefined): void {
  if (file === undefined) return;
  texts.delete(subject);
  paths.set(subject, file.name);
  const code = subject === 'policy' ? 'POLICY_INVALID' : 'PROOF_TOO_LARGE';
  if (file.size > maxFileLength) {
    showFailure(refusal(code, 'over 64 MiB'), subject);
    return;
  }
  void file
    .bytes()
    .then((bytes) => {
      texts.set(subject, fromUtf8(bytes));
      judge();
    })
    .catch((error: unknown) => showFailure(error, subject));
}

function judge(): void {
  const [file, policy] = [texts.get('file'), texts.get('policy')];
  if (file === undefined || policy === undefined) {
    showMissing(file === undefined ? 'file' : 'policy');
    return;
  }
  let subject: Subject = 'policy';
  try {
    const trusted = parseTrustPolicy(parseStrictJson(policy));
    subject = 'file';
    const { kind, result } = verifyFile(parseStrictJson(file), trusted);
    if (kind === 'fork') showFork(result);
    else show(result);
  } catch (error) {
    showFailure(error, subject);
  }
}

/** One of the two files is there, or neither. */
function showMissing(subject: Subject): void {
  if (texts.size > 0) showResult('waiting', [paragraph(missing[subject])]);
}

function showFork({ verdict, sentence }: ForkVerdict): void {
  const outcome = { fork: 'valid', 'no-proof': 'tampered', undecided: 'undecided' }[verdict];
  showResult(outcome, [node('h2', titleOf(forkTexts[verdict])), paragraph(sentence)]);
}

function show(result: BundleVerdict | CaseVerdict): void {
  const parts = headings.flatMap(([heading, title]) => {
    const checks = result.checks.filter((check) => check.heading === heading);
    return checks.length === 0 ? [] : [section(title, list(checks.map(lineOf)))];
  });
  const shown = (element('show') as HTMLInputElement).checked ? contentOf(result) : undefined;
  const content = document.createElement('pre');
  content.textContent = JSON.stringify(shown, undefined, 2);
  showResult(result.verdict, [
    node('h2', titleOf(verdictTexts[result.verdict])),
    paragraph(result.sentence),
    ...parts,
    ...caseParts(result),
    section(
      { zh: '本结论不证明', en: 'What this does not prove' },
      list(limits.map((text) => node('li', titleOf(text)))),
    ),
    ...(shown === undefined ? [] : [section({ zh: '内容', en: 'Content' }, content)]),
  ]);
}

/** Of a valid case what was found, claim by claim. */
function caseParts(result: BundleVerdict | CaseVerdict): HTMLElement[] {
  if (!('case' in result)) return [];
  const lines = caseLines(result).map((line) => node('li', line));
  return [section({ zh: '比对结论', en: 'Finding' }, list(lines))];
}

function contentOf(result: BundleVerdict | CaseVerdict): unknown {
  return 'record' in result ? result.record : 'documents' in result ? result.documents : undefined;
}

function lineOf({ status, name, code, detail, zh, en }: CheckOf<string>): HTMLElement {
  const item = node('li', `${marks[status]} ${zh}`);
  item.className = status;
  item.append(node('p', `${en} (${name}${code === undefined ? '' : `: ${code}`})`));
  if (detail !== undefined && detail !== '') item.append(node('p', detail));
  return item;
}

function showFailure(error: unknown, subject: Subject): void {
  const code = error instanceof EvidenceError ? error.code : 'UNREADABLE';
  const message = error instanceof Error ? error.message : String(error);
  const [title = '', ...lines] = problemLines({ code, message }, { subject, path: paths.get(subject) ?? '' });
  showResult('undecided', [node('h2', title), ...lines.map((line) => node('p', line))]);
}

function showResult(verdict: string, parts: HTMLElement[]): void {
  const result = element('result');
  result.className = verdict;
  result.dataset['verdict'] = verdict;
  result.replaceChildren(...parts);
}

function section(title: Text, body: HTMLElement): HTMLElement {
  const part = document.createElement('section');
  part.append(node('h3', titleOf(title)), body);
  return part;
}

function list(items: HTMLElement[]): HTMLElement {
  const whole = document.createElement('ul');
  whole.append(...items);
  return whole;
}

function paragraph({ zh, en }: Text): HTMLElement {
  const part = document.createElement('div');
  part.append(node('p', zh), node('p', en));
  return part;
}

/** Text only: nothing from a file is ever read as HTML. */
function node(name: 'h2' | 'h3' | 'li' | 'p', text: string): HTMLElement {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(id);
  return found;
}
