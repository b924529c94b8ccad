import { generateKeyPairSync } from 'node:crypto';
import { concat, hex } from '../../evidence/src/index.ts';
import type { TestChannel } from '../../evidence/test/alliance.ts';
import { createLog, makeProof, policyOf } from '../../evidence/test/proof.ts';
import {
  consentContent,
  consentLeaf,
  consentSalt,
  eddsa,
  grant,
  message,
  releaseOf,
  rs256,
  unjudged,
} from '../../evidence/test/release.ts';
import { type CorpusCase, corpusCase } from './case.ts';

/** When the receipt of `releaseOf` says the record was given. */
const releasedAt = '2026-06-01T08:00:01.000Z';

type Expected = Parameters<typeof corpusCase>[3];
type Tampering = {
  content?: ReturnType<typeof consentContent>;
  release?: Parameters<typeof releaseOf>[1];
  change?: (bundle: Bundle) => void;
};
type Bundle = { release: ReturnType<typeof releaseOf>; consent: Record<string, unknown> };

/** Releases of a record: receipt, decision and the patient's consent, each forged, foreign or malformed. */
export function releaseCases(channel: TestChannel): CorpusCase[] {
  const make = (
    name: string,
    { content = consentContent(), release = {}, change = () => {} }: Tampering,
    expected: Expected,
    known = true,
  ) => {
    const leaf = consentLeaf(content);
    const log = createLog(13, 'record', leaf);
    const { vkey } = log;
    const bundle = {
      ...makeProof(channel, log),
      release: releaseOf(log.leaves[5] as never, release),
      consent: { content, salt: hex(consentSalt), leaf, leafIndex: 12, inclusionProof: log.path(12, 13) },
    };
    change(bundle);
    const entry = { organizationId: 'hospital-a', mspId: 'HospitalAMSP', verifierKeys: [vkey] };
    const logs = [known ? { ...entry, messageKey: hex(message.publicKey) } : entry];
    return corpusCase(`release: ${name}`, bundle, JSON.stringify(policyOf(channel, log, { logs })), expected);
  };
  const receipt = (name: string, change: object, expected: Expected) =>
    make(name, { release: { receipt: change } }, expected);
  const decision = (name: string, change: object, expected: Expected) =>
    make(name, { release: { decision: change } }, expected);
  const after = (name: string, change: (bundle: Bundle) => void, expected: Expected) =>
    make(name, { change }, expected);
  const scope = (name: string, change: object) =>
    make(name, { content: consentContent({ ...grant, ...change }) }, 'tampered CONSENT_SCOPE');
  const { provision } = grant;
  return [
    make('with consent', {}, 'valid'),
    make('with a consent by Ed25519', { content: consentContent(grant, { passkey: eddsa() }) }, 'valid'),
    make(
      'with a consent by another kind of key',
      { content: consentContent(grant, { passkey: unjudged }) },
      'valid',
    ),
    ...rsaCases(make),
    make('no message key', {}, 'valid', false),
    after('no consent', (bundle) => delete (bundle as Partial<Bundle>).consent, 'valid'),
    after('consent without a release', (bundle) => delete (bundle as Partial<Bundle>).release, 'valid'),
    receipt('another record', { records: ['ab'.repeat(32)] }, 'tampered RELEASE_RECORD'),
    receipt('records no list', { records: 'ab' }, 'tampered RELEASE_RECORD'),
    receipt('a denial', { permit: false }, 'tampered RELEASE_RECORD'),
    receipt('another source', { source: 'hospital-c' }, 'tampered RELEASE_RECORD'),
    receipt('another decision', { decisionId: 'x' }, 'tampered RELEASE_DECISION'),
    receipt('another decision digest', { decisionDigest: 'ab'.repeat(32) }, 'tampered RELEASE_DECISION'),
    receipt('one member more', { more: 1 }, 'tampered RELEASE_MALFORMED'),
    receipt('another requester', { requester: 'hospital-c' }, 'tampered CONSENT_SCOPE'),
    receipt('another purpose', { purpose: 'HRESCH' }, 'tampered CONSENT_SCOPE'),
    receipt('no requester', { requester: null }, 'tampered CONSENT_SCOPE'),
    decision('denied', { permit: false }, 'tampered RELEASE_DECISION'),
    decision('of another organisation', { organizationId: 'hospital-b' }, 'tampered RELEASE_DECISION'),
    ...[
      ['a minute before the release', -60_000, 'valid'],
      ['a minute after the release', 60_000, 'valid'],
      ['more than a minute before the release', -60_001, 'tampered RELEASE_DECISION'],
      ['more than a minute after the release', 60_001, 'tampered RELEASE_DECISION'],
    ].map(([name, by, expected]) =>
      decision(
        String(name),
        { at: new Date(Date.parse(releasedAt) + Number(by)).toISOString() },
        expected as Expected,
      ),
    ),
    decision('at no time', { at: 'yesterday' }, 'tampered RELEASE_DECISION'),
    decision(
      'at a time of another zone',
      { at: releasedAt.replace('Z', '+00:00') },
      'tampered RELEASE_DECISION',
    ),
    receipt('at no time', { at: 0 }, 'tampered RELEASE_DECISION'),
    decision('one member more', { more: 1 }, 'tampered RELEASE_MALFORMED'),
    decision(
      'a key that is not endorsed',
      { key: { publicKey: hex(message.publicKey), endorsement: 'AAAA' } },
      'tampered RELEASE_DECISION_SIGNATURE',
    ),
    decision('no key', { key: null }, 'tampered RELEASE_MALFORMED'),
    decision(
      'a key in upper case',
      { key: { publicKey: 'AB'.repeat(32), endorsement: 'AAAA' } },
      'tampered RELEASE_MALFORMED',
    ),
    decision('resting on nothing', { consents: [] }, 'tampered CONSENT_DECISION'),
    decision(
      'resting on another version',
      { consents: [{ id: grant.id, version: 2 }] },
      'tampered CONSENT_DECISION',
    ),
    decision('consents no list', { consents: {} }, 'tampered CONSENT_DECISION'),
    make('signed by another', { release: { keys: otherKeys() } }, 'tampered RELEASE_SIGNATURE'),
    after('null', (bundle) => Object.assign(bundle, { release: null }), 'tampered RELEASE_MALFORMED'),
    after(
      'receipt null',
      (bundle) => Object.assign(bundle.release, { receipt: null }),
      'tampered RELEASE_MALFORMED',
    ),
    after(
      'signature not base64',
      (bundle) => Object.assign(bundle.release.receipt, { signature: '!' }),
      'tampered RELEASE_MALFORMED',
    ),
    after(
      'signature a number',
      (bundle) => Object.assign(bundle.release.receipt, { signature: 7 }),
      'tampered RELEASE_MALFORMED',
    ),
    after(
      'time changed',
      (bundle) => Object.assign(bundle.release.receipt, { at: '2026-06-01T09:00:01.000Z' }),
      'tampered RELEASE_SIGNATURE',
    ),
    after(
      'rule changed',
      (bundle) => Object.assign(bundle.release.decision, { ruleIds: [] }),
      'tampered RELEASE_DECISION',
    ),
    scope('consent for another', { provision: { ...provision, actor: [] } }),
    scope('consent for another purpose', { provision: { ...provision, purpose: [{ code: 'HPAYMT' }] } }),
    scope('consent that denies', { provision: { ...provision, type: 'deny' } }),
    scope('consent of another custodian', { organization: [{ identifier: { value: 'hospital-b' } }] }),
    scope('consent without a provision', { provision: null }),
    make(
      'another consent',
      { content: consentContent({ ...grant, id: 'other' }) },
      'tampered CONSENT_DECISION',
    ),
    make(
      'patient not verified',
      { content: consentContent(grant, { flags: 0x01 }) },
      'tampered CONSENT_SIGNATURE',
    ),
    make(
      'patient not present',
      { content: consentContent(grant, { flags: 0x04 }) },
      'tampered CONSENT_SIGNATURE',
    ),
    make(
      'a registration',
      { content: consentContent(grant, { type: 'webauthn.create' }) },
      'tampered CONSENT_SIGNATURE',
    ),
    make(
      'signature of another key',
      { content: { ...consentContent(), assertion: mixed() } },
      'tampered CONSENT_SIGNATURE',
    ),
    make(
      'signed another text',
      { content: { ...consentContent(), consent: { ...grant, status: 'inactive' } } },
      'tampered CONSENT_SIGNATURE',
    ),
    make(
      'no assertion',
      { content: { ...consentContent(), assertion: null as never } },
      'tampered CONSENT_MALFORMED',
    ),
    make(
      'client data no JSON',
      { content: withAssertion({ clientDataJSON: 'AAAA' }) },
      'tampered CONSENT_MALFORMED',
    ),
    make(
      'authenticator data short',
      { content: withAssertion({ authenticatorData: 'AAAA' }) },
      'tampered CONSENT_SIGNATURE',
    ),
    make(
      'a point off the curve',
      { content: withAssertion({ publicKey: offCurve() }) },
      'tampered CONSENT_SIGNATURE',
    ),
    make(
      'a revocation',
      { content: { ...consentContent(), revocation: {} as never } },
      'tampered CONSENT_MALFORMED',
    ),
    make(
      'one member more in it',
      { content: { ...consentContent(), more: 1 } as never },
      'tampered CONSENT_MALFORMED',
    ),
    after(
      'consent changed',
      (bundle) => Object.assign(bundle.consent, { content: consentContent() }),
      'tampered CONSENT_COMMITMENT',
    ),
    after(
      'another salt',
      (bundle) => Object.assign(bundle.consent, { salt: 'ab'.repeat(32) }),
      'tampered CONSENT_COMMITMENT',
    ),
    after(
      'another place',
      (bundle) => Object.assign(bundle.consent, { leafIndex: 11 }),
      'tampered CONSENT_INCLUSION',
    ),
    after(
      'a place outside',
      (bundle) => Object.assign(bundle.consent, { leafIndex: 13 }),
      'tampered CONSENT_INCLUSION',
    ),
    after(
      'no path',
      (bundle) => Object.assign(bundle.consent, { inclusionProof: [] }),
      'tampered CONSENT_INCLUSION',
    ),
    after(
      'leaf of no consent',
      (bundle) =>
        Object.assign(bundle.consent, { leaf: { ...(bundle.consent['leaf'] as object), kind: 'record' } }),
      'tampered CONSENT_COMMITMENT',
    ),
    after('leaf malformed', (bundle) => Object.assign(bundle.consent, { leaf: 7 }), 'tampered LEAF_INVALID'),
    after(
      'salt malformed',
      (bundle) => Object.assign(bundle.consent, { salt: 'x' }),
      'tampered PROOF_MALFORMED',
    ),
    after('consent null', (bundle) => Object.assign(bundle, { consent: null }), 'tampered PROOF_MALFORMED'),
    after(
      'consent with more',
      (bundle) => Object.assign(bundle.consent, { more: 1 }),
      'tampered PROOF_MALFORMED',
    ),
  ];
}

/** Passkeys with an RSA key: sound ones, and each way in which one is not. */
function rsaCases(
  make: (name: string, tampering: Tampering, expected: Expected) => CorpusCase,
): CorpusCase[] {
  const rsa = (name: string, passkey: ReturnType<typeof rs256>, expected: Expected) =>
    make(`RSA, ${name}`, { content: consentContent(grant, { passkey }) }, expected);
  const bent = (name: string, change: (bytes: Uint8Array) => Uint8Array, expected: Expected) =>
    rsa(name, { ...sound, cose: change(sound.cose) }, expected);
  const sound = rs256();
  const signed = (change: (bytes: Uint8Array) => Uint8Array) => ({
    ...sound,
    sign: (bytes: Uint8Array) => change(sound.sign(bytes)),
  });
  const refused = 'tampered CONSENT_SIGNATURE';
  return [
    rsa('2048 bits', sound, 'valid'),
    rsa('3072 bits', rs256({ bits: 3072 }), 'valid'),
    rsa('1024 bits', rs256({ bits: 1024 }), refused),
    rsa('exponent 3', rs256({ exponent: 3 }), refused),
    rsa('PSS', rs256({ pss: 'yes' }), refused),
    rsa('SHA-1', rs256({ hash: 'sha1' }), refused),
    rsa('SHA-512', rs256({ hash: 'sha512' }), refused),
    rsa(
      'a byte after the signature',
      signed((bytes) => concat(bytes, Uint8Array.of(0))),
      refused,
    ),
    rsa(
      'a byte before the signature',
      signed((bytes) => concat(Uint8Array.of(0), bytes)),
      refused,
    ),
    rsa(
      'no signature',
      signed(() => new Uint8Array(0)),
      refused,
    ),
    rsa(
      'its own signature',
      signed(() => new Uint8Array(256).fill(1)),
      refused,
    ),
    rsa('another key', { ...sound, cose: rs256({ bits: 3072 }).cose }, refused),
    bent('a byte after the key', (cose) => concat(cose, Uint8Array.of(0)), refused),
    bent('a key cut short', (cose) => cose.subarray(0, -1), refused),
    bent('a key of a few bytes', (cose) => cose.subarray(0, 9), refused),
    bent('exponent 1', (cose) => concat(cose.subarray(0, -5), Uint8Array.of(0x21, 0x41, 1)), refused),
    bent('an even modulus', (cose) => cose.map((byte, at) => (at === 266 ? byte & 0xfe : byte)), refused),
    bent('a modulus of 2047 bits', (cose) => cose.map((byte, at) => (at === 11 ? 0x7f : byte)), refused),
    bent('a modulus that begins with zero', zeroFirst, refused),
    bent('RS512', (cose) => cose.map((byte, at) => (at === 6 ? 2 : byte)), 'valid'),
  ];
}

function zeroFirst(cose: Uint8Array): Uint8Array {
  return concat(cose.subarray(0, 9), Uint8Array.of(1, 1, 0), cose.subarray(11));
}

function withAssertion(change: object): ReturnType<typeof consentContent> {
  const content = consentContent();
  return { ...content, assertion: { ...content.assertion, ...change } };
}

function mixed(): ReturnType<typeof consentContent>['assertion'] {
  return { ...consentContent().assertion, publicKey: consentContent().assertion.publicKey };
}

function offCurve(): string {
  const key = Buffer.from(consentContent().assertion.publicKey, 'base64url');
  key[76] = (key[76] ?? 0) ^ 1;
  return key.toString('base64url');
}

function otherKeys(): typeof message {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    privateKey,
    publicKey: new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)),
  };
}
