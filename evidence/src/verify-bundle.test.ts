import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  bftChannel,
  hospitalA,
  hospitalB,
  members,
  orderers,
  regulator,
  singleChannel,
} from '../test/alliance.ts';
import { configEnvelope, organizationsOf } from '../test/configuration.ts';
import { assemble, blockOf, endorserTransaction } from '../test/ledger.ts';
import { createOrganization } from '../test/organizations.ts';
import { anchorWrites, createLog, makeProof, origin, policyOf } from '../test/proof.ts';
import { packed, type UnpackedBundle, unpackedBundle, verifyPacked } from '../test/unpacked.ts';
import { anchorKey, checkpointKey } from './anchored-write.ts';
import { type EvidenceBundle, sealed } from './bundle.ts';
import { base64, concat, fromBase64, fromHex, hex, utf8 } from './bytes.ts';
import { formatCheckpoint, signNote } from './checkpoint.ts';
import { parseBlock } from './fabric-block.ts';
import { transactionsOf } from './fabric-verify.ts';
import { type Leaf, leafBytes, leafHash } from './leaf.ts';
import { inclusionProof, nodeHash, rootHash } from './merkle.ts';
import { packBlocks } from './packed-blocks.ts';
import type { DisclosedElement } from './record-commitment.ts';
import { discloseRecord } from './record-commitment.ts';
import { parseTrustPolicy } from './trust-policy.ts';

const channel = bftChannel();
const log = createLog();
const policy = parseTrustPolicy(policyOf(channel, log));
const valid = makeProof(channel, log);
const { digest: _digest, ...parts } = packed(valid) as EvidenceBundle;

/** Codes of the failed checks, in order. */
function failures(proof: unknown, trusted = policy): string[] {
  const { verdict, checks } = verifyPacked(proof, trusted);
  const codes = checks
    .filter(({ status }) => status === 'failed')
    .map(({ name, code }) => `${name}: ${code}`);
  expect(verdict === 'tampered').toBe(codes.length > 0);
  return codes;
}

/** A copy with one part replaced. */
function bent(change: Partial<UnpackedBundle>, proof = valid): UnpackedBundle {
  return { ...structuredClone(proof), ...change };
}

function withBlock(block: Uint8Array, proof = valid): UnpackedBundle {
  return bent({ anchor: { ...proof.anchor, block: base64(block) } }, proof);
}

const anchorBlock = parseBlock(fromBase64(valid.anchor.block));

describe('a bundle', () => {
  test('on a BFT and on a single-orderer channel is valid, with every check passed that the policy asks for', () => {
    for (const made of [channel, singleChannel()]) {
      const result = verifyPacked(makeProof(made, log), parseTrustPolicy(policyOf(made, log)));

      expect(result.verdict).toBe('valid');
      const open = result.checks.filter(({ status }) => status !== 'passed');
      expect(open.map(({ name, status }) => `${name}: ${status}`)).toEqual([
        'witnesses: skipped',
        'release: skipped',
        'consent: skipped',
        'notary: skipped',
      ]);
      expect(result.checks).toHaveLength(20);
    }
  });

  test('shows what was disclosed and names what was withheld', () => {
    const proof = makeProof(channel, log, { withheld: ['note', 'valueQuantity'] });

    const { verdict, record } = verifyPacked(proof, policy);

    expect(verdict).toBe('valid');
    expect(record).toMatchObject({ withheld: ['note', 'valueQuantity'], organizationId: 'hospital-a' });
    expect(Object.keys(record?.resource ?? {}).sort()).toEqual(['id', 'resourceType', 'status']);
  });

  test('is valid for every leaf and whatever order its members come in', () => {
    const reversed = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(reversed);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([name, item]) => [name, reversed(item)]),
      );
    };
    for (let leafIndex = 0; leafIndex < 13; leafIndex += 1) {
      const proof = makeProof(channel, log, { leafIndex });
      expect(verifyPacked(reversed(proof), policy).verdict).toBe('valid');
    }
  });

  test('of a real Fabric 3.1.1 network is valid with its confirmation, and only then', () => {
    const recorded = JSON.parse(
      readFileSync(new URL('../test/vectors/fabric-3.1.1-bft.json', import.meta.url), 'utf8'),
    );
    const block = (number: number): Uint8Array => fromBase64(recorded.blocks[number]);
    const hashes = recorded.leaves.map((leaf: Leaf) => leafHash(leafBytes(leaf)));
    const read = (level: number, index: number) =>
      rootHash(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level));
    const proofAt = (treeSize: number, txIndex: number) =>
      unpackedBundle({
        disclosure: discloseRecord(
          recorded.records[7].resource,
          fromHex(recorded.records[7].salt),
          new Set(['note']),
        ),
        leaf: recorded.leaves[7],
        leafIndex: 7,
        inclusionProof: inclusionProof(read, 7, treeSize).map(hex),
        checkpoint: recorded.notes[treeSize],
        anchor: { txId: transactionsOf(parseBlock(block(13)))[txIndex]!.txId, blockNumber: 13 },
        block: block(13),
        configBlocks: [block(0), block(14)],
        confirmation: { txId: transactionsOf(parseBlock(block(15)))[0]!.txId, block: block(15) },
      });
    const trusted = parseTrustPolicy({
      ...policyOf(channel, log),
      genesisHash: hex(parseBlock(block(0)).hash),
      logs: [{ organizationId: 'hospital-a', mspId: 'HospitalAMSP', verifierKeys: [recorded.vkey] }],
    });

    const committed = proofAt(12, 0);
    expect(verifyPacked(committed, trusted).verdict).toBe('valid');
    const { confirmation: _confirmation, ...unconfirmed } = committed;
    expect(verifyPacked(unconfirmed, trusted).verdict).toBe('undecided');

    // The one that lost the race, its mark flipped from MVCC_READ_CONFLICT to VALID.
    const lost = proofAt(11, 1);
    expect(failures(lost, trusted)).toEqual([
      'validity-mark: ANCHOR_TX_INVALID',
      'confirmation: CONFIRMATION_VERSION',
    ]);
    const parts = parseBlock(block(13));
    const flipped = assemble({
      ...parts,
      metadata: parts.metadata.map((entry, at) => (at === 2 ? Uint8Array.of(0, 0) : entry)),
    });
    expect(failures(withBlock(flipped, lost), trusted)).toEqual(['confirmation: CONFIRMATION_VERSION']);
  });
});

describe('tampering with the content', () => {
  const element = (proof: UnpackedBundle, name: string) =>
    proof.disclosure.elements.find((candidate) => candidate.name === name) as DisclosedElement;

  test('one changed value, salt or name is noticed', () => {
    for (const change of [
      (proof: UnpackedBundle) => (element(proof, 'status').value = 'amended'),
      (proof: UnpackedBundle) => (element(proof, 'valueQuantity').value = { unit: 'mmHg', value: 123.6 }),
      (proof: UnpackedBundle) => (element(proof, 'status').salt = '00'.repeat(32)),
      (proof: UnpackedBundle) => (element(proof, 'status').name = 'statuS'),
    ]) {
      const proof = structuredClone(valid);
      change(proof);
      expect(failures(proof)).toEqual(['content: LEAF_DIGEST']);
    }
  });

  test('a removed salt, an element left out, added or twice is noticed', () => {
    const without = structuredClone(valid);
    delete (element(without, 'status') as { salt?: string }).salt;
    expect(failures(without)).toEqual(['content: DISCLOSURE_INVALID']);
    const [first, ...rest] = valid.disclosure.elements;
    expect(failures(bent({ disclosure: { elements: rest } }))).toEqual(['content: LEAF_DIGEST']);
    expect(failures(bent({ disclosure: { elements: [first!, first!, ...rest] } }))).toEqual([
      'content: DISCLOSURE_INVALID',
    ]);
    expect(failures(bent({ disclosure: { elements: [...rest, first!] } }))).toEqual([
      'content: DISCLOSURE_INVALID',
    ]);
  });

  test('a changed leaf is noticed', () => {
    const leaf = (change: object) => bent({ leaf: { ...valid.leaf, ...change } });

    expect(failures(leaf({ digest: '00'.repeat(32) }))).toEqual(['content: LEAF_DIGEST']);
    expect(failures(leaf({ at: '2026-06-01T00:00:05.001Z' }))).toEqual(['inclusion: INCLUSION_ROOT']);
    expect(failures(leaf({ kind: 'access' }))).toEqual(['content: LEAF_KIND']);
    for (const change of [
      { v: 2 },
      { tenant: 'Hospital A' },
      { at: '2026-02-30T00:00:00.000Z' },
      { more: 1 },
    ]) {
      expect(failures(leaf(change))).toEqual(['content: LEAF_INVALID']);
    }
  });

  test('a log of another kind of leaves does not pass for records', () => {
    const accesses = createLog(13, 'access');

    expect(failures(makeProof(channel, accesses), parseTrustPolicy(policyOf(channel, accesses)))).toEqual([
      'content: LEAF_KIND',
    ]);
  });
});

describe('tampering with the log', () => {
  test('a truncated, extended or exchanged path is noticed', () => {
    const path = valid.inclusionProof;
    const swapped = [path[1]!, path[0]!, ...path.slice(2)];

    expect(failures(bent({ inclusionProof: path.slice(0, -1) }))).toEqual(['inclusion: INCLUSION_LENGTH']);
    expect(failures(bent({ inclusionProof: [] }))).toEqual(['inclusion: INCLUSION_LENGTH']);
    expect(failures(bent({ inclusionProof: [...path, path[0]!] }))).toEqual(['inclusion: INCLUSION_LENGTH']);
    expect(failures(bent({ inclusionProof: swapped }))).toEqual(['inclusion: INCLUSION_ROOT']);
  });

  test('another index is noticed', () => {
    expect(failures(bent({ leafIndex: 4 }))).toEqual(['inclusion: INCLUSION_ROOT']);
    expect(failures(bent({ leafIndex: 6 }))).toEqual(['inclusion: INCLUSION_ROOT']);
    expect(failures(bent({ leafIndex: 12 }))).toEqual(['inclusion: INCLUSION_LENGTH']);
    expect(failures(bent({ leafIndex: 13 }))).toEqual(['inclusion: INCLUSION_INDEX']);
  });

  test('another size or root than the signed one is noticed', () => {
    const resized = valid.checkpoint.replace('\n13\n', '\n12\n');
    const other = createLog();

    expect(failures(bent({ checkpoint: resized }))).toEqual(['log-signature: NOTE_SIGNATURE_INVALID']);
    expect(failures(bent({ checkpoint: other.checkpoint() }))).toEqual(['log-signature: NOTE_NOT_SIGNED']);
    const signedOther = log.checkpoint(13, other.hashes[0]);
    expect(failures(bent({ checkpoint: signedOther }))).toEqual([
      'inclusion: INCLUSION_ROOT',
      'anchored-checkpoint: ANCHOR_MISMATCH',
    ]);
  });

  test('an older checkpoint than the anchored one is noticed', () => {
    const replayed = bent({ checkpoint: log.checkpoint(12), inclusionProof: log.path(5, 12) });

    expect(failures(replayed)).toEqual(['anchored-checkpoint: ANCHOR_WRITE_ABSENT']);
  });

  test('an inner node passed off as a leaf is noticed', () => {
    // A path one step shorter that starts at the parent of two leaves: the shape of no leaf of this tree.
    const parent = nodeHash(log.hashes[4]!, log.hashes[5]!);
    const shorter = bent({
      leaf: { ...valid.leaf, digest: hex(parent) },
      leafIndex: 2,
      inclusionProof: valid.inclusionProof.slice(1),
    });

    expect(failures(shorter)).toEqual(['content: LEAF_DIGEST']);
  });

  test('a checkpoint of another origin under the same key is noticed', () => {
    const text = formatCheckpoint({
      origin: 'medseal.org/log/hospital-b',
      treeSize: 13,
      rootHash: log.root(),
    });

    expect(failures(bent({ checkpoint: signNote(text, log.signer) }))).toEqual([
      'log-signature: CHECKPOINT_ORIGIN',
    ]);
  });

  test('a checkpoint that is none, or of absurd size, is noticed', () => {
    const signedText = (text: string) => bent({ checkpoint: signNote(text, log.signer) });
    const root = base64(log.root());

    for (const size of ['9007199254740993', '013', '-1', '1e3', '']) {
      expect(failures(signedText(`${origin}\n${size}\n${root}\n`))).toEqual([
        'log-signature: CHECKPOINT_INVALID',
      ]);
    }
    expect(failures(signedText(`${origin}\n13\n${root}\nextension\n`))).toEqual([
      'log-signature: CHECKPOINT_INVALID',
    ]);
    expect(failures(bent({ checkpoint: 'no note' }))).toEqual(['log-signature: NOTE_INVALID']);
  });

  test('a record that claims to be from after its anchoring is noticed', () => {
    const late = makeProof(channel, log, { transaction: { at: '2026-05-31T23:00:00Z' } });

    expect(failures(late)).toEqual(['leaf-time: LEAF_IN_FUTURE']);
  });
});

describe('tampering with the ledger', () => {
  test('a ledger other than the pinned one is noticed', () => {
    const twin = bftChannel({ at: '2026-06-01T00:00:01Z' });
    const foreign = makeProof(twin, log);

    expect(failures(foreign)).toEqual(['channel: GENESIS_HASH']);
    const other = bftChannel({ channelId: 'other' });
    expect(failures(makeProof(other, log), parseTrustPolicy(policyOf(other, log)))).toEqual([
      'channel: CHANNEL_MISMATCH',
    ]);
    const moved = makeProof(channel, log, { transaction: { channelId: 'other' } });
    expect(failures(moved)).toEqual(['transaction: CHANNEL_MISMATCH']);
  });

  test('a configuration of the attacker’s own after the pinned genesis block is noticed', () => {
    const attacker = createOrganization('Orderer1MSP');
    const orderer = attacker.issue({ role: 'orderer' });
    const config = blockOf({
      number: 5,
      lastConfig: 5,
      envelopes: [
        configEnvelope({
          ...channel.config,
          sequence: 1,
          consensus: 'etcdraft',
          orderers: organizationsOf(attacker),
        }),
      ],
      signer: { kind: 'single', orderer },
    });

    expect(failures(bent({ configBlocks: [...valid.configBlocks, base64(config)] }))).toEqual([
      'channel: BLOCK_SIGNATURES_MALFORMED',
    ]);
    // Pointed at from the unsigned metadata only, it is not even looked at.
    const parts = {
      ...anchorBlock,
      metadata: anchorBlock.metadata.map((entry, at) => (at === 1 ? utf8('5') : entry)),
    };
    expect(failures(withBlock(assemble(parts)))).toEqual([]);
  });

  test('a block with merged, replaced or moved transactions is noticed', () => {
    const [foreign, anchor] = anchorBlock.envelopes as [Uint8Array, Uint8Array];
    const merged = assemble({ ...anchorBlock, envelopes: [concat(foreign, anchor)] });
    const replaced = assemble({ ...anchorBlock, envelopes: [anchor, foreign] });
    const elsewhere = blockOf({ number: 7, envelopes: [foreign], signer: channel.signer });

    expect(failures(withBlock(merged))).toEqual(['block: BLOCK_ENVELOPE_MALFORMED']);
    expect(failures(withBlock(replaced))).toEqual(['block: BLOCK_DATA_HASH']);
    expect(failures(withBlock(elsewhere))).toEqual(['transaction: ANCHOR_TX_ABSENT']);
    expect(failures(bent({ anchor: { ...valid.anchor, blockNumber: 8 } }))).toEqual(['block: ANCHOR_BLOCK']);
    expect(failures(withBlock(assemble({ ...anchorBlock, number: 8 })))).toEqual(['block: ANCHOR_BLOCK']);
  });

  test('too few, foreign or wrong orderers are noticed', () => {
    const signedBy = (signers: { id: number; orderer: (typeof orderers)[number]['orderer'] }[]) =>
      withBlock(
        blockOf({ number: 7, envelopes: [...anchorBlock.envelopes], signer: { kind: 'bft', signers } }),
      );
    const impostor = createOrganization('Orderer3MSP').issue({ role: 'orderer' });

    expect(failures(signedBy(orderers.slice(0, 2)))).toEqual(['orderers: ORDERER_QUORUM']);
    expect(failures(signedBy([...orderers.slice(0, 2), { id: 7, orderer: impostor }]))).toEqual([
      'orderers: ORDERER_UNKNOWN',
    ]);
    expect(failures(signedBy([...orderers.slice(0, 2), { id: 3, orderer: impostor }]))).toEqual([
      'orderers: ORDERER_SIGNATURE',
    ]);
  });

  test('an anchor that somebody else submitted is noticed', () => {
    expect(failures(makeProof(channel, log, { transaction: { creator: hospitalB.client } }))).toEqual([
      'submitter: ANCHOR_CREATOR',
    ]);
    expect(
      failures(makeProof(channel, log, { transaction: { bend: { signature: Uint8Array.of(0x30, 0x00) } } })),
    ).toEqual(['submitter: TX_CREATOR_SIGNATURE']);
  });

  test('too few endorsers, or endorsements that do not verify, are noticed', () => {
    expect(failures(makeProof(channel, log, { transaction: { endorsers: [hospitalA.peer] } }))).toEqual([
      'endorsements: ENDORSEMENT_POLICY',
    ]);
    expect(failures(makeProof(channel, log, { transaction: { bend: { endorsementForm: 'high' } } }))).toEqual(
      ['endorsements: ENDORSEMENT_SIGNATURE'],
    );
    const swapped = { proposalPayload: Uint8Array.of(0x0a, 0x01, 0x02) };
    expect(failures(makeProof(channel, log, { transaction: { bend: swapped } }))).toEqual([
      'transaction: TX_PROPOSAL_HASH',
    ]);
  });

  test('another chaincode, another version or a checkpoint that was only claimed is noticed', () => {
    const chaincode = (name: string, version: string) =>
      makeProof(channel, log, { transaction: { chaincode: { name, version } } });

    expect(failures(chaincode('other', '1.0'))[0]).toBe('anchored-checkpoint: ANCHOR_CHAINCODE');
    expect(failures(chaincode('medseal', '0.9'))).toEqual(['anchored-checkpoint: ANCHOR_CHAINCODE']);
    expect(failures(makeProof(channel, log, { transaction: { writes: [] } }))).toEqual([
      'anchored-checkpoint: ANCHOR_WRITE_ABSENT',
    ]);
    const other = anchorWrites(log, 13, log.root(12));
    expect(failures(makeProof(channel, log, { transaction: { writes: other } }))).toEqual([
      'anchored-checkpoint: ANCHOR_MISMATCH',
    ]);
    const key = checkpointKey('hospital-a', 13);
    const notJson: [string, Uint8Array][] = [[key, utf8('not JSON')]];
    expect(failures(makeProof(channel, log, { transaction: { writes: notJson } }))).toEqual([
      'anchored-checkpoint: JSON_INVALID',
    ]);
  });

  test('a transaction marked invalid is noticed', () => {
    expect(failures(makeProof(channel, log, { codes: [0, 11] }))).toEqual([
      'validity-mark: ANCHOR_TX_INVALID',
    ]);
  });

  test('a confirmation that confirms something else is noticed', () => {
    const reads = (...read: [string, number, number][]) =>
      makeProof(channel, log, { confirmation: { reads: read } });
    const key = anchorKey('hospital-a');

    for (const proof of [
      reads(),
      reads([key, 7, 0]),
      reads([key, 6, 1]),
      reads([anchorKey('hospital-b'), 7, 1]),
    ]) {
      expect(failures(proof)).toEqual(['confirmation: CONFIRMATION_VERSION']);
    }
    const alone = makeProof(channel, log, { confirmation: { endorsers: [regulator.peer] } });
    expect(failures(alone)).toEqual(['confirmation: ENDORSEMENT_POLICY']);
    const other = makeProof(channel, log, { confirmation: { chaincode: { name: 'other', version: '1.0' } } });
    expect(failures(other)).toEqual(['confirmation: ANCHOR_CHAINCODE']);
    const itself = bent({ confirmation: { txId: valid.anchor.txId, block: valid.anchor.block } });
    expect(failures(itself)).toEqual(['confirmation: CONFIRMATION_ORDER']);
    const later = endorserTransaction({
      creator: hospitalA.client,
      endorsers: members.map(({ peer }) => peer),
    });
    const unsigned = blockOf({
      number: 9,
      envelopes: [later.envelope],
      signer: { kind: 'bft', signers: [] },
    });
    expect(failures(bent({ confirmation: { txId: later.txId, block: base64(unsigned) } }))).toEqual([
      'confirmation: ORDERER_QUORUM',
    ]);
  });

  test('a solo ledger does not pass for one of several organisations', () => {
    const solo = singleChannel({ consensus: 'solo' });
    const proof = makeProof(solo, log, { confirmation: 'none' });

    expect(failures(proof, parseTrustPolicy(policyOf(solo, log, { confirmation: 'optional' })))).toEqual([
      'independence: LEDGER_KIND',
    ]);
    const answer = verifyPacked(proof, parseTrustPolicy(policyOf(solo, log, { ledger: 'solo' })));
    expect(answer.verdict).toBe('valid');
    expect(answer.sentence.en).toContain('binds nobody');
    expect(answer.sentence.zh).toContain('没有约束力');
  });
});

describe('what a verifier lacks', () => {
  test('leaves the question open: the log’s key, the genesis block, a confirmation', () => {
    const stranger = policyOf(channel, log, {
      logs: [{ organizationId: 'hospital-b', mspId: 'HospitalBMSP', verifierKeys: [log.vkey] }],
    });
    const unconfirmed = makeProof(channel, log, { confirmation: 'none' });

    expect(verifyPacked(valid, parseTrustPolicy(stranger)).verdict).toBe('undecided');
    expect(verifyPacked(bent({ configBlocks: [] }), policy).verdict).toBe('undecided');
    expect(verifyPacked(unconfirmed, policy).verdict).toBe('undecided');
    const lenient = parseTrustPolicy(policyOf(channel, log, { confirmation: 'optional' }));
    expect(verifyPacked(unconfirmed, lenient).verdict).toBe('valid');
  });

  test('does not hide what is wrong all the same', () => {
    expect(verifyPacked(bent({ configBlocks: [], leafIndex: 4 }), policy).verdict).toBe('tampered');
  });

  test('may be in the policy: a genesis block there needs none in the proof', () => {
    const holding = parseTrustPolicy(policyOf(channel, log, { genesisBlock: base64(channel.genesis) }));

    expect(verifyPacked(bent({ configBlocks: [] }), holding).verdict).toBe('valid');
    expect(verifyPacked(valid, holding).verdict).toBe('valid');
  });
});

describe('a file', () => {
  test('that is no bundle, or of another version, leaves the question open', () => {
    for (const value of [
      null,
      [],
      'proof',
      7,
      {},
      { ...valid, format: 'medseal/bundle/v2' },
      { format: 1 },
    ]) {
      const { verdict, checks } = verifyPacked(value, policy);
      expect([verdict, checks.length, checks[0]?.code]).toEqual(['undecided', 1, 'PROOF_UNKNOWN_FORMAT']);
    }
  });

  test('with anything missing, uncovered or of a wrong type is refused', () => {
    const { leaf: _leaf, ...incomplete } = parts;
    for (const value of [
      incomplete,
      { ...parts, attachment: 'uncovered' },
      { ...parts, states: [] },
      { ...parts, algorithm: 'none' },
      { ...parts, leafIndex: 2 ** 53 },
      { ...parts, leafIndex: '5' },
      { ...parts, leafIndex: -1 },
      { ...parts, checkpoint: null },
      { ...parts, inclusionProof: ['zz'] },
      { ...parts, inclusionProof: [7] },
      { ...parts, anchor: { ...parts.anchor, more: 1 } },
      { ...parts, anchor: { ...parts.anchor, txId: 'x' } },
      { ...parts, confirmation: null },
      { ...parts, blocks: 'not base64!' },
      { ...parts, blocks: 'AAAA' },
      { ...parts, blocks: base64(packBlocks([])) },
      { ...parts, blocks: base64(concat(fromBase64(parts.blocks), utf8('more'))) },
    ]) {
      expect(failures(sealed(value))).toEqual(['format: PROOF_MALFORMED']);
    }
  });

  test('of hostile size is answered in bounded memory', () => {
    const long = 'A'.repeat(12_000_000);
    const bomb = base64(packBlocks([new Uint8Array(200_000_000)]));

    expect(
      failures(bent({ inclusionProof: Array.from({ length: 1_000_000 }, () => 'ab'.repeat(32)) })),
    ).toEqual(['format: PROOF_MALFORMED']);
    expect(failures(bent({ checkpoint: long }))).toEqual(['log-signature: NOTE_INVALID']);
    expect(failures(sealed({ ...parts, blocks: bomb }))).toEqual(['format: PROOF_TOO_LARGE']);
  });

  test('with a digest that is not over its members is refused, whatever else holds', () => {
    const other = { ...parts, digest: 'ab'.repeat(32) };

    expect(failures(other)).toEqual(['digest: BUNDLE_DIGEST']);
  });
});
