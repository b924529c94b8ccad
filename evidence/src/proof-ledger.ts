import { anchorKey, requireAnchoredCheckpoint } from './anchored-write.ts';
import type { ParsedBundle } from './bundle.ts';
import { channelLine, startsAtGenesis, trustAt } from './channel-line.ts';
import { checkIndependence } from './check-independence.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { CheckList } from './checks.ts';
import { refusal } from './errors.ts';
import { type Block, parseBlock, requireData, validationCodes } from './fabric-block.ts';
import { type EndorsementPolicy, verifyCreator, verifyEndorsements } from './fabric-endorsement.ts';
import type { Identity } from './fabric-msp.ts';
import { verifyOrdererSignatures } from './fabric-signatures.ts';
import type { Transaction } from './fabric-transaction.ts';
import type { ChannelTrust } from './fabric-trust.ts';
import { blockTime } from './fabric-verify.ts';
import { type Placed, placedIn } from './placed-transaction.ts';
import { present } from './protobuf.ts';
import type { TrustedLog, TrustPolicy } from './trust-policy.ts';

type LedgerQuestion = {
  proof: ParsedBundle;
  policy: TrustPolicy;
  log: TrustedLog | undefined;
  checkpoint: Checkpoint | undefined;
};

/** Checks the ledger's part of a proof and returns the anchor's transaction, if its place on the ledger held. */
export function checkLedger(
  list: CheckList,
  question: LedgerQuestion,
): { transaction: Transaction | undefined; block: Block | undefined } {
  const { proof, policy } = question;
  const trusts = checkChannel(list, proof, policy);
  const block = list.run('block', () => ({ result: blockOf(proof.anchor.block, proof.anchor.blockNumber) }));
  const orderers = checkOrderers(list, block, trusts);
  const placed =
    block === undefined || trusts === undefined
      ? list.skip('transaction')
      : list.run('transaction', () => ({ result: placedIn(block, proof.anchor.txId, policy.channel) }));
  const endorsers = checkSigners(list, placed, { ...question, trusts });
  checkWrite(list, placed, question);
  checkEffect(list, placed, { ...question, trusts });
  const detail = mspIdsOf([...orderers, ...endorsers]);
  checkIndependence(list, 'independence', { ledger: trusts?.[0]?.ledger, policy, detail });
  return { transaction: placed?.transaction, block };
}

type Trusts = readonly ChannelTrust[] | undefined;

/** All configurations from the pinned genesis block on, each one the trust for the blocks after it. */
function checkChannel(list: CheckList, proof: ParsedBundle, policy: TrustPolicy): Trusts {
  const carried = startsAtGenesis(proof.configBlocks);
  if (policy.genesisBlock === undefined && !carried) return list.skip('channel');
  return list.run('channel', () => {
    const given = carried ? proof.configBlocks.slice(1) : proof.configBlocks;
    // What the file carries is checked, even where the policy holds the block: nothing in a proof goes uncovered.
    const genesis = carried ? proof.configBlocks[0] : policy.genesisBlock;
    const trusts = channelLine(present(genesis, 'GENESIS_ABSENT'), given, policy.genesisHash);
    const [{ channelId }] = trusts;
    // A configuration of another channel was refused already: it does not follow.
    if (channelId !== policy.channel) throw refusal('CHANNEL_MISMATCH', 'not the channel of the policy');
    const detail = `${channelId}, ${policy.genesisHash}`;
    return { result: trusts, detail };
  });
}

function blockOf(bytes: Uint8Array, number: number | undefined): Block {
  const block = parseBlock(bytes);
  if (number !== undefined && block.number !== number)
    throw refusal('ANCHOR_BLOCK', 'not the block it claims to be');
  requireData(block, 'block');
  return block;
}

function checkOrderers(list: CheckList, block: Block | undefined, trusts: Trusts): readonly Identity[] {
  if (block === undefined || trusts === undefined) {
    list.skip('orderers');
    return [];
  }
  return (
    list.run('orderers', () => {
      const signers = signersOf(block, trusts);
      return { result: signers, detail: mspIdsOf(signers) };
    }) ?? []
  );
}

/** Block signers under the configuration that was in force just before it. */
function signersOf(block: Block, trusts: readonly ChannelTrust[]): Identity[] {
  const trust = trustAt(block.number, trusts);
  return verifyOrdererSignatures(block, trust, { atTime: blockTime(block), lastConfig: trust.configNumber });
}

function checkSigners(
  list: CheckList,
  placed: Placed | undefined,
  { trusts, log, policy }: LedgerQuestion & { trusts: Trusts },
): readonly Identity[] {
  if (placed === undefined || trusts === undefined) {
    list.skip('submitter');
    list.skip('endorsements');
    return [];
  }
  const { transaction, block } = placed;
  const trust = trustAt(block.number, trusts);
  if (log === undefined) list.skip('submitter');
  else {
    list.run('submitter', () => {
      const creator = verifyCreator(transaction, trust);
      if (creator.mspId !== log.mspId) throw refusal('ANCHOR_CREATOR', 'submitted by another organisation');
      return { result: creator, detail: creator.mspId };
    });
  }
  return (
    list.run('endorsements', () => {
      const endorsers = verifyEndorsements(transaction, trust, policy.endorsement);
      return { result: endorsers, detail: mspIdsOf(endorsers) };
    }) ?? []
  );
}

function checkWrite(
  list: CheckList,
  placed: Placed | undefined,
  { policy, log, checkpoint }: LedgerQuestion,
): void {
  if (placed === undefined || log === undefined || checkpoint === undefined) {
    list.skip('anchored-checkpoint');
    return;
  }
  list.run('anchored-checkpoint', () => {
    requireChaincode(placed.transaction, policy);
    const { organizationId } = log;
    return { result: requireAnchoredCheckpoint(placed.transaction, { organizationId, checkpoint }) };
  });
}

function requireChaincode({ chaincode }: Transaction, policy: TrustPolicy): void {
  const { name, versions } = policy.chaincode;
  if (chaincode.name !== name || !versions.includes(chaincode.version)) {
    throw refusal('ANCHOR_CHAINCODE', 'written by another chaincode');
  }
}

function checkEffect(
  list: CheckList,
  placed: Placed | undefined,
  { proof, policy, log, trusts }: LedgerQuestion & { trusts: Trusts },
): void {
  if (placed === undefined) list.skip('validity-mark');
  else {
    list.run('validity-mark', () => {
      if (validationCodes(placed.block)[placed.txIndex] !== 0)
        throw refusal('ANCHOR_TX_INVALID', 'marked invalid');
      return { result: undefined };
    });
  }
  const { confirmation } = proof;
  const ready = placed !== undefined && trusts !== undefined && log !== undefined;
  if (confirmation === undefined || !ready) {
    list.skip('confirmation');
    return;
  }
  list.run('confirmation', () => {
    const later = blockOf(confirmation.block, undefined);
    signersOf(later, trusts);
    if (later.number <= placed.block.number) throw refusal('CONFIRMATION_ORDER', 'not a later block');
    const { transaction } = placedIn(later, confirmation.txId, policy.channel);
    requireChaincode(transaction, policy);
    verifyCreator(transaction, trustAt(later.number, trusts));
    const endorsers = verifyEndorsements(
      transaction,
      trustAt(later.number, trusts),
      severalOf(policy, trustAt(later.number, trusts)),
    );
    requireReadOf(placed, { transaction, organizationId: log.organizationId });
    return { result: undefined, detail: mspIdsOf(endorsers) };
  });
}

/** What took effect is never one organisation's word alone, whatever the policy asks for elsewhere. */
function severalOf({ endorsement, ledger }: TrustPolicy, trust: ChannelTrust): EndorsementPolicy {
  const counted = endorsement.organizations?.length ?? trust.applicationMsps.size;
  const minimum = endorsement.minimum ?? Math.floor(counted / 2) + 1;
  return ledger === 'solo' ? endorsement : { ...endorsement, minimum: Math.max(2, minimum) };
}

/** The endorsers read the anchor at the version this very transaction gave it: so it was committed as valid. */
function requireReadOf(
  placed: Placed,
  { transaction, organizationId }: { transaction: Transaction; organizationId: string },
): void {
  const [read, ...others] = transaction.reads.filter(
    ({ namespace, key }) => namespace === transaction.chaincode.name && key === anchorKey(organizationId),
  );
  const { block, tx } = read?.version ?? {};
  if (others.length > 0 || block !== placed.block.number || tx !== placed.txIndex)
    throw refusal('CONFIRMATION_VERSION', 'it read another version');
}

function mspIdsOf(identities: readonly Identity[]): string {
  return [...new Set(identities.map(({ mspId }) => mspId))].sort().join(', ');
}
