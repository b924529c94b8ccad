import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { base64, base64url, concat, hex, sha256, utf8 } from '../src/bytes.ts';
import { canonicalJson } from '../src/canonical.ts';
import { commit } from '../src/commitment.ts';
import type { Leaf } from '../src/leaf.ts';

type Keys = { privateKey: KeyObject; publicKey: Uint8Array };

function ed25519(): Keys {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    privateKey,
    publicKey: new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)),
  };
}

export const message = ed25519();
const receiptKey = ed25519();
const signed = (keys: Keys, text: string): Uint8Array =>
  new Uint8Array(sign(null, utf8(text), keys.privateKey));

export const consentId = '7f0f6c1e-6e0e-4a53-9d5c-0a4f8b1f2c3d';
export const consentSalt = sha256(utf8('consent'));
export const grant = {
  resourceType: 'Consent',
  id: consentId,
  status: 'active',
  organization: [{ identifier: { value: 'hospital-a' } }],
  provision: {
    type: 'permit',
    actor: [{ reference: { identifier: { value: 'hospital-b' } } }],
    purpose: [{ code: 'TREAT' }],
  },
};

/** What the patient's passkey makes of a consent. */
export function consentContent(
  consent: object = grant,
  {
    kind = 'es256',
    flags = 0x05,
    type = 'webauthn.get',
  }: { kind?: 'es256' | 'ed25519' | 'rsa'; flags?: number; type?: string } = {},
) {
  const challenge = base64url(sha256(utf8(`medseal/consent-grant/v1\n${canonicalJson(consent)}`)));
  const client = utf8(JSON.stringify({ type, challenge, origin: 'https://hospital-a.example' }));
  const authenticator = concat(sha256(utf8('hospital-a.example')), Uint8Array.of(flags, 0, 0, 0, 7));
  const { cose, sign: signWith } = passkey(kind);
  return {
    v: 1,
    version: 1,
    consent,
    revocation: null,
    assertion: {
      credentialId: 'Y3JlZA',
      publicKey: base64url(cose),
      authenticatorData: base64url(authenticator),
      clientDataJSON: base64url(client),
      signature: base64url(signWith(concat(authenticator, sha256(client)))),
    },
  };
}

function passkey(kind: 'es256' | 'ed25519' | 'rsa') {
  if (kind === 'ed25519') {
    const keys = ed25519();
    const cose = concat(Buffer.from('a4010103272006215820', 'hex'), keys.publicKey);
    return { cose, sign: (bytes: Uint8Array) => new Uint8Array(sign(null, bytes, keys.privateKey)) };
  }
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const [left, right] = [x, y].map((part) => new Uint8Array(Buffer.from(part, 'base64url'))) as [
    Uint8Array,
    Uint8Array,
  ];
  const es256 = concat(Buffer.from('a5010203262001215820', 'hex'), left, Buffer.from('225820', 'hex'), right);
  const cose = kind === 'rsa' ? utf8('another kind of key') : es256;
  return { cose, sign: (bytes: Uint8Array) => new Uint8Array(sign('sha256', bytes, privateKey)) };
}

export function consentLeaf(content: object): Leaf {
  const digest = hex(commit('consent', content, consentSalt));
  return { v: 1, kind: 'consent', tenant: 'hospital-a', digest, at: '2026-05-01T00:00:00.000Z' };
}

/** Receipt and decision of a release of the record with this leaf; changes are made before everything is signed. */
export function releaseOf(
  leaf: Leaf,
  { receipt = {}, decision = {}, keys = message }: { receipt?: object; decision?: object; keys?: Keys } = {},
) {
  const publicKey = hex(receiptKey.publicKey);
  const made = {
    v: 1,
    decisionId: '00000000-0000-4000-8000-000000000001',
    organizationId: 'hospital-a',
    at: '2026-06-01T08:00:00.000Z',
    permit: true,
    ruleIds: ['consent.granted'],
    consents: [{ id: consentId, version: 1 }],
    policyDigest: 'ab'.repeat(32),
    inputDigest: 'cd'.repeat(32),
    key: {
      publicKey,
      endorsement: base64url(signed(keys, `medseal/receipt-key/v1\nhospital-a\n${publicKey}\n`)),
    },
    ...decision,
  };
  const text = `medseal/decision-receipt-signature/v1\n${canonicalJson(made)}`;
  const decided = { ...made, signature: base64url(signed(receiptKey, text)) };
  const given = {
    v: 1,
    exchangeId: '00000000-0000-4000-8000-000000000002',
    requestDigest: 'ef'.repeat(32),
    source: 'hospital-a',
    requester: 'hospital-b',
    purpose: 'TREAT',
    permit: true,
    decisionId: made.decisionId,
    decisionDigest: hex(sha256(utf8(`medseal/decision-receipt/v1\n${canonicalJson(decided)}`))),
    records: ['00'.repeat(32), leaf.digest],
    rules: [],
    at: '2026-06-01T08:00:01.000Z',
    ...receipt,
  };
  const signature = base64(signed(keys, `medseal/exchange-receipt/v1\n${canonicalJson(given)}`));
  return { receipt: { ...given, signature }, decision: decided };
}
