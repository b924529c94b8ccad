import { peer } from '@hyperledger/fabric-protos';
import type { Membership } from './membership.ts';
import type { OwnEndorsements } from './own-endorsements.ts';
import type { RangeRead, ReadWriteSet } from './rwset.ts';
import { verifyLowS } from './signature.ts';
import { compareUtf8, type KeyWrite, type StateView, type Version } from './state.ts';
import { type OpenedTransaction, openTransaction } from './transaction.ts';

const { TxValidationCode } = peer;
export type ValidationCode = number;

export type ValidationContext = {
  state: StateView;
  membership: Membership;
  ownEndorsements: OwnEndorsements;
  chaincode: { name: string; version: string };
  /** MSP ids of the member organisations; more than half of them must have endorsed (channel policy MAJORITY). */
  mspIds: readonly string[];
  isCommitted(txId: string): boolean;
};

export type ValidatedTransaction = { transaction: OpenedTransaction; code: ValidationCode };

/** Judges the transactions of one block in their order, as every peer does at commit. */
export function validateBlock(
  envelopes: readonly Uint8Array[],
  context: ValidationContext,
): ValidatedTransaction[] {
  const seen = new Set<string>();
  const updates = new Map<string, KeyWrite>();
  return envelopes.map((bytes) => {
    const transaction = openTransaction(bytes);
    const { txId } = transaction;
    const duplicate = seen.has(txId) || context.isCommitted(txId);
    const code = duplicate ? TxValidationCode.DUPLICATE_TXID : validate(transaction, context, updates);
    seen.add(txId);
    if (code === TxValidationCode.VALID)
      for (const write of transaction.readWriteSet.writes) updates.set(updateKey(write), write);
    return { transaction, code };
  });
}

function validate(
  transaction: OpenedTransaction,
  context: ValidationContext,
  updates: ReadonlyMap<string, KeyWrite>,
): ValidationCode {
  const { chaincode, status, readWriteSet } = transaction;
  if (chaincode.name !== context.chaincode.name) return TxValidationCode.INVALID_CHAINCODE;
  if (chaincode.version !== context.chaincode.version) return TxValidationCode.EXPIRED_CHAINCODE;
  if (status < 200 || status >= 400) return TxValidationCode.BAD_RESPONSE_PAYLOAD;
  if (!isEndorsed(transaction, context)) return TxValidationCode.ENDORSEMENT_POLICY_FAILURE;
  if (!writesOwnNamespace(readWriteSet, chaincode.name)) return TxValidationCode.ILLEGAL_WRITESET;
  return conflictOf(readWriteSet, context.state, updates);
}

/** Distinct organisations whose peers signed; an endorsement that does not verify counts for nobody. */
function isEndorsed(transaction: OpenedTransaction, context: ValidationContext): boolean {
  const { mspIds } = context;
  const endorsers = transaction.endorsements.map((endorsement) =>
    endorserOf(transaction.responsePayload, endorsement, context),
  );
  const distinct = new Set(endorsers.filter((mspId) => mspId !== undefined && mspIds.includes(mspId)));
  return distinct.size > mspIds.length / 2;
}

function endorserOf(
  payload: Uint8Array,
  { endorser, signature }: { endorser: Uint8Array; signature: Uint8Array },
  { membership, ownEndorsements }: ValidationContext,
): string | undefined {
  try {
    const principal = membership.identify(endorser);
    const signed = Buffer.concat([payload, endorser]);
    if (principal.role !== 'peer') return undefined;
    const verified =
      ownEndorsements.has(signed, signature) || verifyLowS(principal.publicKey, signed, signature);
    return verified ? principal.mspId : undefined;
  } catch {
    // Whoever cannot be identified endorses nothing; the policy decides on the rest.
    return undefined;
  }
}

function writesOwnNamespace({ writes }: ReadWriteSet, chaincode: string): boolean {
  return writes.every(({ namespace }) => namespace === chaincode);
}

/** Multi-version concurrency control: whatever was read must be what is committed now. */
export function conflictOf(
  { reads, ranges }: ReadWriteSet,
  state: StateView,
  updates: ReadonlyMap<string, KeyWrite>,
): ValidationCode {
  for (const read of reads) {
    const changed = updates.has(updateKey(read));
    if (changed || !sameVersion(state.get(read.namespace, read.key), read.version))
      return TxValidationCode.MVCC_READ_CONFLICT;
  }
  return ranges.some((range) => !rangeStands(range, state, updates))
    ? TxValidationCode.PHANTOM_READ_CONFLICT
    : TxValidationCode.VALID;
}

function rangeStands(range: RangeRead, state: StateView, updates: ReadonlyMap<string, KeyWrite>): boolean {
  const touched = [...updates.values()].some(
    (write) =>
      liesIn(write, range) &&
      (write.value !== undefined || state.get(write.namespace, write.key) !== undefined),
  );
  return !touched && foundAgain(range, state);
}

/** An exhausted range ends before `end`; one left early ends with the last key that was read. */
function liesIn({ namespace, key }: KeyWrite, range: RangeRead): boolean {
  if (namespace !== range.namespace || compareUtf8(key, range.start) < 0) return false;
  if (range.exhausted) return range.end === '' || compareUtf8(key, range.end) < 0;
  return compareUtf8(key, range.end) <= 0;
}

function foundAgain(range: RangeRead, state: StateView): boolean {
  let index = 0;
  for (const [key, revision] of state.range(range.namespace, range.start, range.exhausted ? range.end : '')) {
    if (!range.exhausted && compareUtf8(key, range.end) > 0) break;
    const expected = range.found[index];
    if (expected?.key !== key || !sameVersion(revision, expected.version)) return false;
    index += 1;
  }
  return index === range.found.length;
}

function sameVersion(a: Version | undefined, b: Version | undefined): boolean {
  return a?.block === b?.block && a?.transaction === b?.transaction;
}

function updateKey({ namespace, key }: { namespace: string; key: string }): string {
  return `${namespace}\u0000${key}`;
}
