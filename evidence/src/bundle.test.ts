import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bftChannel, members } from '../test/alliance.ts';
import { notarize } from '../test/notary.ts';
import { createLog, makeProof, policyOf } from '../test/proof.ts';
import { realProof } from '../test/recorded.ts';
import {
  consentContent,
  consentLeaf,
  consentSalt,
  grant,
  message,
  releaseOf,
  rs256,
} from '../test/release.ts';
import { packed, verifyPacked } from '../test/unpacked.ts';
import { type EvidenceBundle, parseBundle } from './bundle.ts';
import { base64, fromBase64, fromUtf8, hex, sha256, utf8 } from './bytes.ts';
import { EvidenceError } from './errors.ts';
import { historyLeafHash } from './evm-notary-proof.ts';
import { parseBlock } from './fabric-block.ts';
import { nodeHash } from './merkle.ts';
import { parseStrictJson } from './strict-json.ts';
import { parseTrustPolicy, type TrustPolicy } from './trust-policy.ts';
import { verifyBundle } from './verify-bundle.ts';

const { proof, policy: policyText } = realProof();
const policy = parseTrustPolicy(JSON.parse(policyText));
const bundle = packed(proof) as EvidenceBundle;
const file = utf8(JSON.stringify(bundle));

/** As the command line does it: what cannot be read is not judged. */
function verdictOn(bytes: Uint8Array): string {
  try {
    return verifyBundle(parseStrictJson(fromUtf8(bytes)), policy).verdict;
  } catch (error) {
    if (error instanceof EvidenceError) return error.code;
    throw error;
  }
}

describe('bundles of any content and shape', () => {
  test('are accepted when they are valid: none is refused', () => {
    const channel = bftChannel();
    const log = createLog();
    const policies = [{}, { genesisBlock: base64(channel.genesis) }].map((more) =>
      parseTrustPolicy(policyOf(channel, log, more)),
    );
    const peers = members.map(({ peer }) => peer);
    const some = fc.subarray(peers, { minLength: 2 });
    fc.assert(
      fc.property(
        fc.nat(12),
        fc.subarray(['status', 'note', 'valueQuantity', 'id']),
        fc.tuple(some, some, fc.boolean()),
        fc.nat(1),
        (leafIndex, withheld, [endorsers, readers, writes], which) => {
          const made = makeProof(channel, log, {
            leafIndex,
            withheld,
            transaction: { endorsers },
            confirmation: { endorsers: readers, ...(writes ? {} : { writes: [] }) },
          });
          const carried = which === 1 && leafIndex % 2 === 0 ? { ...made, configBlocks: [] } : made;
          const policy = policies[which] as TrustPolicy;

          expect(verifyPacked(carried, policy).verdict).toBe('valid');
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

describe('a bundle from a real network with BFT ordering', () => {
  test('holds the genesis block, a later configuration, anchor and confirmation in at most 64 KiB', () => {
    expect(verdictOn(file)).toBe('valid');
    expect(parseBundle(bundle).configBlocks).toHaveLength(2);
    expect(file.length).toBeLessThanOrEqual(64 * 1024);
  });

  // Of blocks as full as the channel lets them be (docs/fabric.md): 28 transactions more than in these two.
  const fullBlocks = 4_300;
  // A block of a public chain is larger than the one here: a trie of depth 4 and a header of all fields.
  const publicChain = 4 * 4 * Math.ceil(532 / 3) + 4 * Math.ceil(700 / 3);

  test.each([
    { records: 256, witnesses: 5, pathLength: 32, more: fullBlocks },
    { records: 100, witnesses: 15, pathLength: 32, more: fullBlocks + publicChain },
  ])(
    'has room for a release of $records records, cosignatures, a consent and a notary',
    ({ records, witnesses, pathLength, more }) => {
      const { leaf, checkpoint, configBlocks } = proof;
      const block = parseBlock(fromBase64(proof.anchor.block));
      const path = Array.from({ length: pathLength }, (_, at) => sha256(utf8(`subtree ${at}`)));
      // RFC 9162 §2.1.3.2 for a leaf far from the right edge: each bit of its index says on which side it lies.
      const historyRoot = path.reduce(
        (hash, sibling, level) =>
          Math.floor(block.number / 2 ** level) % 2 === 1 ? nodeHash(sibling, hash) : nodeHash(hash, sibling),
        historyLeafHash(block.hash),
      );
      const names = { channel: policy.channel, genesisHash: policy.genesisHash };
      const head = { number: 2 ** pathLength - 2, hash: sha256(utf8('head')), historyRoot };
      const notarized = notarize(names, head);
      const trusted = JSON.parse(policyText);
      const asking = parseTrustPolicy({
        ...trusted,
        notary: notarized.trusted,
        logs: [{ ...trusted.logs[0], messageKey: hex(message.publicKey) }],
      });
      const content = consentContent(grant, { passkey: rs256() });
      const consent = {
        ...{ content, salt: hex(consentSalt), leaf: consentLeaf(content), leafIndex: 1 },
        inclusionProof: path.map(hex),
      };
      const others = Array.from({ length: records - 1 }, (_, at) => hex(sha256(utf8(`record ${at}`))));
      const full = packed({
        ...proof,
        configBlocks,
        checkpoint: `${checkpoint}${`— medseal.org/witness/hospital-x ${'A'.repeat(104)}\n`.repeat(witnesses)}`,
        release: releaseOf(leaf, { receipt: { records: [...others, leaf.digest] } }),
        notary: { proof: notarized.proof, inclusionProof: path.map(hex) },
      });

      expect(verifyBundle(full, asking).verdict).toBe('valid');
      expect(JSON.stringify({ ...(full as object), consent }).length + more).toBeLessThanOrEqual(64 * 1024);
    },
  );

  test('is never accepted with any one byte changed', () => {
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const copy = file.slice();
        copy[at] = (copy[at] ?? 0) ^ change;

        expect(verdictOn(copy)).not.toBe('valid');
      }),
      { numRuns: 400 },
    );
  });

  test('is never accepted cut short, cut out of the middle or with anything after its end but white space', () => {
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.integer({ min: 1, max: 2_000 }), (at, length) => {
        expect(verdictOn(file.subarray(0, at))).not.toBe('valid');
        const cut = Uint8Array.from([...file.subarray(0, at), ...file.subarray(at + length)]);
        expect(verdictOn(cut)).not.toBe('valid');
      }),
      { numRuns: 100 },
    );
    expect(verdictOn(utf8(`${fromUtf8(file)}x`))).toBe('JSON_INVALID');
  });
});
