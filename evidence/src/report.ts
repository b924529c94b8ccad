import type { CheckHeading, CheckOf, CheckStatus } from './check-list.ts';
import type { ForkVerdict } from './fork-proof.ts';
import type { Verdict } from './verify-bundle.ts';

export type Text = { zh: string; en: string };

/** The four parts of a report, in their order (法释〔2021〕12号, 16–18). */
export const headings: readonly [CheckHeading, Text][] = [
  ['who', { zh: '谁', en: 'Who' }],
  ['before', { zh: '上链前', en: 'Before anchoring' }],
  ['after', { zh: '上链后一致性', en: 'Unchanged since anchoring' }],
  ['neutrality', { zh: '平台中立性', en: 'Neutrality of the platform' }],
];

export const marks: Record<CheckStatus, string> = { passed: '✓', failed: '✗', skipped: '○' };

export const verdictTexts: Record<Verdict, Text> = {
  valid: { zh: '有效', en: 'VALID' },
  tampered: { zh: '被改动', en: 'TAMPERED' },
  undecided: { zh: '无法判断', en: 'CANNOT DECIDE' },
  unnotarized: { zh: '有效，但缺外部公证', en: 'VALID, OUTSIDE NOTARY MISSING' },
};

export const forkTexts: Record<ForkVerdict['verdict'], Text> = {
  fork: { zh: '分叉成立', en: 'FORK PROVED' },
  'no-proof': { zh: '分叉不成立', en: 'NO FORK PROVED' },
  undecided: verdictTexts.undecided,
};

/** What no bundle proves, however valid. */
export const limits: readonly Text[] = [
  { zh: '内容本身真实', en: 'that the content is true' },
  { zh: '上链之前未被改动', en: 'that it was not changed before it was anchored' },
  { zh: '由所署姓名之人亲自录入', en: 'that the person named typed it in' },
  {
    zh: '精确的时间：交易时间由提交方声称，误差不超过背书节点时钟的 15 分钟',
    en: 'the exact time: the client claims it, within 15 minutes of the endorsers’ clocks',
  },
];

/** A text in both languages, on one line. */
export function titleOf({ zh, en }: Text): string {
  return `${zh} · ${en}`;
}

/** The checks under their headings, for a terminal. */
export function checkLines(checks: readonly CheckOf<string>[]): string[] {
  return headings.flatMap(([heading, title]) => {
    const lines = checks.filter((check) => check.heading === heading).map(lineOf);
    return lines.length === 0 ? [] : [`\n${titleOf(title)}`, ...lines];
  });
}

function lineOf({ status, name, code, detail, zh, en }: CheckOf<string>): string {
  const reason = code === undefined ? '' : ` [${code}]`;
  const names = detail === undefined || detail === '' ? '' : `\n      ${detail}`;
  return `  ${marks[status]} ${name}${reason}: ${zh}。${en}.${names}`;
}
