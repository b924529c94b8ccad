import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { historyOf } from '../test/notary.ts';
import { readRecording, recordedBlocks } from '../test/recorded.ts';
import { base64, fromBase64, fromHex, hex } from './bytes.ts';
import { notaryChannelId, parseNotaryTrust } from './evm-notary-proof.ts';
import { type HistoryBlock, type NotaryPolicy, verifyNotaryProof } from './evm-verify.ts';

type Proof = Record<string, unknown> & { header: string; receiptProof: string[] };
type Vectors = {
  channel: string;
  genesisHash: string;
  height: number;
  blockHash: string;
  historyRoot: string;
  chainId: number;
  contract: string;
  trustedHeader: { number: number; hash: string };
  proofs: Record<
    'valid' | 'otherChannel' | 'otherContract' | 'reorganised' | 'equivocation' | 'reverted',
    Proof
  >;
};

// From a hardhat node (chain 31337): one block, and the same transactions in the block that replaced another.
const vectors = JSON.parse(
  readFileSync(new URL('../test/vectors/notary.json', import.meta.url), 'utf8'),
) as Vectors;
const { valid, ...others } = vectors.proofs;
const trust = parseNotaryTrust({
  chainId: vectors.chainId,
  contract: vectors.contract,
  trustedHeaders: [vectors.trustedHeader],
});
// The channel whose blocks solo.json holds.
const blocks = recordedBlocks(readRecording('solo'));
const history = historyOf(vectors.height, blocks);
/** A block of the history that was notarized, with its path. */
function blockAt(number: number): HistoryBlock {
  const { hash } = blocks[number] ?? { hash: fromHex('') };
  return { number, hash, inclusionProof: history.path(number).map(fromHex) };
}
const policy: NotaryPolicy = {
  ...trust,
  channel: vectors.channel,
  genesisHash: vectors.genesisHash,
  block: blockAt(3),
};
const withoutHeaders: NotaryPolicy = { ...policy, headers: new Map() };

function failures(proof: unknown, by: NotaryPolicy = policy): string[] {
  const { verdict, checks } = verifyNotaryProof(proof, by);
  expect(verdict).toBe('tampered');
  return checks.filter(({ status }) => status === 'failed').map(({ code }) => String(code));
}

function flipped(text: string, at: number): string {
  const bytes = Uint8Array.from(fromBase64(text));
  const place = at % bytes.length;
  bytes[place] = (bytes[place] ?? 0) ^ 1;
  return base64(bytes);
}

describe('notary proof of a real chain', () => {
  it('holds without network against a trusted header, and says when the block existed', () => {
    const { verdict, checks, record } = verifyNotaryProof(valid, policy);

    expect(verdict).toBe('valid');
    expect(checks.map(({ name, status }) => [name, status])).toEqual([
      ['notary-format', 'passed'],
      ['notary-channel', 'passed'],
      ['notary-block', 'passed'],
      ['notary-contract', 'passed'],
      ['notary-receipt', 'passed'],
      ['notary-event', 'passed'],
      ['notary-header', 'passed'],
    ]);
    expect(record).toMatchObject({
      height: 11,
      blockHash: hex(blocks[11]?.hash ?? fromHex('')),
      historyRoot: vectors.historyRoot,
      evmBlockNumber: vectors.trustedHeader.number,
      evmBlockHash: vectors.trustedHeader.hash,
      at: expect.stringMatching(/^20\d\d-/),
    });
  });

  it('is an online check only where the verifier has no trusted header, in Chinese and English', () => {
    const { verdict, checks } = verifyNotaryProof(valid, withoutHeaders);

    expect(verdict).toBe('online');
    expect(checks.at(-1)).toMatchObject({
      name: 'notary-header',
      status: 'skipped',
      zh: expect.stringContaining('只能联网核对'),
      en: expect.stringContaining('online check only'),
      detail: expect.stringContaining(vectors.trustedHeader.hash),
    });
  });

  it('holds for every block of the history, the first and the notarized one included', () => {
    for (const number of blocks.keys())
      expect(verifyNotaryProof(valid, { ...policy, block: blockAt(number) }).verdict).toBe('valid');
  });

  it('stands alone without a block to compare with', () => {
    const { block: _, ...alone } = policy;

    expect(verifyNotaryProof(valid, alone).verdict).toBe('valid');
  });
});

describe('a notary proof is refused', () => {
  it('of another contract that recorded the same', () => {
    expect(failures(others.otherContract)).toEqual(['NOTARY_CONTRACT']);
    expect(failures({ ...others.otherContract, contract: vectors.contract })).toEqual([
      'NOTARY_EVENT_CONTRACT',
    ]);
  });

  it('of another chain', () => {
    expect(failures({ ...valid, chainId: 1 })).toEqual(['NOTARY_CHAIN']);
    expect(failures(valid, { ...policy, chainId: 1 })).toEqual(['NOTARY_CHAIN']);
  });

  it('of another channel', () => {
    expect(failures(others.otherChannel)).toEqual(['NOTARY_CHANNEL']);
    const { channelId } = valid;
    expect(failures({ ...others.otherChannel, channelId })).toEqual(['NOTARY_EVENT_MISMATCH']);
    expect(failures(valid, { ...policy, genesisHash: 'cd'.repeat(32) })).toEqual(['NOTARY_CHANNEL']);
  });

  it('of another block than the one shown', () => {
    const hash = fromHex('00'.repeat(32));
    const by = (change: object, number = 3) =>
      failures(valid, { ...policy, block: { ...blockAt(number), ...change } });
    expect(by({ hash }, 11)).toEqual(['NOTARY_BLOCK']);
    expect(by({ number: 12 }, 11)).toEqual(['NOTARY_BLOCK']);
    expect(by({ hash })).toEqual(['NOTARY_HISTORY_ROOT']);
    expect(by({ number: 2 })).toEqual(['NOTARY_HISTORY_ROOT']);
    expect(by({ inclusionProof: [] })).toEqual(['NOTARY_HISTORY_LENGTH']);
    expect(failures({ ...valid, height: 16 })).toEqual(['NOTARY_HISTORY_LENGTH', 'NOTARY_EVENT_MISMATCH']);
    expect(failures({ ...valid, height: 2 })).toEqual(['NOTARY_BLOCK', 'NOTARY_EVENT_MISMATCH']);
    expect(failures({ ...valid, blockHash: '00'.repeat(32) })).toEqual(['NOTARY_EVENT_MISMATCH']);
    expect(failures({ ...valid, historyRoot: '00'.repeat(32) })).toEqual([
      'NOTARY_HISTORY_ROOT',
      'NOTARY_EVENT_MISMATCH',
    ]);
  });

  it('of a block that a reorganisation took away', () => {
    expect(failures(others.reorganised)).toEqual(['NOTARY_HEADER_UNTRUSTED']);
  });

  it('of a call that failed, and of a refused contradiction', () => {
    expect(failures(others.reverted)).toEqual(['NOTARY_RECEIPT_FAILED']);
    expect(failures(others.equivocation)).toEqual(['NOTARY_EVENT_ABSENT']);
  });

  it('with another place in the block or the receipt', () => {
    expect(failures({ ...valid, transactionIndex: 1 })).toEqual(['NOTARY_RECEIPT']);
    expect(failures({ ...valid, logIndex: 0 })).toEqual(['NOTARY_EVENT_ABSENT']);
    expect(failures({ ...valid, logIndex: 9 })).toEqual(['NOTARY_EVENT_ABSENT']);
  });

  it('with an altered receipt, a node too many or too few', () => {
    const { receiptProof } = valid;
    const last = receiptProof.at(-1) ?? '';
    expect(failures({ ...valid, receiptProof: [...receiptProof.slice(0, -1), flipped(last, 300)] })).toEqual([
      'NOTARY_RECEIPT',
    ]);
    expect(failures({ ...valid, receiptProof: [...receiptProof, last] })).toEqual(['NOTARY_RECEIPT']);
    expect(failures({ ...valid, receiptProof: receiptProof.slice(0, -1) })).toEqual(['NOTARY_RECEIPT']);
    expect(failures({ ...valid, receiptProof: [last] })).toEqual(['NOTARY_RECEIPT']);
  });

  it('with any byte of the header flipped', () => {
    fc.assert(
      fc.property(fc.nat(), (at) => {
        const { verdict } = verifyNotaryProof({ ...valid, header: flipped(valid.header, at) }, policy);
        // A flipped block number is a number that no trusted header is known for: only an online check could tell.
        return verdict === 'tampered' || verdict === 'online';
      }),
      { numRuns: 800 },
    );
  });

  it('with any byte of the path flipped, also without a trusted header', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (node, at) => {
        const place = node % valid.receiptProof.length;
        const receiptProof = valid.receiptProof.map((text, i) => (i === place ? flipped(text, at) : text));
        return verifyNotaryProof({ ...valid, receiptProof }, withoutHeaders).verdict === 'tampered';
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['a member beside', { ...valid, note: 'x' }],
    ['a member missing', { ...valid, header: undefined }],
    ['upper case hex', { ...valid, contract: vectors.contract.toUpperCase() }],
    ['a negative place', { ...valid, logIndex: -1 }],
    ['a fraction', { ...valid, height: 7.5 }],
    ['no path', { ...valid, receiptProof: [] }],
    ['a path without end', { ...valid, receiptProof: Array(1000).fill(valid.receiptProof[0]) }],
    ['a header too long', { ...valid, header: base64(new Uint8Array(5000)) }],
    ['not base64', { ...valid, header: '%%%' }],
  ])('with a form of its own: %s', (_, proof) => {
    expect(failures(proof)).toEqual(['NOTARY_MALFORMED']);
  });

  it('as undecided where the format is unknown', () => {
    for (const value of [undefined, null, [], 'x', {}, { ...valid, format: 'medseal/notary-proof/v2' }]) {
      expect(verifyNotaryProof(value, policy).verdict).toBe('undecided');
    }
  });

  it('never with an exception, whatever JSON it is', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(valid)), fc.jsonValue(), (name, value) => {
        const { verdict } = verifyNotaryProof({ ...valid, [name]: value }, policy);
        return verdict !== 'valid' || JSON.stringify(value) === JSON.stringify(valid[name]);
      }),
    );
  });
});

describe('notary trust', () => {
  it.each([
    ['nothing', undefined],
    ['a member beside', { chainId: 1, contract: vectors.contract, trustedHeaders: [], x: 1 }],
    ['a contract with 0x', { chainId: 1, contract: `0x${vectors.contract}`, trustedHeaders: [] }],
    [
      'a header twice',
      {
        chainId: 1,
        contract: vectors.contract,
        trustedHeaders: [vectors.trustedHeader, vectors.trustedHeader],
      },
    ],
  ])('refuses %s', (_, value) => {
    expect(() => parseNotaryTrust(value)).toThrow('POLICY_INVALID');
  });

  it('names a channel as the page of the format states', () => {
    const page = readFileSync(new URL('../../docs/formats/notary-proof.md', import.meta.url), 'utf8');

    expect(page).toContain(hex(notaryChannelId('care', 'ab'.repeat(32))));
  });

  it('names a channel by its genesis block, too', () => {
    expect(notaryChannelId('care', '00'.repeat(32))).not.toEqual(notaryChannelId('care', '01'.repeat(32)));
  });
});
