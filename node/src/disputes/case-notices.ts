import { withheldText } from '@medseal/evidence';
import type { Text } from './types.ts';

/** What somebody has to know of a case beside its state. */
export type Noticed = {
  deadlineAt: string;
  now: Date;
  /** Parties whose filing is on the ledger while its document has not come, as far as this node can tell. */
  undelivered: readonly string[];
  /** Parties whose filing the finding calls withheld. */
  withheld: readonly string[];
  /** Those of them whose document came after the finding. */
  deliveredLate?: readonly string[];
  /** How often the regulator's node examined the case. */
  examinations?: number;
  /** Whether the ledger refused its last finding because the case had moved on. */
  overtaken?: boolean;
};

/** Who holds a case up, what can be done and until when; what a finding had to leave out. */
export function noticesOf(noticed: Noticed): Text[] {
  const { withheld, undelivered, deliveredLate = [], examinations = 0, overtaken = false } = noticed;
  return [
    ...undelivered.map((party) => undeliveredText(party, noticed)),
    ...withheld.map(withheldNotice),
    ...deliveredLate.map(deliveredLateNotice),
    ...(overtaken ? [toBeExaminedAgain] : examinations > 1 ? [examinedAgain] : []),
  ];
}

function undeliveredText(party: string, { deadlineAt, now }: Noticed): Text {
  const who = {
    zh: `${party} 已在账本登记提交，但材料尚未送达监管方，须由 ${party} 的节点交付，其节点会自动重试；`,
    en: `${party} has filed on the ledger, but its document has not reached the regulator: the node of ${party} has to deliver it and tries again by itself; `,
  };
  if (now.getTime() <= Date.parse(deadlineAt))
    return {
      zh: `${who.zh}请催促该机构。期限（${deadlineAt}）过后，监管方可以不待该材料进行比对，并认定其扣留材料。`,
      en: `${who.en}ask that organisation. After the deadline (${deadlineAt}) the regulator can examine without it and find it withheld.`,
    };
  return {
    zh: `${who.zh}期限已过，监管方可以不待该材料进行比对（without: ${party}），并认定其扣留材料。`,
    en: `${who.en}the deadline has passed: the regulator can examine without it (without: ${party}) and find it withheld.`,
  };
}

function withheldNotice(party: string): Text {
  return { zh: `${party}：${withheldText.zh}。`, en: `${party}: ${withheldText.en}.` };
}

function deliveredLateNotice(party: string): Text {
  return {
    zh: `${party} 的材料在比对之后才送达，结论未予采用；其内容与账本上的承诺一致。`,
    en: `The document of ${party} arrived after the finding, which does not rest on it; it is what the ledger committed to.`,
  };
}

const toBeExaminedAgain: Text = {
  zh: '比对期间案件又有新的步骤，账本未接受该结论。材料到齐后本节点会自动重新比对一次；工作人员也可以再次发起比对。',
  en: 'The case moved on while it was examined, so the ledger refused the finding. This node examines it again by itself, once, when all documents are here; staff can examine it again at any time.',
};

const examinedAgain: Text = {
  zh: '比对期间案件又有新的步骤，本节点已按最新步骤重新比对。',
  en: 'The case moved on while it was examined; this node examined it again as it stands.',
};
