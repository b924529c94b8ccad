import type { CaseClaim, ClaimFinding, ClaimName } from './case-documents.ts';
import type { CaseVerdict } from './case-verify.ts';
import { checkLines, type Text, titleOf, verdictTexts } from './report.ts';

/** What each claim of a finding says. */
export const claimTexts: Record<ClaimName, Text> = {
  entry: { zh: '访问记录', en: 'the record of the access' },
  decision: { zh: '准许或拒绝的决定', en: 'the decision that it rests on' },
  consent: { zh: '当时账本上的患者授权', en: "the patient's consent on the ledger at that moment" },
  request: { zh: '同一次请求', en: 'that there was this request' },
  person: { zh: '由谁请求', en: 'who asked' },
  purpose: { zh: '使用目的', en: 'the purpose of use' },
  outcome: { zh: '结果', en: 'the outcome' },
  records: { zh: '涉及的病历', en: 'which records were given' },
  receipt: { zh: '提供方签名的回执', en: "the source's signed receipt" },
  exhibit: { zh: '他人留存的访问记录', en: 'a record of the access that somebody kept' },
};
/** What each finding means. */
export const findingTexts: Record<ClaimFinding, Text> = {
  match: { zh: '一致', en: 'match' },
  altered: { zh: '被改动', en: 'ALTERED' },
  missing: { zh: '缺失', en: 'MISSING' },
  late: { zh: '迟交', en: 'LATE' },
  withheld: { zh: '扣留未交', en: 'WITHHELD' },
};

/** A filing whose document no regulator ever got; the party is named after it. */
export const withheldText: Text = {
  zh: '已在账本登记提交，期限届满仍未将材料交付监管方',
  en: 'filed on the ledger, but its document was not delivered to the regulator by the deadline',
};

/** The exit code of a verdict. */
export const caseExitCodes: Record<CaseVerdict['verdict'], number> = { valid: 0, tampered: 1, undecided: 2 };

/** The report on a case for a reader, or as JSON; what the documents say is left out unless `show` asks for it. */
export function caseReport(result: CaseVerdict, { json, show }: { json: boolean; show: boolean }): string {
  const { documents, ...answer } = result;
  const shown = show && documents !== undefined ? { ...answer, documents } : answer;
  if (json) return JSON.stringify(shown, undefined, 2);
  const content = show && documents !== undefined ? [`\n${JSON.stringify(documents, undefined, 2)}`] : [];
  const end = [`\n${titleOf(verdictTexts[result.verdict])}`, result.sentence.zh, result.sentence.en];
  const [title, ...lines] = caseLines(result);
  const found = title === undefined ? [] : [`\n${title}`, ...lines.map((line) => `  ${line}`)];
  return [...checkLines(result.checks), ...found, ...end, ...content].join('\n');
}

/** What the ledger holds of a valid case and what was found in it, line by line; nothing that a document says. */
export function caseLines({ case: found }: CaseVerdict): string[] {
  if (found === undefined) return [];
  const { caseId, state, opener, parties, openedAt, deadlineAt, withheld, claims } = found;
  return [
    `案件 · Case ${caseId}`,
    `${state}; ${opener}: ${parties.join(', ')}; ${openedAt} – ${deadlineAt}`,
    ...withheld.map((party) => `! ${withheldText.zh} · ${withheldText.en}: ${party}`),
    ...(claims ?? []).map(claimLine),
  ];
}

function claimLine({ claim, party, finding, by, code }: CaseClaim): string {
  const { zh, en } = claimTexts[claim];
  const found = findingTexts[finding];
  const whose = party === null ? '' : ` (${party})`;
  const who = by.length === 0 ? '' : ` – ${by.join(', ')}`;
  return `${finding === 'match' ? '✓' : '✗'} ${zh} · ${en}${whose}: ${found.zh} · ${found.en}${who}${code === null ? '' : ` [${code}]`}`;
}
