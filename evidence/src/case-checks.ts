import { type CheckListOf, type CheckOf, type CheckTexts, checkListOf } from './check-list.ts';
import { ledgerTexts } from './ledger-texts.ts';

export type CaseCheckName =
  | 'case-format'
  | 'case-channel'
  | 'case-blocks'
  | 'case-transactions'
  | 'case-steps'
  | 'case-submitters'
  | 'case-effect'
  | 'case-references'
  | 'case-documents'
  | 'case-finding'
  | 'case-independence';

/** The outcome of one check of a case archive. */
export type CaseCheck = CheckOf<CaseCheckName>;
export type CaseCheckList = CheckListOf<CaseCheckName>;

const texts: CheckTexts<CaseCheckName> = {
  'case-format': {
    heading: 'before',
    passed: [
      '卷宗完整：每个部分都按摘要列出，没有多余内容',
      'the archive is complete: every part is listed by its digest, with nothing beside it',
    ],
    failed: [
      '卷宗不完整，或含有未列出、被改动的部分',
      'the archive is not complete, or a part is not listed or was changed',
    ],
    skipped: ['未检查卷宗格式', 'the format was not checked'],
  },
  'case-channel': ledgerTexts.channel,
  'case-blocks': {
    heading: 'after',
    passed: ['各区块完整，并由足够的排序节点签名', 'every block is whole and signed by enough orderers'],
    failed: ['区块被改动，或排序节点签名不足', 'a block was altered, or too few orderers signed it'],
    skipped: ['未核对区块', 'the blocks were not checked'],
  },
  'case-transactions': {
    heading: 'after',
    passed: [
      '每一步的交易都在其区块中，并由足够多的机构背书',
      'the transaction of each step is in its block and endorsed by enough organisations',
    ],
    failed: ['某一步的交易不成立', 'the transaction of a step does not hold'],
    skipped: ['未核对交易', 'the transactions were not checked'],
  },
  'case-steps': {
    heading: 'after',
    passed: [
      '各步骤从立案起连续，没有遗漏，先前的内容未被更改，结论针对其前一步',
      'the steps follow each other from the opening, none is left out, none changed what stood before, and the finding is on the step before it',
    ],
    failed: [
      '步骤有遗漏、乱序，或改动了先前的内容，或结论针对的并非其前一步，或过早认定材料被扣留',
      'a step is left out, out of order or changed what stood, or the finding is on another step or calls a filing withheld that is not',
    ],
    skipped: ['未核对步骤', 'the steps were not checked'],
  },
  'case-submitters': {
    heading: 'who',
    passed: ['每一步都由有权的一方提交并签名', 'each step was submitted and signed by the one it is for'],
    failed: ['某一步并非由有权的一方提交', 'a step was not submitted by the one it is for'],
    skipped: [
      '验证方未登记某一方，无法核对提交者',
      'the policy does not know a party, so who submitted is open',
    ],
  },
  'case-effect': {
    heading: 'after',
    passed: ['每一步都被下一步读到，证明其已生效', 'each step was read by the one after it: it took effect'],
    failed: ['某一步没有生效', 'a step did not take effect'],
    skipped: [
      '最后一步尚无后续交易读取：是否生效仅凭节点标记',
      'no later transaction has read the last step: that it took effect rests on the mark of one peer',
    ],
  },
  'case-references': {
    heading: 'after',
    passed: [
      '材料所引用的授权与检查点都在账本上，并由足够多的机构背书',
      'the consents and checkpoints that the finding rests on are on the ledger, endorsed by enough organisations',
    ],
    failed: ['某项授权或检查点不是账本上的那一项', 'a consent or a checkpoint is not the one on the ledger'],
    skipped: ['未核对所引用的授权与检查点', 'the consents and checkpoints were not checked'],
  },
  'case-documents': {
    heading: 'before',
    passed: [
      '立案、提交材料、比对结论与裁定都与账本上的承诺一致',
      'opening, filings, finding and decision are those that the ledger committed to',
    ],
    failed: [
      '某份文件与账本上的承诺不一致，或卷宗含有被认定为扣留的材料',
      'a document is not the one that the ledger committed to, or is one that the finding calls withheld',
    ],
    skipped: [
      '卷宗缺少账本上已有承诺的文件',
      'a document that the ledger committed to is not in the archive',
    ],
  },
  'case-finding': {
    heading: 'before',
    passed: [
      '重新比对双方材料，结论与所记载的一致',
      'comparing both sides again gives the finding that is recorded',
    ],
    failed: ['重新比对双方材料，结论与所记载的不同', 'comparing both sides again gives another finding'],
    skipped: ['尚无可核对的比对结论', 'there is no finding to compare with yet'],
  },
  'case-independence': ledgerTexts.independence,
};

/** An empty list of checks of a case. */
export const caseCheckList = (): CaseCheckList => checkListOf(texts);
