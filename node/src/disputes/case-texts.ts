import type { CaseAct, CaseCounts, CaseViewState, Text } from './types.ts';

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

/** What an organisation has to do next. */
export const taskTexts: Record<CaseAct, { inTime: Text; late: Text }> = {
  file: {
    inTime: { zh: '本机构须在期限前提交材料。', en: 'This organisation files before the deadline.' },
    late: {
      zh: '期限已过，本机构尚未提交材料；现在提交会注明迟交。',
      en: 'The deadline has passed and this organisation has not filed; what it files now is marked late.',
    },
  },
  examine: {
    inTime: { zh: '各方材料已齐，请比对。', en: 'Every party has filed; examine the case.' },
    late: {
      zh: '期限已过，可以在缺少材料的情况下比对。',
      en: 'The deadline has passed; examine the case without what is missing.',
    },
  },
  decide: sameAlways({ zh: '比对已完成，请裁定。', en: 'The finding is stated; decide the case.' }),
  close: sameAlways({ zh: '已裁定，请结案。', en: 'The case is decided; close it.' }),
};

function sameAlways(text: Text): { inTime: Text; late: Text } {
  return { inTime: text, late: text };
}

/** What the regulator has to do where a filing's document has not come. */
export function undeliveredTask(parties: readonly string[]): Text {
  const who = parties.join(', ');
  return {
    zh: `${who} 的材料尚未送达，请催促交付；期限过后可以不待该材料进行比对。`,
    en: `The document of ${who} has not arrived: ask for it; after the deadline the case can be examined without it.`,
  };
}

/** A list of cases in one sentence. */
export function listText(counts: CaseCounts, viewer: 'patient' | 'staff'): Text {
  const { total, open, overdue, soon, awaitingUs, unseen } = counts;
  const ours = viewer === 'patient' ? { zh: '', en: '' } : oursText(awaitingUs);
  return {
    zh: `共 ${total} 件案件，未结 ${open} 件${ours.zh}；已过期限 ${overdue} 件，三日内到期 ${soon} 件，有新进展 ${unseen} 件。`,
    en: `Cases: ${total}, open: ${open}${ours.en}; deadline passed: ${overdue}, due within three days: ${soon}, with news: ${unseen}.`,
  };
}

function oursText(count: number): Text {
  return { zh: `，待本机构处理 ${count} 件`, en: `, waiting for this organisation: ${count}` };
}
