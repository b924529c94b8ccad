import type { CaseClaim, ClaimFinding, ClaimName } from './case-documents.ts';
import type { CaseVerdict } from './case-verify.ts';
import type { CheckHeading, CheckStatus } from './checks.ts';

type Text = { zh: string; en: string };

/** What each claim of a finding says. */
export const claimTexts: Record<ClaimName, Text> = {
  entry: { zh: '访问记录', en: 'the record of the access' },
  decision: { zh: '准许或拒绝的决定', en: 'the decision that it rests on' },
  request: { zh: '同一次请求', en: 'that there was this request' },
  person: { zh: '由谁请求', en: 'who asked' },
  purpose: { zh: '使用目的', en: 'the purpose of use' },
  outcome: { zh: '结果', en: 'the outcome' },
  records: { zh: '涉及的病历', en: 'which records were given' },
  receipt: { zh: '提供方签名的回执', en: "the source's signed receipt" },
};
/** What each finding means. */
export const findingTexts: Record<ClaimFinding, Text> = {
  match: { zh: '一致', en: 'match' },
  altered: { zh: '被改动', en: 'ALTERED' },
  missing: { zh: '缺失', en: 'MISSING' },
  late: { zh: '迟交', en: 'LATE' },
};

const headings: [CheckHeading, string][] = [
  ['who', '谁 · Who'],
  ['before', '上链前 · Before anchoring'],
  ['after', '上链后一致性 · Unchanged since anchoring'],
  ['neutrality', '平台中立性 · Neutrality of the platform'],
];
const marks: Record<CheckStatus, string> = { passed: '✓', failed: '✗', skipped: '○' };
const verdicts: Record<CaseVerdict['verdict'], string> = {
  valid: '有效 · VALID',
  tampered: '被改动 · TAMPERED',
  undecided: '无法判断 · CANNOT DECIDE',
};

/** The exit code of a verdict. */
export const caseExitCodes: Record<CaseVerdict['verdict'], number> = { valid: 0, tampered: 1, undecided: 2 };

/** The report on a case for a reader, or as JSON; what the documents say is left out unless `show` asks for it. */
export function caseReport(result: CaseVerdict, { json, show }: { json: boolean; show: boolean }): string {
  const { documents, ...answer } = result;
  const shown = show && documents !== undefined ? { ...answer, documents } : answer;
  if (json) return JSON.stringify(shown, undefined, 2);
  const parts = headings.flatMap(([heading, title]) => {
    const lines = result.checks.filter((check) => check.heading === heading).map(lineOf);
    return lines.length === 0 ? [] : [`\n${title}`, ...lines];
  });
  const content = show && documents !== undefined ? [`\n${JSON.stringify(documents, undefined, 2)}`] : [];
  const end = [`\n${verdicts[result.verdict]}`, result.sentence.zh, result.sentence.en];
  return [...parts, ...caseLines(result), ...end, ...content].join('\n');
}

function lineOf({ status, name, code, detail, zh, en }: CaseVerdict['checks'][number]): string {
  const reason = code === undefined ? '' : ` [${code}]`;
  const names = detail === undefined || detail === '' ? '' : `\n      ${detail}`;
  return `  ${marks[status]} ${name}${reason}: ${zh}。${en}.${names}`;
}

function caseLines({ case: found }: CaseVerdict): string[] {
  if (found === undefined) return [];
  const { caseId, state, opener, parties, openedAt, deadlineAt, claims } = found;
  return [
    `\n案件 · Case ${caseId}`,
    `  ${state}; ${opener}: ${parties.join(', ')}; ${openedAt} – ${deadlineAt}`,
    ...(claims ?? []).map(claimLine),
  ];
}

function claimLine({ claim, party, finding, by, code }: CaseClaim): string {
  const { zh, en } = claimTexts[claim];
  const found = findingTexts[finding];
  const whose = party === null ? '' : ` (${party})`;
  const who = by.length === 0 ? '' : ` – ${by.join(', ')}`;
  return `  ${finding === 'match' ? '✓' : '✗'} ${zh} · ${en}${whose}: ${found.zh} · ${found.en}${who}${code === null ? '' : ` [${code}]`}`;
}
