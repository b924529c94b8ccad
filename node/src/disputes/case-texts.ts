import type { CaseViewState, Text } from './types.ts';

/** Where a case stands and what comes next, in words for patients and staff. */
export const stateTexts: Record<CaseViewState, { summary: Text; next: Text }> = {
  pending: {
    summary: { zh: '案件已受理，正在登记到账本。', en: 'The case is accepted and on its way to the ledger.' },
    next: { zh: '无需操作，通常几秒内完成。', en: 'Nothing to do; this usually takes seconds.' },
  },
  refused: {
    summary: { zh: '账本未接受此案件。', en: 'The ledger did not take this case.' },
    next: { zh: '请联系本机构技术人员。', en: 'Tell the technical staff of this organisation.' },
  },
  opened: {
    summary: { zh: '案件已立案，等待各方提交材料。', en: 'The case is open; the parties are asked to file.' },
    next: {
      zh: '各方须在期限前提交访问记录等材料。',
      en: 'Each party files its record of the access before the deadline.',
    },
  },
  overdue: {
    summary: { zh: '期限已过，仍有一方未提交材料。', en: 'The deadline has passed and a filing is missing.' },
    next: {
      zh: '监管方可以在缺少材料的情况下比对；迟交的材料会注明。',
      en: 'The regulator may examine without it; what is filed now is marked late.',
    },
  },
  answered: {
    summary: {
      zh: '各方材料已齐，等待监管方比对。',
      en: 'Every party has filed; the regulator examines next.',
    },
    next: { zh: '等待监管方比对双方材料。', en: 'The regulator compares both sides.' },
  },
  examined: {
    summary: { zh: '比对已完成，等待监管方裁定。', en: 'The finding is stated; the regulator decides next.' },
    next: { zh: '查看比对结论，等待裁定。', en: 'Read the finding; the decision follows.' },
  },
  decided: {
    summary: { zh: '监管方已裁定。', en: 'The regulator has decided.' },
    next: { zh: '查看裁定；监管方随后结案。', en: 'Read the decision; the regulator closes the case next.' },
  },
  closed: {
    summary: { zh: '案件已结案。', en: 'The case is closed.' },
    next: {
      zh: '可以导出卷宗，交任何人离线核验。',
      en: 'The archive can be exported and checked by anybody, offline.',
    },
  },
  withdrawn: {
    summary: { zh: '案件已撤回。', en: 'The case was withdrawn.' },
    next: { zh: '无需操作。', en: 'Nothing to do.' },
  },
};
