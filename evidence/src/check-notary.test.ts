import { describe, expect, test } from 'vitest';
import { bftChannel } from '../test/alliance.ts';
import { historyOf, notarize } from '../test/notary.ts';
import { createLog, makeProof, policyOf } from '../test/proof.ts';
import { verifyPacked } from '../test/unpacked.ts';
import { fromBase64, hex, sha256, utf8 } from './bytes.ts';
import { parseBlock } from './fabric-block.ts';
import { parseTrustPolicy } from './trust-policy.ts';

const channel = bftChannel();
const log = createLog();
const valid = makeProof(channel, log);
const anchored = parseBlock(fromBase64(valid.anchor.block));
// An hour of a busy channel lies between the anchor's block and the notarized one.
const height = 18_011;
const history = historyOf(height, [anchored]);
const { head } = history;
const inclusionProof = history.path(anchored.number);
const names = { channel: 'care', genesisHash: channel.genesisHash };
const { proof, trusted } = notarize(names, head);
const bundle = { ...valid, notary: { proof, inclusionProof } };
const asking = parseTrustPolicy(policyOf(channel, log, { notary: trusted }));
const unheard = parseTrustPolicy(policyOf(channel, log, { notary: { ...trusted, trustedHeaders: [] } }));
const silent = parseTrustPolicy(policyOf(channel, log));

function answer(value: object, policy = asking): string[] {
  const { verdict, checks } = verifyPacked(value, policy);
  const notary = checks.find(({ name }) => name === 'notary');
  return [verdict, `${notary?.status}${notary?.code === undefined ? '' : ` ${notary.code}`}`];
}

describe('the notary in a bundle', () => {
  test('holds for a history that ends far above the anchor’s block, or with it, in a few hashes', () => {
    const near = historyOf(anchored.number, [anchored]);
    const direct = notarize(names, near.head);
    const policy = parseTrustPolicy(policyOf(channel, log, { notary: direct.trusted }));

    expect(answer(bundle)).toEqual(['valid', 'passed']);
    expect(inclusionProof).toHaveLength(15);
    const path = near.path(anchored.number);
    expect(answer({ ...valid, notary: { proof: direct.proof, inclusionProof: path } }, policy)).toEqual([
      'valid',
      'passed',
    ]);
  });

  test('leaves the bundle valid without a notary where it is missing or its chain is not at hand', () => {
    expect(answer(valid)).toEqual(['unnotarized', 'skipped']);
    expect(answer(bundle, unheard)).toEqual(['unnotarized', 'skipped']);
    expect(verifyPacked(bundle, unheard).checks.at(-1)?.detail).toContain('0x');
  });

  test('is looked at but not asked for by a policy that names none', () => {
    expect(answer(valid, silent)).toEqual(['valid', 'skipped']);
    expect(answer(bundle, silent)).toEqual(['valid', 'skipped']);
    expect(answer({ ...valid, notary: { proof: 'an attachment', inclusionProof: [] } }, silent)).toEqual([
      'tampered',
      'failed NOTARY_UNKNOWN_FORMAT',
    ]);
  });

  test('is refused for another block, height, history, contract, chain or channel (T49)', () => {
    const elsewhere = notarize({ ...names, channel: 'other' }, head);
    // The same alliance may have rewritten the ledger below: then its history has another root.
    const rewritten = historyOf(height, [anchored, { number: 3, hash: sha256(utf8('rewritten')) }]);
    const shorter = historyOf(height - 1, [anchored]);
    const before = historyOf(anchored.number - 1, []);
    const atHead = historyOf(anchored.number, [anchored]);
    const swapped = { ...atHead.head, hash: sha256(utf8('x')) };
    const made = (value: typeof head, path: string[] = inclusionProof) => ({
      proof: notarize(names, value).proof,
      inclusionProof: path,
    });
    const cases: [object, string][] = [
      [{ proof, inclusionProof: inclusionProof.slice(1) }, 'NOTARY_HISTORY_LENGTH'],
      [{ proof, inclusionProof: [...inclusionProof, 'ab'.repeat(32)] }, 'NOTARY_HISTORY_LENGTH'],
      [{ proof, inclusionProof: [] }, 'NOTARY_HISTORY_LENGTH'],
      [{ proof, inclusionProof: [...inclusionProof].reverse() }, 'NOTARY_HISTORY_ROOT'],
      [{ proof, inclusionProof: history.path(anchored.number + 1) }, 'NOTARY_HISTORY_ROOT'],
      [made({ ...head, historyRoot: rewritten.head.historyRoot }), 'NOTARY_HISTORY_ROOT'],
      [made(shorter.head), 'NOTARY_HISTORY_ROOT'],
      // A path alone does not say how large the tree is; the height in the event does.
      [{ proof: { ...proof, height: height - 1 }, inclusionProof }, 'NOTARY_EVENT_MISMATCH'],
      [{ proof: { ...proof, height: 7 }, inclusionProof }, 'NOTARY_BLOCK'],
      [
        { proof: { ...proof, historyRoot: hex(rewritten.head.historyRoot) }, inclusionProof },
        'NOTARY_HISTORY_ROOT',
      ],
      [{ proof: { ...proof, blockHash: 'ab'.repeat(32) }, inclusionProof }, 'NOTARY_EVENT_MISMATCH'],
      [made(before.head, []), 'NOTARY_BLOCK'],
      [made(swapped, atHead.path(anchored.number)), 'NOTARY_BLOCK'],
      [{ proof: { ...proof, height: Number.MAX_SAFE_INTEGER }, inclusionProof }, 'NOTARY_BLOCK'],
      [{ proof: elsewhere.proof, inclusionProof }, 'NOTARY_CHANNEL'],
      [{ proof: { ...proof, chainId: 1 }, inclusionProof }, 'NOTARY_CHAIN'],
      [{ proof: { ...proof, contract: '11'.repeat(20) }, inclusionProof }, 'NOTARY_CONTRACT'],
      [{ proof: { ...proof, logIndex: 1 }, inclusionProof }, 'NOTARY_EVENT_ABSENT'],
      [{ proof: { ...proof, transactionIndex: 1 }, inclusionProof }, 'NOTARY_RECEIPT'],
    ];
    for (const [notary, code] of cases)
      expect(answer({ ...valid, notary })).toEqual(['tampered', `failed ${code}`]);
    const reorganised = { ...trusted, trustedHeaders: [{ number: 3, hash: 'ab'.repeat(32) }] };
    const policy = parseTrustPolicy(policyOf(channel, log, { notary: reorganised }));
    expect(answer(bundle, policy)).toEqual(['tampered', 'failed NOTARY_HEADER_UNTRUSTED']);
  });

  test('is refused when it is of another form or its path too long', () => {
    for (const notary of [
      null,
      { proof },
      { proof, dataHashes: [] },
      { proof, inclusionProof: 'ab' },
      { proof, inclusionProof: ['ab'] },
      { proof, inclusionProof: new Array(54).fill('ab'.repeat(32)) },
      { proof, inclusionProof, leafIndex: 7 },
    ])
      expect(verifyPacked({ ...valid, notary }, asking).checks).toMatchObject([{ code: 'PROOF_MALFORMED' }]);
  });
});
