import { readFileSync } from 'node:fs';
import common from '@hyperledger/fabric-protos/lib/common/common_pb.js';
import { describe, expect, test } from 'vitest';
import { acceptedFlips } from '../test/flips.ts';
import { assemble } from '../test/ledger.ts';
import { createOrganization, signLedger } from '../test/organizations.ts';
import { unpackedBundle, verifyPacked } from '../test/unpacked.ts';
import { concat, fromBase64, fromHex, hex } from './bytes.ts';
import { parseBlock } from './fabric-block.ts';
import { channelTrust } from './fabric-trust.ts';
import { applyConfig, transactionsOf, verifyBlock } from './fabric-verify.ts';
import { type Leaf, leafBytes, leafHash } from './leaf.ts';
import { inclusionProof, rootHash } from './merkle.ts';
import { discloseRecord } from './record-commitment.ts';
import { parseTrustPolicy } from './trust-policy.ts';

const vectors = (name: string) =>
  JSON.parse(readFileSync(new URL(`../test/vectors/${name}.json`, import.meta.url), 'utf8'));
const recorded = vectors('fabric-3.1.1-raft');
const block = (number: number): Uint8Array => fromBase64(recorded.blocks[number]);
const genesisHash = hex(parseBlock(block(0)).hash);
const start = () => channelTrust(block(0), { genesisHash });

/** The block with other signatures of orderers. */
function signedAnew(
  bytes: Uint8Array,
  change: (signatures: common.MetadataSignature[], metadata: common.Metadata) => common.MetadataSignature[],
): Uint8Array {
  const whole = parseBlock(bytes);
  const metadata = common.Metadata.deserializeBinary(whole.metadata[0]!);
  metadata.setSignaturesList(change(metadata.getSignaturesList(), metadata));
  return assemble({ ...whole, metadata: [metadata.serializeBinary(), ...whole.metadata.slice(1)] });
}

/** A signature that is right but for who made it. */
function signatureBy(mspId: string, bytes: Uint8Array, role: 'orderer' | 'peer' = 'orderer') {
  const holder = createOrganization(mspId).issue({ role });
  const header = new common.SignatureHeader();
  header.setCreator(holder.serialized);
  header.setNonce(new Uint8Array(24).fill(7));
  const { headerBytes, metadata } = parseBlock(bytes);
  const value = common.Metadata.deserializeBinary(metadata[0]!).getValue_asU8();
  const signature = new common.MetadataSignature();
  signature.setSignatureHeader(header.serializeBinary());
  signature.setSignature(signLedger(holder.key, concat(value, header.serializeBinary(), headerBytes)));
  return signature;
}

/** Proof of the third record, anchored with the first five leaves. */
function proofIn(anchoring: Uint8Array) {
  const hashes: Uint8Array[] = recorded.leaves.map((leaf: Leaf) => leafHash(leafBytes(leaf)));
  const read = (level: number, index: number) =>
    rootHash(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level));
  const { resource, salt } = recorded.records[2];
  return unpackedBundle({
    disclosure: discloseRecord(resource, fromHex(salt), new Set(['note'])),
    leaf: recorded.leaves[2],
    leafIndex: 2,
    inclusionProof: inclusionProof(read, 2, 5).map(hex),
    checkpoint: recorded.notes[5],
    anchor: { txId: transactionsOf(parseBlock(block(10)))[0]!.txId, blockNumber: 10 },
    block: anchoring,
    configBlocks: [block(0)],
    confirmation: { txId: transactionsOf(parseBlock(block(11)))[0]!.txId, block: block(11) },
  });
}
const policy = parseTrustPolicy({
  format: 'medseal/trust-policy/v1',
  ledger: 'fabric',
  channel: 'care',
  chaincode: { name: 'medseal', versions: ['1.0'] },
  genesisHash,
  logs: [{ organizationId: 'hospital-a', mspId: 'HospitalAMSP', verifierKeys: [recorded.vkey] }],
});

describe('blocks of a real Fabric 3.1.1 network with Raft ordering', () => {
  test('verify as successors of each other, each by the signature of one orderer', () => {
    let trust = start();
    let previous = parseBlock(block(8));
    for (const number of [9, 10, 11, 12, 13, 14]) {
      const { metadata } = parseBlock(block(number));
      expect(common.Metadata.deserializeBinary(metadata[0]!).getSignaturesList()).toHaveLength(1);
      ({ trust, block: previous } = verifyBlock(block(number), trust, { previous }));
    }

    expect(trust).toMatchObject({ configNumber: 12, sequence: 1, channelId: 'care', ledger: 'fabric' });
    expect(trust.ordering).toEqual({ kind: 'single' });
    expect([...trust.applicationMsps.keys()].sort()).toEqual([
      'HospitalAMSP',
      'HospitalBMSP',
      'HospitalDMSP',
      'RegulatorMSP',
    ]);
  });

  test('give the listener what an anchor wrote and who stands behind it', () => {
    const [anchor] = transactionsOf(parseBlock(block(10)));

    expect(anchor).toMatchObject({
      blockNumber: 10,
      validationCode: 0,
      chaincodeName: 'medseal',
      creatorMspId: 'HospitalAMSP',
    });
    expect(anchor?.endorserMspIds.length).toBeGreaterThanOrEqual(2);
    expect(anchor?.writes.map(({ key }) => key)).toEqual([
      '\u0000anchor\u0000hospital-a\u0000',
      '\u0000checkpoint\u0000hospital-a\u00000000000000000005\u0000',
    ]);
  });

  test('prove a record', () => {
    expect(verifyPacked(proofIn(block(10)), policy)).toMatchObject({
      verdict: 'valid',
      ledger: 'fabric',
    });
  });

  test('are signed under the configuration their signature names, not under another one', () => {
    const after = applyConfig(start(), block(12));

    expect(() => verifyBlock(block(14), start())).toThrowError('BLOCK_LAST_CONFIG');
    expect(() => verifyBlock(block(11), after)).toThrowError('BLOCK_LAST_CONFIG');
  });

  test('are refused with any bit flipped, except in what nobody signs', () => {
    const trust = start();
    const verify = (flipped: Uint8Array) => verifyBlock(flipped, trust);

    expect(acceptedFlips(block(10), { step: 17, verify })).toEqual([]);
  });
});

describe('a Raft block', () => {
  const genuine = block(10);
  const other = (bytes: Uint8Array) =>
    common.Metadata.deserializeBinary(parseBlock(bytes).metadata[0]!).getSignaturesList();
  const bft = fromBase64(vectors('fabric-3.1.1-bft').blocks[12]);
  const nameOf = () => {
    const [signature] = other(genuine);
    const { SignatureHeader } = common;
    const creator = SignatureHeader.deserializeBinary(signature!.getSignatureHeader_asU8()).getCreator_asU8();
    return /Orderer\dMSP/.exec(Buffer.from(creator).toString('latin1'))![0];
  };

  test.each([
    ['without its orderer’s signature', () => [], 'ORDERER_QUORUM'],
    ['with the signature of another block', () => other(block(11)), 'ORDERER_SIGNATURE'],
    ['with the signatures of a BFT block', () => other(bft), 'BLOCK_SIGNATURES_MALFORMED'],
    ['signed by a stranger', () => [signatureBy('StrangerMSP', genuine)], 'IDENTITY_UNKNOWN_MSP'],
    [
      'signed by a stranger under its orderer’s name',
      () => [signatureBy(nameOf(), genuine)],
      'IDENTITY_UNTRUSTED',
    ],
    ['signed by a member', () => [signatureBy('HospitalAMSP', genuine, 'peer')], 'IDENTITY_UNKNOWN_MSP'],
    [
      'whose signature was cut',
      ([own]: common.MetadataSignature[]) => {
        own!.setSignature(own!.getSignature_asU8().subarray(0, 40));
        return [own!];
      },
      'ORDERER_SIGNATURE',
    ],
  ])('%s is refused, and so is a proof by it', (_, change, code) => {
    const forged = signedAnew(genuine, change);

    expect(() => verifyBlock(forged, start())).toThrowError(code);
    const answer = verifyPacked(proofIn(forged), policy);
    expect(answer.verdict).toBe('tampered');
    expect(answer.checks.flatMap((check) => check.code ?? [])).toContain(code);
  });

  // Nobody signs how many signatures there are: an orderer can add some to what it hands on.
  test('with signatures that do not hold beside the genuine one is as good as without, for a proof, too', () => {
    const strangers = [
      signatureBy(nameOf(), genuine),
      signatureBy('StrangerMSP', genuine),
      ...other(bft),
      ...other(block(11)),
    ];

    for (const change of [
      (own: common.MetadataSignature[]) => [...own, ...strangers],
      (own: common.MetadataSignature[]) => [...strangers, ...own],
    ]) {
      const crowded = signedAnew(genuine, change);
      expect(verifyBlock(crowded, start()).transactions).toHaveLength(1);
      expect(verifyPacked(proofIn(crowded), policy).verdict).toBe(
        verifyPacked(proofIn(genuine), policy).verdict,
      );
    }
  });

  test('that is put together again unchanged is the one that was recorded', () => {
    expect(hex(signedAnew(genuine, (own) => own))).toBe(hex(genuine));
  });
});
