import { generateKeyPairSync, sign } from 'node:crypto';
import { anchorKey, checkpointKey } from '../src/anchored-write.ts';
import { hex, sha256, utf8 } from '../src/bytes.ts';
import { canonicalJson } from '../src/canonical.ts';
import { formatCheckpoint, type NoteSigner, noteSigner, signNote, verifierKey } from '../src/checkpoint.ts';
import { type Leaf, leafBytes, leafHash } from '../src/leaf.ts';
import { type HashReader, inclusionProof, rootHash } from '../src/merkle.ts';
import { commitRecord, discloseRecord } from '../src/record-commitment.ts';
import { type Member, members, type TestChannel } from './alliance.ts';
import { blockOf, endorserTransaction, type TransactionOptions } from './ledger.ts';
import { type UnpackedBundle, unpackedBundle } from './unpacked.ts';

export const origin = 'medseal.org/log/hospital-a';
const resource = (at: number) => ({
  resourceType: 'Observation',
  id: `observation-${at}`,
  status: 'final',
  valueQuantity: { value: 118.5 + at, unit: 'mmHg' },
  note: [{ text: '服药后复测' }],
});
const saltOf = (at: number) => sha256(utf8(`salt ${at}`));

/** A log of records with a key of its own. */
export function createLog(size = 13, kind: Leaf['kind'] = 'record', last?: Leaf) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
  const signer: NoteSigner = noteSigner(origin, raw, (text) => new Uint8Array(sign(null, text, privateKey)));
  const leaves = Array.from({ length: size }, (_, at): Leaf => {
    const digest = hex(commitRecord(resource(at), saltOf(at)));
    return {
      v: 1,
      kind,
      tenant: 'hospital-a',
      digest,
      at: `2026-06-01T00:00:${String(at).padStart(2, '0')}.000Z`,
    };
  });
  if (last !== undefined) leaves[size - 1] = last;
  const hashes = leaves.map((leaf) => leafHash(leafBytes(leaf)));
  const read: HashReader = (level, index) =>
    rootHash(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level));
  return {
    leaves,
    hashes,
    signer,
    publicKey: raw,
    vkey: verifierKey(origin, raw),
    checkpoint: (treeSize = size, root = rootHash(hashes.slice(0, treeSize))) =>
      signNote(formatCheckpoint({ origin, treeSize, rootHash: root }), signer),
    path: (leafIndex: number, treeSize = size) => inclusionProof(read, leafIndex, treeSize).map(hex),
    root: (treeSize = size) => rootHash(hashes.slice(0, treeSize)),
    disclosure: (at: number, withheld: string[] = []) =>
      discloseRecord(resource(at), saltOf(at), new Set(withheld)),
  };
}
export type TestLog = ReturnType<typeof createLog>;

/** What the chaincode writes for a checkpoint. */
export function anchorWrites(log: TestLog, treeSize = 13, root = log.root(treeSize)): [string, Uint8Array][] {
  const state = {
    organizationId: 'hospital-a',
    origin,
    treeSize,
    rootHash: hex(root),
    note: log.checkpoint(treeSize),
  };
  const bytes = utf8(canonicalJson(state));
  return [
    [checkpointKey('hospital-a', treeSize), bytes],
    [anchorKey('hospital-a'), bytes],
  ];
}

export type ProofOptions = {
  leafIndex?: number;
  withheld?: string[];
  transaction?: Partial<TransactionOptions>;
  codes?: number[];
  /** Position of the anchor in its block: 1, a foreign transaction stands before it. */
  confirmation?: Partial<TransactionOptions> | 'none';
};

/** A bundle on a channel, unpacked, with a confirmation unless told otherwise. */
export function makeProof(channel: TestChannel, log: TestLog, options: ProofOptions = {}): UnpackedBundle {
  const { leafIndex = 5, withheld = [] } = options;
  const [a, b, regulator] = members as [Member, Member, Member];
  const peers = members.map(({ peer }) => peer);
  const foreign = endorserTransaction({
    creator: b.client,
    endorsers: peers,
    writes: [['other', utf8('{}')]],
  });
  const anchor = endorserTransaction({
    creator: a.client,
    endorsers: peers,
    writes: anchorWrites(log),
    ...options.transaction,
  });
  const block = blockOf({
    number: 7,
    envelopes: [foreign.envelope, anchor.envelope],
    signer: channel.signer,
    ...(options.codes === undefined ? {} : { codes: options.codes }),
  });
  const proof = {
    disclosure: log.disclosure(leafIndex, withheld),
    leaf: log.leaves[leafIndex] as Leaf,
    leafIndex,
    inclusionProof: log.path(leafIndex),
    checkpoint: log.checkpoint(),
    anchor: { txId: anchor.txId, blockNumber: 7 },
    block,
    configBlocks: [channel.genesis],
  };
  if (options.confirmation === 'none') return unpackedBundle(proof);
  const later = endorserTransaction({
    creator: a.client,
    endorsers: [a.peer, regulator.peer],
    reads: [[anchorKey('hospital-a'), 7, 1]],
    writes: [['next', utf8('{}')]],
    ...options.confirmation,
  });
  const laterBlock = blockOf({ number: 9, envelopes: [later.envelope], signer: channel.signer });
  return unpackedBundle({ ...proof, confirmation: { txId: later.txId, block: laterBlock } });
}

/** The text of a trust policy for a channel and its log. */
export function policyOf(
  channel: TestChannel,
  log: TestLog,
  overrides: object = {},
): Record<string, unknown> {
  return {
    format: 'medseal/trust-policy/v1',
    ledger: 'fabric',
    channel: 'care',
    chaincode: { name: 'medseal', versions: ['1.0'] },
    genesisHash: channel.genesisHash,
    logs: [{ organizationId: 'hospital-a', mspId: 'HospitalAMSP', verifierKeys: [log.vkey] }],
    ...overrides,
  };
}
