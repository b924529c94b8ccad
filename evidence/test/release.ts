import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
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

type Passkey = { cose: Uint8Array; sign(bytes: Uint8Array): Uint8Array };

/** What the patient's passkey makes of a consent. */
export function consentContent(
  consent: object = grant,
  {
    passkey = es256(),
    flags = 0x05,
    type = 'webauthn.get',
  }: { passkey?: Passkey; flags?: number; type?: string } = {},
) {
  const challenge = base64url(sha256(utf8(`medseal/consent-grant/v1\n${canonicalJson(consent)}`)));
  const client = utf8(JSON.stringify({ type, challenge, origin: 'https://hospital-a.example' }));
  const authenticator = concat(sha256(utf8('hospital-a.example')), Uint8Array.of(flags, 0, 0, 0, 7));
  return {
    v: 1,
    version: 1,
    consent,
    revocation: null,
    assertion: {
      credentialId: 'Y3JlZA',
      publicKey: base64url(passkey.cose),
      authenticatorData: base64url(authenticator),
      clientDataJSON: base64url(client),
      signature: base64url(passkey.sign(concat(authenticator, sha256(client)))),
    },
  };
}

export function eddsa(): Passkey {
  const keys = ed25519();
  const cose = concat(Buffer.from('a4010103272006215820', 'hex'), keys.publicKey);
  return { cose, sign: (bytes) => new Uint8Array(sign(null, bytes, keys.privateKey)) };
}

function es256(): Passkey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const [left, right] = [x, y].map((part) => new Uint8Array(Buffer.from(part, 'base64url'))) as [
    Uint8Array,
    Uint8Array,
  ];
  const cose = concat(Buffer.from('a5010203262001215820', 'hex'), left, Buffer.from('225820', 'hex'), right);
  return { cose, sign: (bytes) => new Uint8Array(sign('sha256', bytes, privateKey)) };
}

/** A passkey of a kind that no verifier judges. */
export const unjudged: Passkey = { ...es256(), cose: utf8('another kind of key') };

const rsaKeys = new Map<string, ReturnType<typeof generateRsa>>();

function generateRsa(modulusLength: number, publicExponent: number) {
  return generateKeyPairSync('rsa', { modulusLength, publicExponent });
}

/** A passkey as Windows Hello makes it, or a wrong one of that kind. */
export function rs256({ bits = 2048, exponent = 65_537, hash = 'sha256', pss = 'no' } = {}): Passkey {
  const name = `${bits} ${exponent}`;
  const { privateKey, publicKey } = rsaKeys.get(name) ?? generateRsa(bits, exponent);
  rsaKeys.set(name, { privateKey, publicKey });
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
  const [modulus, power] = [n, e].map((part) => Buffer.from(part, 'base64url')) as [Buffer, Buffer];
  const head = Buffer.from([0x59, modulus.length >> 8, modulus.length & 255]);
  const padding = pss === 'no' ? constants.RSA_PKCS1_PADDING : constants.RSA_PKCS1_PSS_PADDING;
  return {
    cose: concat(
      ...[Buffer.from('a401030339010020', 'hex'), head, modulus],
      ...[Buffer.of(0x21, 0x40 + power.length), power],
    ),
    sign: (bytes) => new Uint8Array(sign(hash, bytes, { key: privateKey, padding })),
  };
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
