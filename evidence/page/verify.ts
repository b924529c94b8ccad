import { caseArchiveFormat } from '../src/case-archive.ts';
import { type CaseVerdict, verifyCase } from '../src/case-verify.ts';
import type { CheckOf } from '../src/check-list.ts';
import { EvidenceError, refusal } from '../src/errors.ts';
import { forkProofFormat, verifyForkProof } from '../src/fork-proof.ts';
import { headings, limits, marks, type Text, titleOf, verdictTexts } from '../src/report.ts';
import { parseStrictJson } from '../src/strict-json.ts';
import { isJsonObject } from '../src/strict-shape.ts';
import { parseTrustPolicy } from '../src/trust-policy.ts';
import { type BundleVerdict, verifyBundle } from '../src/verify-bundle.ts';

const maxFileLength = 64 * 1024 * 1024;
const texts = new Map<string, string>();

for (const name of ['bundle', 'policy']) watch(name);
element('show').addEventListener('change', judge);

/** A file may be chosen or dropped anywhere on its box. */
function watch(name: string): void {
  const input = element(name) as HTMLInputElement;
  const box = element(`${name}-box`);
  input.addEventListener('change', () => {
    element(`${name}-name`).textContent = '';
    take(name, input.files?.[0]);
  });
  box.addEventListener('dragover', (event) => event.preventDefault());
  box.addEventListener('drop', (event) => {
    event.preventDefault();
    const file = event.dataTransfer?.files[0];
    element(`${name}-name`).textContent = file?.name ?? '';
    take(name, file);
  });
}

function take(name: string, file: File | undefined): void {
  if (file === undefined) return;
  const code = name === 'policy' ? 'POLICY_INVALID' : 'PROOF_TOO_LARGE';
  if (file.size > maxFileLength) {
    showFailure(refusal(code, 'over 64 MiB'));
    return;
  }
  void file
    .bytes()
    .then(
      (bytes) => {
        texts.set(name, new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
        judge();
      },
      (error: unknown) => showFailure(error),
    )
    .catch(showFailure);
}

function judge(): void {
  const [bundle, policy] = [texts.get('bundle'), texts.get('policy')];
  if (bundle === undefined || policy === undefined) return;
  try {
    const trusted = parseTrustPolicy(parseStrictJson(policy));
    const given = parseStrictJson(bundle);
    if (isJsonObject(given) && given['format'] === forkProofFormat) {
      const { verdict, sentence } = verifyForkProof(given, trusted);
      showResult(verdict === 'fork' ? 'valid' : 'tampered', [paragraph(sentence)]);
    } else if (isJsonObject(given) && given['format'] === caseArchiveFormat) show(verifyCase(given, trusted));
    else show(verifyBundle(given, trusted));
  } catch (error) {
    showFailure(error);
  }
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
    section(
      { zh: '本结论不证明', en: 'What this does not prove' },
      list(limits.map((text) => node('li', titleOf(text)))),
    ),
    ...(shown === undefined ? [] : [section({ zh: '内容', en: 'Content' }, content)]),
  ]);
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

function showFailure(error: unknown): void {
  const text = error instanceof EvidenceError ? error.message : String(error);
  showResult('undecided', [node('h2', titleOf(verdictTexts.undecided)), node('p', text)]);
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
