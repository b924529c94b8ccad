import { type CheckListOf, type CheckOf, type CheckTexts, checkListOf } from './check-list.ts';

export type NotaryCheckName =
  | 'notary-format'
  | 'notary-channel'
  | 'notary-block'
  | 'notary-contract'
  | 'notary-receipt'
  | 'notary-event'
  | 'notary-header';

/** The outcome of one check of a notary proof. */
export type NotaryCheck = CheckOf<NotaryCheckName>;
export type NotaryCheckList = CheckListOf<NotaryCheckName>;

const texts: CheckTexts<NotaryCheckName> = {
  'notary-format': {
    heading: 'neutrality',
    passed: ['公证证明格式完整，没有多余内容', 'the notary proof is complete with nothing beside it'],
    failed: ['不是完整的公证证明', 'not a complete notary proof'],
    skipped: ['未检查公证证明', 'the notary proof was not checked'],
  },
  'notary-channel': {
    heading: 'neutrality',
    passed: ['公证的是验证方指定的账本通道', 'what was notarized is the channel of the policy'],
    failed: ['公证的是另一条通道', 'another channel was notarized'],
    skipped: ['未核对通道', 'the channel was not compared'],
  },
  'notary-block': {
    heading: 'neutrality',
    passed: [
      '所出示的区块包含在被公证的账本历史中',
      'the block that is shown is in the history that was notarized',
    ],
    failed: [
      '所出示的区块不在被公证的账本历史中',
      'the block that is shown is not in the history that was notarized',
    ],
    skipped: ['没有可与公证对照的区块', 'there is no block to look for in the notarized history'],
  },
  'notary-contract': {
    heading: 'neutrality',
    passed: ['链编号与合约地址与验证方的一致', 'chain id and contract are those of the policy'],
    failed: ['链编号或合约地址与验证方的不一致', 'another chain or another contract than the policy names'],
    skipped: ['未核对链与合约', 'chain and contract were not compared'],
  },
  'notary-receipt': {
    heading: 'neutrality',
    passed: [
      '交易回执包含在该公链区块中，且已成功执行',
      'the receipt is in that block of the outside chain, of a call that succeeded',
    ],
    failed: [
      '交易回执不在该公链区块中，或执行失败',
      'the receipt is not in that block of the outside chain, or its call failed',
    ],
    skipped: ['未核对交易回执', 'the receipt was not checked'],
  },
  'notary-event': {
    heading: 'neutrality',
    passed: [
      '合约在回执中记录了该通道、高度、区块哈希与历史根',
      'in the receipt the contract records this channel, height, block hash and history root',
    ],
    failed: [
      '回执中没有该合约对该通道、高度、区块哈希与历史根的记录',
      'the receipt holds no record of this channel, height, block hash and history root by the contract',
    ],
    skipped: ['未核对合约事件', 'the event was not checked'],
  },
  'notary-header': {
    heading: 'neutrality',
    passed: [
      '该公链区块头与验证方持有的可信区块头一致',
      'the block of the outside chain is the one whose hash the verifier trusts',
    ],
    failed: [
      '验证方持有的同一高度的区块头不同：该区块已被重组或系伪造',
      'the verifier trusts another block at this number: reorganised away, or forged',
    ],
    skipped: [
      '只能联网核对：验证方没有该公链区块的可信区块头',
      'online check only: the verifier holds no trusted hash of this block of the outside chain',
    ],
  },
};

/** An empty list of checks of a notary proof. */
export const notaryCheckList = (): NotaryCheckList => checkListOf(texts);
