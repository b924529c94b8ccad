import { describe, expect, test } from 'vitest';
import { bftChannel } from '../test/alliance.ts';
import { notarize } from '../test/notary.ts';
import { createLog, makeProof, policyOf } from '../test/proof.ts';
import { verifyPacked } from '../test/unpacked.ts';
import { fromBase64, fromHex, hex, sha256, utf8 } from './bytes.ts';
import { parseBlock, successorHash } from './fabric-block.ts';
import { parseTrustPolicy } from './trust-policy.ts';

const channel = bftChannel();
const log = createLog();
const valid = makeProof(channel, log);
const anchored = parseBlock(fromBase64(valid.anchor.block));
const dataHashes = ['a', 'b', 'c'].map((text) => hex(sha256(utf8(text))));
const head = dataHashes.reduce(
  (last, dataHash) => ({ number: last.number + 1, hash: successorHash(last, fromHex(dataHash)) }),
  { number: anchored.number, hash: anchored.hash },
);
const names = { channel: 'care', genesisHash: channel.genesisHash };
const { proof, trusted } = notarize(names, head);
const bundle = { ...valid, notary: { proof, dataHashes } };
const asking = parseTrustPolicy(policyOf(channel, log, { notary: trusted }));
const unheard = parseTrustPolicy(policyOf(channel, log, { notary: { ...trusted, trustedHeaders: [] } }));
const silent = parseTrustPolicy(policyOf(channel, log));

function answer(value: object, policy = asking): string[] {
  const { verdict, checks } = verifyPacked(value, policy);
  const notary = checks.find(({ name }) => name === 'notary');
  return [verdict, `${notary?.status}${notary?.code === undefined ? '' : ` ${notary.code}`}`];
}

describe('the notary in a bundle', () => {
  test('holds for the anchor’s block and for a later one that stands on it', () => {
    const direct = notarize(names, anchored);
    const policy = parseTrustPolicy(policyOf(channel, log, { notary: direct.trusted }));

    expect(answer(bundle)).toEqual(['valid', 'passed']);
    expect(answer({ ...valid, notary: { proof: direct.proof, dataHashes: [] } }, policy)).toEqual([
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
    expect(answer({ ...valid, notary: { proof: 'an attachment', dataHashes: [] } }, silent)).toEqual([
      'tampered',
      'failed NOTARY_UNKNOWN_FORMAT',
    ]);
  });

  test('is refused for another block, a broken chain of headers, another contract, chain or channel (T49)', () => {
    const other = notarize(names, { ...head, hash: sha256(utf8('forged')) });
    const elsewhere = notarize({ ...names, channel: 'other' }, head);
    const cases: [object, string][] = [
      [{ proof, dataHashes: dataHashes.slice(1) }, 'NOTARY_BLOCK'],
      [{ proof, dataHashes: [...dataHashes].reverse() }, 'NOTARY_BLOCK'],
      [{ proof: other.proof, dataHashes }, 'NOTARY_BLOCK'],
      [{ proof: elsewhere.proof, dataHashes }, 'NOTARY_CHANNEL'],
      [{ proof: { ...proof, chainId: 1 }, dataHashes }, 'NOTARY_CHAIN'],
      [{ proof: { ...proof, contract: '11'.repeat(20) }, dataHashes }, 'NOTARY_CONTRACT'],
      [{ proof: { ...proof, logIndex: 1 }, dataHashes }, 'NOTARY_EVENT_ABSENT'],
      [{ proof: { ...proof, transactionIndex: 1 }, dataHashes }, 'NOTARY_RECEIPT'],
    ];
    for (const [notary, code] of cases)
      expect(answer({ ...valid, notary })).toEqual(['tampered', `failed ${code}`]);
    const reorganised = { ...trusted, trustedHeaders: [{ number: 3, hash: 'ab'.repeat(32) }] };
    const policy = parseTrustPolicy(policyOf(channel, log, { notary: reorganised }));
    expect(answer(bundle, policy)).toEqual(['tampered', 'failed NOTARY_HEADER_UNTRUSTED']);
  });

  test('is refused when it is of another form or its chain of headers too long', () => {
    for (const notary of [
      null,
      { proof },
      { proof, dataHashes: 'ab' },
      { proof, dataHashes: ['ab'] },
      { proof, dataHashes: new Array(513).fill('ab'.repeat(32)) },
    ])
      expect(verifyPacked({ ...valid, notary }, asking).checks).toMatchObject([{ code: 'PROOF_MALFORMED' }]);
  });
});
