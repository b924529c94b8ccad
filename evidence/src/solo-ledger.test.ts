import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { unpackedBundle, verifyPacked } from '../test/unpacked.ts';
import { fromBase64, fromHex, hex } from './bytes.ts';
import { parseBlock } from './fabric-block.ts';
import { channelTrust } from './fabric-trust.ts';
import { transactionsOf, verifyBlock } from './fabric-verify.ts';
import { type Leaf, leafBytes, leafHash } from './leaf.ts';
import { inclusionProof, rootHash } from './merkle.ts';
import { discloseRecord } from './record-commitment.ts';
import { parseTrustPolicy } from './trust-policy.ts';

const recorded = JSON.parse(readFileSync(new URL('../test/vectors/solo.json', import.meta.url), 'utf8'));
const block = (number: number): Uint8Array => fromBase64(recorded.blocks[number]);
const genesisHash = hex(parseBlock(block(0)).hash);

function proofAt({
  treeSize,
  number,
  txIndex,
  confirmation,
}: Record<'treeSize' | 'number' | 'txIndex', number> & { confirmation?: number }) {
  const hashes: Uint8Array[] = recorded.leaves.map((leaf: Leaf) => leafHash(leafBytes(leaf)));
  const read = (level: number, index: number) =>
    rootHash(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level));
  const txIdOf = (at: number, index = 0) => transactionsOf(parseBlock(block(at)))[index]!.txId;
  const { resource, salt } = recorded.records[7];
  return unpackedBundle({
    disclosure: discloseRecord(resource, fromHex(salt), new Set(['note'])),
    leaf: recorded.leaves[7],
    leafIndex: 7,
    inclusionProof: inclusionProof(read, 7, treeSize).map(hex),
    checkpoint: recorded.notes[treeSize],
    anchor: { txId: txIdOf(number, txIndex), blockNumber: number },
    block: block(number),
    configBlocks: [block(0)],
    ...(confirmation === undefined
      ? {}
      : { confirmation: { txId: txIdOf(confirmation), block: block(confirmation) } }),
  });
}

function policy(ledger: 'fabric' | 'solo') {
  return parseTrustPolicy({
    format: 'medseal/trust-policy/v1',
    ledger,
    channel: 'care',
    chaincode: { name: 'medseal', versions: ['1.0'] },
    genesisHash,
    logs: [{ organizationId: 'hospital-a', mspId: 'HospitalAMSP', verifierKeys: [recorded.vkey] }],
  });
}

describe('blocks of the embedded ledger', () => {
  test('verify like those of a real network, and say what they are', () => {
    let trust = channelTrust(block(0), { genesisHash });
    let previous = parseBlock(block(0));
    expect(trust).toMatchObject({ channelId: 'care', ledger: 'solo', ordering: { kind: 'single' } });
    for (let number = 1; number < Object.keys(recorded.blocks).length; number += 1) {
      const verified = verifyBlock(block(number), trust, { previous });
      ({ trust, block: previous } = verified);
    }
    expect(previous.number).toBe(11);
    expect(transactionsOf(parseBlock(block(9))).map(({ validationCode }) => validationCode)).toEqual([0, 11]);
  });

  test('prove a record to who knows that all keys lie on one machine, and to nobody else', () => {
    const proof = proofAt({ treeSize: 11, number: 9, txIndex: 0 });

    const answer = verifyPacked(proof, policy('solo'));
    expect([answer.verdict, answer.ledger]).toEqual(['valid', 'solo']);
    expect(answer.sentence.en).toContain('binds nobody');
    const real = verifyPacked(proof, policy('fabric'));
    expect(real.verdict).toBe('tampered');
    expect(real.checks.find(({ name }) => name === 'independence')?.code).toBe('LEDGER_KIND');
  });

  test('confirm the anchor that won a race by the next one, and not the one that lost', () => {
    const won = proofAt({ treeSize: 11, number: 9, txIndex: 0, confirmation: 10 });
    const lost = proofAt({ treeSize: 12, number: 9, txIndex: 1, confirmation: 10 });

    const passed = verifyPacked(won, policy('solo')).checks.filter(({ status }) => status === 'passed');
    expect(passed.map(({ name }) => name)).toContain('confirmation');
    const failed = verifyPacked(lost, policy('solo')).checks.filter(({ status }) => status === 'failed');
    expect(failed.map(({ code }) => code)).toEqual(['ANCHOR_TX_INVALID', 'CONFIRMATION_VERSION']);
  });
});
