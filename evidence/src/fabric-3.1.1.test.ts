import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { acceptedFlips } from '../test/flips.ts';
import { fromBase64, hex } from './bytes.ts';
import { parseBlock } from './fabric-block.ts';
import { verifyTransaction } from './fabric-endorsement.ts';
import { parseTransaction } from './fabric-transaction.ts';
import { channelTrust } from './fabric-trust.ts';
import { applyConfig, transactionsOf, verifyBlock } from './fabric-verify.ts';

const recorded: { blocks: Record<string, string> } = JSON.parse(
  readFileSync(new URL('../test/vectors/fabric-3.1.1-bft.json', import.meta.url), 'utf8'),
);
const block = (number: number): Uint8Array => fromBase64(recorded.blocks[number]!);
const genesisHash = hex(parseBlock(block(0)).hash);
const start = () => channelTrust(block(0), { genesisHash });

describe('blocks of a real Fabric 3.1.1 network with BFT ordering', () => {
  test('verify from the genesis block on, each as the successor of the one before', () => {
    let trust = start();
    let previous = parseBlock(block(0));
    for (const number of [1, 2, 3, 4]) {
      const verified = verifyBlock(block(number), trust, { previous });
      expect(verified.kind).toBe('transactions');
      previous = verified.block;
    }
    previous = parseBlock(block(11));
    for (const number of [12, 13, 14, 15, 16]) {
      const verified = verifyBlock(block(number), trust, { previous });
      ({ trust, block: previous } = verified);
    }
    expect(trust).toMatchObject({ configNumber: 14, sequence: 1, channelId: 'care', ledger: 'fabric' });
    expect(trust.ordering).toMatchObject({ kind: 'bft', quorum: 3 });
    expect([...trust.applicationMsps.keys()].sort()).toEqual([
      'HospitalAMSP',
      'HospitalBMSP',
      'RegulatorMSP',
    ]);
  });

  test('give the listener what each transaction wrote, who stands behind it and what the peer made of it', () => {
    const [won, lost] = transactionsOf(parseBlock(block(13)));

    expect(won).toMatchObject({
      blockNumber: 13,
      txIndex: 0,
      validationCode: 0,
      chaincodeName: 'medseal',
      creatorMspId: 'HospitalAMSP',
      endorserMspIds: ['HospitalAMSP', 'RegulatorMSP'],
      timestamp: '2026-11-22T19:28:51.039Z',
    });
    expect(won?.writes.map(({ namespace, key }) => [namespace, key])).toEqual([
      ['medseal', '\u0000anchor\u0000hospital-a\u0000'],
      ['medseal', '\u0000checkpoint\u0000hospital-a\u00000000000000000012\u0000'],
    ]);
    expect(lost).toMatchObject({ txIndex: 1, validationCode: 11 });
  });

  test('are signed under the configuration their signatures name, not under another one', () => {
    const trust = start();

    expect(() => verifyBlock(block(15), trust)).toThrowError('BLOCK_LAST_CONFIG');
    expect(() => verifyBlock(block(13), applyConfig(trust, block(14)))).toThrowError('BLOCK_LAST_CONFIG');
  });

  test('carry a revocation that takes effect with its configuration block', () => {
    // HospitalB's client recorded a consent in block 12 and was revoked in block 14.
    const revoked = verifyBlock(block(12), start()).transactions[0];
    expect(revoked?.creatorMspId).toBe('HospitalBMSP');

    const after = applyConfig(start(), block(14));
    expect(after.applicationMsps.get('HospitalBMSP')?.revocationLists).toHaveLength(1);
    const [consent] = parseBlock(block(12)).envelopes;
    expect(() => verifyTransaction(parseTransaction(consent!), after, {})).toThrowError('IDENTITY_REVOKED');
  });

  test('are refused with any bit flipped, except in what nobody signs', () => {
    const trust = start();
    const verify = (flipped: Uint8Array) => verifyBlock(flipped, trust);

    expect(acceptedFlips(block(12), { step: 23, verify })).toEqual([]);
  });
});
