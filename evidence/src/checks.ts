import { type CheckListOf, type CheckOf, type CheckTexts, checkListOf } from './check-list.ts';
import { ledgerTexts } from './ledger-texts.ts';

export type CheckName =
  | 'format'
  | 'digest'
  | 'content'
  | 'log-signature'
  | 'inclusion'
  | 'leaf-time'
  | 'channel'
  | 'block'
  | 'orderers'
  | 'transaction'
  | 'submitter'
  | 'endorsements'
  | 'anchored-checkpoint'
  | 'validity-mark'
  | 'confirmation'
  | 'release'
  | 'consent'
  | 'witnesses'
  | 'notary'
  | 'independence';

/** The outcome of one check of a bundle. */
export type Check = CheckOf<CheckName>;
export type CheckList = CheckListOf<CheckName>;

const texts: CheckTexts<CheckName> = {
  format: {
    heading: 'before',
    passed: ['文件格式完整，没有多余内容', 'the file is a complete bundle with nothing beside it'],
    failed: ['文件不是完整的证据包', 'the file is not a complete bundle'],
    skipped: ['未检查文件格式', 'the format was not checked'],
  },
  digest: {
    heading: 'before',
    passed: ['文件自出具以来逐字节未变', 'no byte of the file changed since it was put together'],
    failed: ['文件在出具之后被改动或损坏', 'the file was altered or damaged after it was put together'],
    skipped: ['未核对文件摘要', 'the digest of the file was not compared'],
  },
  content: {
    heading: 'before',
    passed: ['所示内容与存证摘要一致', 'the content shown is the content that was committed to'],
    failed: ['所示内容与存证摘要不一致', 'the content shown is not the content that was committed to'],
    skipped: ['未核对内容', 'the content was not compared'],
  },
  'log-signature': {
    heading: 'who',
    passed: ['日志检查点由该机构的密钥签名', "the log's checkpoint is signed with the organisation's key"],
    failed: ['日志检查点的签名无效', "the signature of the log's checkpoint is not valid"],
    skipped: [
      '验证方未登记该机构的日志密钥，无法核对',
      "the policy holds no key for this organisation's log",
    ],
  },
  inclusion: {
    heading: 'after',
    passed: ['该记录包含在检查点所述的日志中', 'the record is in the log that the checkpoint describes'],
    failed: ['该记录不在检查点所述的日志中', 'the record is not in the log that the checkpoint describes'],
    skipped: ['未核对日志包含关系', 'inclusion in the log was not checked'],
  },
  'leaf-time': {
    heading: 'after',
    passed: ['记录自称的时间不晚于上链时间', 'the time the record claims is not after it was anchored'],
    failed: ['记录自称的时间晚于上链时间', 'the time the record claims is after it was anchored'],
    skipped: ['未核对时间', 'the times were not compared'],
  },
  channel: ledgerTexts.channel,
  block: {
    heading: 'after',
    passed: ['区块头与区块内容一致', "the block's header fits its content"],
    failed: ['区块头与区块内容不一致', "the block's header does not fit its content"],
    skipped: ['未核对区块', 'the block was not checked'],
  },
  orderers: {
    heading: 'after',
    passed: ['区块由足够的排序节点签名', 'enough orderers signed the block'],
    failed: ['排序节点的签名无效或不足', 'the orderers’ signatures are not valid or too few'],
    skipped: ['未核对排序节点签名', 'the orderers’ signatures were not checked'],
  },
  transaction: {
    heading: 'after',
    passed: [
      '交易在该区块中，各部分相互绑定',
      'the transaction is in the block and its parts belong together',
    ],
    failed: [
      '交易不在该区块中，或各部分不匹配',
      'the transaction is not in the block or its parts do not belong together',
    ],
    skipped: ['未核对交易', 'the transaction was not checked'],
  },
  submitter: {
    heading: 'who',
    passed: [
      '交易由记录所属机构提交并签名',
      "the record's organisation submitted and signed the transaction",
    ],
    failed: [
      '交易并非由记录所属机构有效签名',
      "the transaction is not validly signed by the record's organisation",
    ],
    skipped: ['未核对交易提交方', 'the submitter was not checked'],
  },
  endorsements: {
    heading: 'after',
    passed: ['足够多的机构背书了该交易', 'enough organisations endorsed the transaction'],
    failed: ['背书无效或机构数量不足', 'the endorsements are not valid or too few'],
    skipped: ['未核对背书', 'the endorsements were not checked'],
  },
  'anchored-checkpoint': {
    heading: 'after',
    passed: ['交易写入的正是该检查点', 'the transaction wrote exactly this checkpoint'],
    failed: ['交易没有写入该检查点', 'the transaction did not write this checkpoint'],
    skipped: ['未核对写入内容', 'what was written was not checked'],
  },
  'validity-mark': {
    heading: 'after',
    passed: [
      '提供区块的节点将交易标为有效（该标记无人签名）',
      'the peer that gave the block marks the transaction valid (a mark that nobody signs)',
    ],
    failed: ['该交易被标为无效', 'the transaction is marked invalid'],
    skipped: ['未查看有效性标记', 'the mark was not read'],
  },
  confirmation: {
    heading: 'after',
    passed: [
      '此后多个机构背书的交易读取了该写入，证明其已生效',
      'a later transaction endorsed by enough organisations read what was written: it took effect',
    ],
    failed: [
      '所附的后续交易不能证明该写入已生效',
      'the later transaction given does not show that the write took effect',
    ],
    skipped: [
      '未附后续交易：交易生效与否仅凭节点标记',
      'no later transaction is given: that it took effect rests on the mark alone',
    ],
  },
  release: {
    heading: 'who',
    passed: [
      '记录所属机构签署的回执与决定表明：该记录是经其准许提供给所述请求方的',
      "receipt and decision, signed by the record's organisation, show to whom and for what it gave this record",
    ],
    failed: ['提供记录的回执或决定无效', 'the receipt or the decision of the release is not valid'],
    skipped: [
      '未附提供记录的回执，或验证方未登记该机构的消息密钥',
      'no release is given, or the policy holds no message key',
    ],
  },
  consent: {
    heading: 'before',
    passed: [
      '患者以通行密钥签署的同意书允许这次提供，并已在日志中存证',
      "the patient's consent, signed with a passkey and logged, permits this release",
    ],
    failed: [
      '患者的同意书或其签名无效，或不涵盖这次提供',
      "the patient's consent or its signature is not valid, or not for this release",
    ],
    skipped: [
      '未附患者的同意书，或其密钥种类无法核对',
      'no consent is given, or its key is of a kind that is not judged',
    ],
  },
  witnesses: {
    heading: 'neutrality',
    passed: [
      '足够多的其他机构作为见证方会签了该检查点：日志没有对不同的人出示不同的历史',
      'enough other organisations cosigned the checkpoint as witnesses: the log showed all of them one history',
    ],
    failed: ['见证方的会签无效', 'a cosignature under the key of a named witness is not valid'],
    skipped: [
      '验证方未指定见证方，或会签的见证方数量不足',
      'the policy names no witnesses, or too few of them cosigned the checkpoint',
    ],
  },
  notary: {
    heading: 'neutrality',
    passed: [
      '联盟之外的公证合约记录了包含该区块的账本历史：此前的历史不能再改写',
      'a notary outside the alliance recorded the history of the ledger with this block in it: it cannot be rewritten',
    ],
    failed: [
      '外部公证的证明无效，或其记录的历史不含该区块',
      'the proof of the outside notary is not valid, or this block is not in the history that it recorded',
    ],
    skipped: [
      '只能联网核对：未附外部公证，或验证方没有该公链区块的可信区块头',
      'online check only: no outside notary is given, or the verifier holds no trusted header of its chain',
    ],
  },
  independence: ledgerTexts.independence,
};

/** An empty list of checks of a bundle. */
export const checkList = (): CheckList => checkListOf(texts);
