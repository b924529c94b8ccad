import { attempt, EvidenceError, type EvidenceErrorCode, refusal } from './errors.ts';
import { type Block, parseBlock, requireData, requireSuccessor, validationCodes } from './fabric-block.ts';
import { type EndorsementPolicy, verifyCommitted } from './fabric-endorsement.ts';
import { identityMspId } from './fabric-msp.ts';
import { verifyOrdererSignatures } from './fabric-signatures.ts';
import { type LedgerWrite, parseTransaction, type Transaction } from './fabric-transaction.ts';
import { type ChannelTrust, channelConfig, isConfigBlock } from './fabric-trust.ts';

/** What the node's listener needs of one transaction. */
export type TransactionView = {
  readonly txId: string;
  readonly blockNumber: number;
  readonly txIndex: number;
  /** peer.TxValidationCode, 0 = VALID: the word of the peer the block came from. */
  readonly validationCode: number;
  readonly chaincodeName: string;
  readonly writes: readonly LedgerWrite[];
  readonly event: { readonly name: string; readonly payload: Uint8Array } | undefined;
  /** Of the proposer: in whose name the chaincode acted. */
  readonly creatorMspId: string;
  /** Claimed by the client. */
  readonly timestamp: string;
  readonly endorserMspIds: readonly string[];
};

/** A block whose signatures were checked, and the trust to check the next one with. */
export type VerifiedBlock = {
  readonly block: Block;
  readonly kind: 'config' | 'transactions';
  readonly transactions: readonly TransactionView[];
  /** Committed transactions that were taken on the peer's word (`judgedAfter`), and what this verifier has against each. */
  readonly unjudged: readonly { readonly txId: string; readonly code: EvidenceErrorCode }[];
  readonly trust: ChannelTrust;
};

/** What `verifyBlock` holds a block against, beyond the channel's trust. */
export type BlockRequirements = {
  previous?: Pick<Block, 'number' | 'hash'>;
  policy?: EndorsementPolicy;
  /** The last block of which an operator takes on the peer's word whether its transactions are signed and endorsed. */
  judgedAfter?: number;
};

/**
 * Checks a block of a channel: data hash, well-formed envelopes, orderers' signatures under the configuration in
 * force, its place after `previous`, and every signature of each transaction that the peer calls valid, as the peers judged
 * it: what is committed has its effect, and must not stop who follows the ledger. So it is not asked whether a certificate
 * has ended, which peers do not ask either. Transactions called invalid are only taken apart. A configuration block yields
 * the trust for the blocks after it.
 */
export function verifyBlock(
  bytes: Uint8Array,
  trust: ChannelTrust,
  { previous, policy = {}, judgedAfter = -1 }: BlockRequirements = {},
): VerifiedBlock {
  const block = parseBlock(bytes);
  if (previous !== undefined) requireSuccessor(block, previous);
  requireData(block, 'block');
  if (isConfigBlock(block)) {
    return {
      block,
      kind: 'config',
      transactions: [],
      unjudged: [],
      trust: nextTrust(block, trust, 'as peers'),
    };
  }
  verifyOrdererSignatures(block, trust, { atTime: undefined, lastConfig: trust.configNumber });
  const codes = validationCodes(block);
  const unjudged = block.envelopes.flatMap((envelope, index) => {
    const transaction = codes[index] === 0 ? parseTransaction(envelope) : undefined;
    // Else there is nothing to agree on: an organisation's own approval of a chaincode definition goes to its private
    // collection and is endorsed by itself alone, whatever its peers' certificates are.
    if (transaction === undefined || (transaction.writes.length === 0 && transaction.event === undefined))
      return [];
    const fault = attempt(() => verifyCommitted(transaction, trust, policy));
    if (!(fault instanceof EvidenceError)) return [];
    if (block.number > judgedAfter) throw fault;
    return [{ txId: transaction.txId, code: fault.code }];
  });
  return { block, kind: 'transactions', transactions: transactionsOf(block), unjudged, trust };
}

/**
 * The trust after a configuration block, which must directly follow the last one in the line of configurations, signed by
 * orderers whose certificates were valid at its time.
 */
export function applyConfig(trust: ChannelTrust, configBlock: Uint8Array): ChannelTrust {
  return nextTrust(dataOf(configBlock), trust, 'at its time');
}

/** The same for who follows the channel, as its peers judge it (see {@link verifyBlock}). */
export function followConfig(trust: ChannelTrust, configBlock: Uint8Array): ChannelTrust {
  return nextTrust(dataOf(configBlock), trust, 'as peers');
}

function dataOf(bytes: Uint8Array): Block {
  const block = parseBlock(bytes);
  requireData(block, 'block');
  return block;
}

/** The transactions of a block as the peer that sent it judged them; a configuration block has none. */
export function transactionsOf(block: Block): TransactionView[] {
  if (isConfigBlock(block)) return [];
  const codes = validationCodes(block);
  return block.envelopes.flatMap((envelope, txIndex) => {
    const validationCode = codes[txIndex] ?? unjudged;
    const view = unlessMalformed(validationCode, () =>
      viewOf(parseTransaction(envelope), { blockNumber: block.number, txIndex, validationCode }),
    );
    return view === undefined ? [] : [view];
  });
}

/**
 * What the orderers of a block are held to: not to have ended by the earliest time of a transaction that its peer calls valid.
 * A block has no time of its own, and orderers do not look at the times in it: a member can have one ordered that says any
 * year, and hand in one that was endorsed long ago. Neither must make the block unverifiable. Undefined where none is
 * valid, and so nothing in the block has an effect.
 */
export function blockTime(block: Block): { notEndedBy: number } | undefined {
  const marks = block.metadata[2] ?? new Uint8Array(0);
  const times = block.envelopes.flatMap((envelope, index) => {
    if (marks[index] !== 0) return [];
    return unlessMalformed(unjudged, () => parseTransaction(envelope))?.timestamp ?? [];
  });
  return times.length === 0 ? undefined : { notEndedBy: Math.min(...times) };
}

/** Peers do not ask whether an orderer's certificate has ended: the configuration that renews it may be signed with it. */
function nextTrust(block: Block, trust: ChannelTrust, validity: 'as peers' | 'at its time'): ChannelTrust {
  const { timestamp, ...config } = channelConfig(block);
  if (config.channelId !== trust.channelId)
    throw refusal('CHANNEL_MISMATCH', 'a configuration of another channel');
  if (block.number <= trust.configNumber)
    throw refusal('CONFIG_LINEAGE', 'not after the configuration in force');
  const atTime = validity === 'as peers' ? undefined : timestamp;
  verifyOrdererSignatures(block, trust, { atTime, lastConfig: block.number });
  // The sequence grows by one each time, so a configuration left out cannot go unnoticed.
  if (config.sequence !== trust.sequence + 1)
    throw refusal('CONFIG_LINEAGE', 'a configuration is missing in between');
  return { ...config, genesisHash: trust.genesisHash };
}

/** Stands for no code of a peer: anything but VALID. */
const unjudged = -1;

/**
 * A transaction that a peer called invalid may be malformed, down to the identities in it, which nobody checked: then
 * there is nothing to show of it.
 */
function unlessMalformed<Result>(validationCode: number, read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (validationCode !== 0 && error instanceof EvidenceError) return undefined;
    throw error;
  }
}

function viewOf(
  transaction: Transaction,
  place: Pick<TransactionView, 'blockNumber' | 'txIndex' | 'validationCode'>,
): TransactionView {
  return {
    ...place,
    txId: transaction.txId,
    chaincodeName: transaction.chaincode.name,
    writes: transaction.writes,
    event: transaction.event,
    creatorMspId: identityMspId(transaction.proposer),
    timestamp: new Date(transaction.timestamp).toISOString(),
    endorserMspIds: transaction.endorsements.flatMap(
      ({ endorser }) =>
        // Anybody can add bytes that are no identity to enough that are.
        unlessMalformed(unjudged, () => identityMspId(endorser)) ?? [],
    ),
  };
}
