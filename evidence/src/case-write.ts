import { fromUtf8 } from './bytes.ts';
import type { CaseStepPlace } from './case-archive.ts';
import { trustAt } from './channel-line.ts';
import { refusal } from './errors.ts';
import { type Block, validationCodes } from './fabric-block.ts';
import { verifyCreator, verifyEndorsements } from './fabric-endorsement.ts';
import type { ChannelTrust } from './fabric-trust.ts';
import { type Placed, placedIn } from './placed-transaction.ts';
import { present } from './protobuf.ts';
import { parseStrictJson } from './strict-json.ts';
import type { TrustPolicy } from './trust-policy.ts';

/** The checked blocks of an archive and what they are judged by. */
export type CaseLedgerView = {
  blocks: ReadonlyMap<number, Block>;
  trusts: readonly ChannelTrust[];
  policy: TrustPolicy;
};
/** One transaction's write under a key, signed by its creator and endorsed, with the value it wrote. */
export type VerifiedWrite = { placed: Placed; submitter: string; value: unknown };

/** Undefined where the transaction holds but did not write the key exactly once. */
export function verifiedWrite(
  { txId, blockNumber }: CaseStepPlace,
  key: string,
  { blocks, trusts, policy }: CaseLedgerView,
): VerifiedWrite | undefined {
  const placed = placedIn(present(blocks.get(blockNumber), 'CASE_MEMBER_ABSENT'), txId, policy.channel);
  const { transaction } = placed;
  const { chaincode } = transaction;
  if (chaincode.name !== policy.chaincode.name || !policy.chaincode.versions.includes(chaincode.version))
    throw refusal('CASE_CHAINCODE', 'written by another chaincode');
  if (validationCodes(placed.block)[placed.txIndex] !== 0)
    throw refusal('CASE_STEP_INVALID', 'marked invalid');
  const trust = trustAt(blockNumber, trusts);
  const { mspId: submitter } = verifyCreator(transaction, trust);
  verifyEndorsements(transaction, trust, policy.endorsement);
  const [write, ...others] = transaction.writes.filter(
    (each) => each.namespace === chaincode.name && each.key === key,
  );
  if (write === undefined || write.isDelete || others.length > 0) return undefined;
  return { placed, submitter, value: parseStrictJson(fromUtf8(write.value)) };
}
