import { describe, expect, test } from 'vitest';
import { bftChannel, hospitalA, members } from '../test/alliance.ts';
import { configEnvelope } from '../test/configuration.ts';
import { assemble, blockOf, endorserTransaction } from '../test/ledger.ts';
import { serializedAs } from '../test/organizations.ts';
import { anchorWrites, createLog, makeProof, policyOf } from '../test/proof.ts';
import { type UnpackedBundle, verifyPacked } from '../test/unpacked.ts';
import { anchorKey } from './anchored-write.ts';
import { base64, concat, fromBase64, hex, utf8 } from './bytes.ts';
import { parseBlock } from './fabric-block.ts';
import { parseTrustPolicy } from './trust-policy.ts';

const channel = bftChannel();
const log = createLog();
const policy = parseTrustPolicy(policyOf(channel, log));
const valid = makeProof(channel, log);
const anchorBlock = parseBlock(fromBase64(valid.anchor.block));
const garbage = Uint8Array.from([0x0a, 3, 1, 2, 3, 0x12, 1, 9]);

/** The verdict, then each failed check. */
function answer(proof: unknown, trusted = policy): string[] {
  const { verdict, checks } = verifyPacked(proof, trusted);
  return [verdict, ...checks.flatMap(({ name, code }) => (code === undefined ? [] : [`${name}: ${code}`]))];
}

function withBlock(block: Uint8Array): UnpackedBundle {
  return { ...valid, anchor: { ...valid.anchor, block: base64(block) } };
}

describe('what a proof carries', () => {
  test('is checked even where the policy holds the genesis block itself', () => {
    const holding = parseTrustPolicy(policyOf(channel, log, { genesisBlock: base64(channel.genesis) }));
    const other = bftChannel({ channelId: 'other' });
    const carrying = (block: Uint8Array) => ({ ...valid, configBlocks: [base64(block)] });

    expect(answer(valid, holding)).toEqual(['valid']);
    expect(answer(carrying(utf8('an attachment')), holding)).toEqual([
      'tampered',
      'channel: BLOCK_MALFORMED',
    ]);
    expect(answer(carrying(other.genesis), holding)).toEqual(['tampered', 'channel: GENESIS_HASH']);
  });

  test('leaves no room for attachments in the metadata that nobody signs', () => {
    const more = [...anchorBlock.metadata, utf8(''), utf8(''), utf8('an attachment')];

    expect(answer(withBlock(assemble({ ...anchorBlock, metadata: more })))).toEqual([
      'tampered',
      'block: BLOCK_MALFORMED',
    ]);
  });

  test('is refused when a hash of its path is no hash', () => {
    const [, ...rest] = valid.inclusionProof;

    expect(answer({ ...valid, inclusionProof: ['ab', ...rest] })).toEqual([
      'tampered',
      'format: PROOF_MALFORMED',
    ]);
  });
});

describe('other members’ transactions in the block', () => {
  const [, anchor] = anchorBlock.envelopes as [Uint8Array, Uint8Array];

  test('cannot spoil a proof by being malformed', () => {
    const block = blockOf({ number: 7, envelopes: [garbage, anchor], signer: channel.signer });

    expect(answer(withBlock(block))).toEqual(['valid']);
  });

  test('cannot spoil a proof by bearing the id of the anchor', () => {
    const txId = valid.anchor.txId;
    const copy = endorserTransaction({ creator: members[1]!.client, endorsers: [], bend: { txId } });
    const block = blockOf({ number: 7, envelopes: [copy.envelope, anchor], signer: channel.signer });

    expect(answer(withBlock(block))).toEqual(['valid']);
  });

  test('do not hide that the anchor is missing or itself malformed', () => {
    const block = blockOf({ number: 7, envelopes: [garbage], signer: channel.signer });

    expect(answer(withBlock(block))).toEqual(['tampered', 'transaction: TX_MALFORMED']);
  });
});

describe('a transaction', () => {
  const codes = (transaction: Parameters<typeof makeProof>[2] extends infer Options ? Options : never) =>
    answer(makeProof(channel, log, transaction));

  test('that names a time outside the calendar is refused, not shown', () => {
    for (const at of ['1969-12-31T23:59:59Z', '+010000-01-01T00:00:00Z', '+200000-01-01T00:00:00Z'])
      expect(codes({ transaction: { at } })).toContain('transaction: TX_MALFORMED');
  });

  test('that writes the checkpoint twice wrote none', () => {
    const writes = [...anchorWrites(log), ...anchorWrites(log, 13, log.root(12))];

    expect(codes({ transaction: { writes } })).toEqual([
      'tampered',
      'anchored-checkpoint: ANCHOR_WRITE_ABSENT',
    ]);
  });

  test('by a creator whose certificate is no text is refused as any other that is none', () => {
    const serialized = concat(serializedAs('HospitalAMSP', ''), Uint8Array.of(0x12, 2, 0xff, 0xfe));

    expect(codes({ transaction: { creator: { ...hospitalA.client, serialized } } })).toContain(
      'submitter: CERTIFICATE_MALFORMED',
    );
  });

  test('confirms nothing unless its client signed it and it read the anchor once', () => {
    const key = anchorKey('hospital-a');

    expect(codes({ confirmation: { bend: { signature: Uint8Array.of(1) } } })).toEqual([
      'tampered',
      'confirmation: TX_CREATOR_SIGNATURE',
    ]);
    expect(
      codes({
        confirmation: {
          reads: [
            [key, 7, 1],
            [key, 6, 1],
          ],
        },
      }),
    ).toEqual(['tampered', 'confirmation: CONFIRMATION_VERSION']);
  });
});

describe('a configuration', () => {
  test('is read as Fabric reads it, in whatever spelling its members wrote it', () => {
    const [envelope] = parseBlock(channel.genesis).envelopes as [Uint8Array];
    const respelled = configEnvelope({ ...channel.config, suffix: Uint8Array.of(0x98, 0x06, 1) });
    const genesisOf = (content: Uint8Array) =>
      blockOf({ number: 0, envelopes: [content], signer: channel.signer });
    const verdict = (content: Uint8Array) => {
      const genesis = genesisOf(content);
      const pinned = policyOf(channel, log, { genesisHash: hex(parseBlock(genesis).hash) });
      return answer({ ...valid, configBlocks: [base64(genesis)] }, parseTrustPolicy(pinned));
    };

    expect(verdict(envelope)).toEqual(['valid']);
    expect(verdict(respelled)).toEqual(['valid']);
    const cut = configEnvelope({ ...channel.config, suffix: Uint8Array.of(0x98, 0x06) });
    expect(verdict(cut)).toEqual(['tampered', 'channel: CONFIG_MALFORMED']);
  });

  test('that does not verify leaves the independence of the signers open', () => {
    const stranger = { ...valid, configBlocks: [base64(bftChannel({ channelId: 'other' }).genesis)] };
    const { checks } = verifyPacked(stranger, policy);

    expect(checks.find(({ name }) => name === 'independence')?.status).toBe('skipped');
  });
});
