import type { CheckTexts } from './check-list.ts';

/** What is said of the ledger, whether a record or a case stands on it. */
export const ledgerTexts: CheckTexts<'channel' | 'independence'> = {
  channel: {
    heading: 'after',
    passed: [
      '账本由验证方指定的创世区块起始，配置区块连续',
      'the ledger starts at the pinned genesis block, its configurations follow without a gap',
    ],
    failed: [
      '账本并非验证方指定的账本，或配置区块不连续',
      'not the pinned ledger, or its configurations do not follow',
    ],
    skipped: ['缺少创世区块，无法判断账本', 'the genesis block is missing, the ledger cannot be judged'],
  },
  independence: {
    heading: 'neutrality',
    passed: [
      '签名来自账本中相互独立的多个机构',
      'the signatures come from several organisations of the ledger',
    ],
    failed: ['账本种类与验证方的要求不符', 'not the kind of ledger the policy asks for'],
    skipped: [
      '全部密钥在同一台机器上：此证据对任何人都没有约束力',
      'all keys lie on one machine: this evidence binds nobody',
    ],
  },
};

/** The verdict where all checks passed on a ledger that binds nobody. */
export const soloSentence = {
  zh: '各项检查通过，但该账本是单机演示账本：全部密钥在同一台机器上，此证据对任何人都没有约束力。',
  en: 'All checks passed, but this is a solo ledger: all keys lie on one machine, so its evidence binds nobody.',
};
