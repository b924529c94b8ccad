import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { bundle, bundleText, certificate, notarized, soloVerdict } from './test/certificates.ts';

const factOf = (label: string, from = certificate()) =>
  from.facts.find(({ label: { en } }) => en === label)?.value;

describe('a certificate of evidence', () => {
  it('names the bundle by the digest of its bytes, for the eye and for a camera', () => {
    const digest = createHash('sha256').update(bundleText).digest('hex');

    expect(certificate().qrText).toBe(`medseal:bundle:sha256:${digest}`);
    expect(factOf('SHA-256 of the bundle')?.replaceAll(' ', '')).toBe(digest);
    expect(factOf('SHA-256 of the bundle')).toMatch(/^(?:[0-9a-f]{8} ){7}[0-9a-f]{8}$/);
  });

  it('says where the record stands in the log and on the ledger', () => {
    const { leaf, anchor } = bundle;

    expect(factOf('Kind of record, version')).toBe('Observation · 3');
    expect(factOf('Time of the record')).toBe(leaf.at);
    expect(factOf('Digest of the leaf')?.replaceAll(' ', '')).toBe(leaf.digest);
    expect(factOf('Log, leaf index / tree size')).toBe('medseal.org/log/hospital-a · 5 / 13');
    expect(factOf('Ledger, channel')).toBe('fabric · care');
    expect(factOf('Transaction')?.replaceAll(' ', '')).toBe(anchor.txId);
    expect(factOf('Block number, hash')).toMatch(/^#7 {2}(?:[0-9a-f]{8} ){7}[0-9a-f]{8}$/);
    expect(factOf('Notarized block hash')).toBeUndefined();
  });

  it('has the four parts that a court asks for, with every check of the verifier in one of them', () => {
    const { parts, verdict } = certificate();

    expect(parts.map(({ heading }) => heading.zh)).toEqual(['谁', '上链前', '上链后一致性', '平台中立性']);
    expect(parts.flatMap(({ checks }) => checks)).toHaveLength(20);
    expect(parts.flatMap(({ checks }) => checks.filter(({ mark }) => mark === '✗'))).toEqual([]);
    expect(parts[3]?.checks.map(({ mark }) => mark)).toEqual(['✓', '○', '○']);
    expect(parts[2]?.checks.map(({ detail }) => detail)).toContain(
      'HospitalAMSP, HospitalBMSP, RegulatorMSP',
    );
    expect(verdict).toEqual({ zh: '有效', en: 'VALID' });
  });

  it('says what it does not prove, and how to check it', () => {
    const { limits, howToCheck } = certificate();

    expect(limits.texts).toContainEqual({ zh: '内容本身真实', en: 'that the content is true' });
    expect(howToCheck.text.zh).toContain('medseal-verify bundle.json --policy trust.json');
    expect(howToCheck.text.en).toContain('medseal-verify bundle.json --policy trust.json');
  });

  it('names the record of the notary where there is one', () => {
    const notarizedOne = certificate({ bundle: notarized() });

    expect(factOf('Contract of the notary', notarizedOne)).toBe(`chain 31337 · 0x${'33'.repeat(20)} · #9`);
    expect(factOf('Notarized block hash', notarizedOne)).toContain('22222222 22222222');
  });

  it('warns loudly, and only then, where all keys lie on one machine', () => {
    expect(certificate().warning).toBeUndefined();
    expect(certificate({ verdict: soloVerdict() }).warning).toEqual({
      zh: expect.stringContaining('全部密钥在同一台机器上'),
      en: expect.stringContaining('all keys lie on one machine'),
    });
  });

  it('holds nothing that the record says, nor its id', () => {
    const text = JSON.stringify(certificate());

    expect(bundleText).toContain('服药后复测');
    for (const canary of ['服药后复测', 'mmHg', '123.5', 'final', 'observation-5'])
      expect(text).not.toContain(canary);
  });

  it('is the same for the same parts', () => {
    expect(certificate()).toEqual(certificate());
  });

  it('cuts what a large alliance would fill the page with', () => {
    const verdict = soloVerdict();
    const names = Array.from({ length: 200 }, (_, at) => `Hospital${at}MSP`).join(', ');
    const checks = verdict.checks.map((check) => ({ ...check, detail: names }));

    const details = certificate({ verdict: { ...verdict, checks } }).parts.flatMap((part) => part.checks);

    expect(Math.max(...details.map(({ detail }) => detail?.length ?? 0))).toBe(121);
  });
});
