import { createPublicKey, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { bftChannel } from '../test/alliance.ts';
import { fixedEd25519 } from '../test/organizations.ts';
import { createLog, makeProof, policyOf } from '../test/proof.ts';
import { verifyPacked } from '../test/unpacked.ts';
import { parseVerifierKey, splitNote } from './checkpoint.ts';
import { cosign, cosigner, cosignerKey, witnessName } from './cosignature.ts';
import { parseTrustPolicy } from './trust-policy.ts';
import { judgeWitnesses, parseWitnessPolicy } from './witness-policy.ts';

const witness = (organizationId: string, seed: number) => {
  const { privateKey } = fixedEd25519(new Uint8Array(32).fill(seed));
  const raw = new Uint8Array(
    createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32),
  );
  const name = witnessName(organizationId);
  const signer = cosigner(name, raw, (bytes) => new Uint8Array(sign(null, bytes, privateKey)));
  return {
    name,
    raw,
    key: cosignerKey(name, raw),
    line: (text: string, time = 1_790_000_000) => cosign(text, time, signer),
  };
};
const [b, bRenewed, c, d] = [
  witness('hospital-b', 1),
  witness('hospital-b', 2),
  witness('hospital-c', 3),
  witness('d', 4),
];

const channel = bftChannel();
const log = createLog();
const proof = makeProof(channel, log);
const { text } = splitNote(proof.checkpoint);
const keys = { quorum: 2, verifierKeys: [b.key, bRenewed.key, c.key] };
const judged = (lines: string[], policy: object = keys) =>
  judgeWitnesses(proof.checkpoint + lines.join(''), parseWitnessPolicy(policy), [parseVerifierKey(log.vkey)]);

/** The outcome of the check in a whole bundle. */
function checked(lines: string[], witnesses: object | undefined = keys) {
  const policy = parseTrustPolicy(policyOf(channel, log, witnesses === undefined ? {} : { witnesses }));
  const { verdict, checks } = verifyPacked(
    { ...proof, checkpoint: proof.checkpoint + lines.join('') },
    policy,
  );
  const check = checks.find(({ name }) => name === 'witnesses');
  return { verdict, status: check?.status, code: check?.code, detail: check?.detail };
}

describe('a witness policy', () => {
  test.each([
    [{ quorum: 0, verifierKeys: [b.key] }],
    [{ quorum: 2, verifierKeys: [b.key, bRenewed.key] }],
    [{ quorum: 1.5, verifierKeys: [b.key, c.key] }],
    [{ quorum: 1, verifierKeys: [] }],
    [{ quorum: 1, verifierKeys: [b.key], logs: [] }],
    [{ quorum: 1, verifierKeys: b.key }],
    [{ quorum: 1, verifierKeys: [7] }],
    [[]],
  ])('that the witnesses cannot meet or that is misspelt is refused (%#)', (policy) => {
    expect(() => parseWitnessPolicy(policy)).toThrowError('POLICY_INVALID');
  });

  test('takes no key of a log for that of a witness', () => {
    expect(() => parseWitnessPolicy({ quorum: 1, verifierKeys: [log.vkey] })).toThrowError(
      'VERIFIER_KEY_INVALID',
    );
  });

  test('counts witnesses, not keys, and takes the earliest word of each', () => {
    const both = judged([b.line(text, 200), bRenewed.line(text, 100)]);

    expect(both).toMatchObject({ quorumMet: false, cosignatures: [{ name: b.name, time: 100 }] });
    expect(judged([b.line(text), c.line(text)]).quorumMet).toBe(true);
    expect(judged([b.line(text), d.line(text)]).quorumMet).toBe(false);
  });

  test('never counts the log as its own witness', () => {
    const { publicKey } = parseVerifierKey(log.vkey);
    const own = cosigner(witnessName('hospital-z'), publicKey, log.signer.sign);
    const policy = { quorum: 1, verifierKeys: [cosignerKey(own.name, publicKey), b.key] };

    expect(judged([cosign(text, 100, own)], policy)).toMatchObject({ quorumMet: false, cosignatures: [] });
  });
});

describe('the witnesses of a bundle', () => {
  test('pass when the quorum cosigned, and are named with their times', () => {
    const result = checked([b.line(text), c.line(text)]);

    expect(result).toMatchObject({ verdict: 'valid', status: 'passed' });
    expect(result.detail).toBe(
      'medseal.org/witness/hospital-b 2026-09-21T14:13:20.000Z, medseal.org/witness/hospital-c 2026-09-21T14:13:20.000Z',
    );
  });

  test('are not asked for by a policy that names none, whatever the note carries', () => {
    const policy = parseTrustPolicy(policyOf(channel, log));
    const cosigned = { ...proof, checkpoint: proof.checkpoint + b.line('nonsense\n') };

    expect(verifyPacked(cosigned, policy).verdict).toBe('valid');
  });

  test('leave the proof undecided when too few cosigned', () => {
    expect(checked([b.line(text)])).toMatchObject({
      verdict: 'undecided',
      status: 'skipped',
      detail: '1 / 2',
    });
    expect(checked([d.line(text), b.line(text)])).toMatchObject({ verdict: 'undecided', detail: '1 / 2' });
  });

  test('fail on a cosignature under a named key that is not of this checkpoint', () => {
    const older = splitNote(log.checkpoint(12)).text;

    expect(checked([b.line(text), c.line(older)])).toMatchObject({
      verdict: 'tampered',
      status: 'failed',
      code: 'COSIGNATURE_INVALID',
    });
  });
});
