import { createHash, type KeyObject } from 'node:crypto';
import {
  type BareItem,
  type InnerList,
  type Item,
  isInnerList,
  parseDictionary,
  serializeDictionary,
  serializeInnerList,
} from 'structured-headers';
import { ed25519Key, verifyEd25519 } from './ed25519.ts';
import {
  type HttpFields,
  HttpSignatureError,
  type RequestParts,
  type ResponseParts,
  type SignedMessage,
  signatureBase,
} from './http-signature-base.ts';

export {
  type HttpFields,
  type HttpSignatureCode,
  HttpSignatureError,
  type RequestParts,
  type ResponseParts,
} from './http-signature-base.ts';

/** An organisation's message key as a signer: the private key stays behind `sign`. */
export type MessageSigner = { keyId: string; sign(bytes: Uint8Array): Uint8Array };
/** An organisation's registered message key, made by `messageVerifier`. */
export type MessageVerifier = { keyId: string; key: KeyObject };
export type SignedRequest = { fields: HttpFields; digest: Uint8Array };
export type VerifiedRequest = { createdAt: Date; nonce: Uint8Array; digest: Uint8Array };

const label = 'medseal';
const tag = 'medseal-exchange';
const maxFieldLength = 2048;
const maxSkewMs = 60_000;
const minNonceLength = 16;
const maxNonceLength = 64;
const requestNames = [
  '@method',
  '@target-uri',
  'content-digest',
  'content-type',
  'medseal-organization',
  'medseal-recipient',
];
const responseNames = [
  '@status',
  'content-digest',
  'content-type',
  'medseal-organization',
  'medseal-recipient',
];
const boundNames = ['signature', 'content-digest'];

const requestComponents: Item[] = requestNames.map((name) => [name, new Map()]);
const responseComponents: Item[] = [
  ...responseNames.map((name): Item => [name, new Map()]),
  // RFC 9421 §2.4: the answer is signed together with the signature of the request that it answers.
  ...boundNames.map((name): Item => [name, new Map([['req', true]])]),
];

/** Names one key of one organisation: after a rotation the old name does not match the new key. */
export function messageKeyId(organizationId: string, publicKey: Uint8Array): string {
  return `${organizationId}#${createHash('sha256').update(publicKey).digest('hex').slice(0, 16)}`;
}

/** A registered key; what is no sound Ed25519 key is SIGNATURE_KEY. */
export function messageVerifier(organizationId: string, publicKey: Uint8Array): MessageVerifier {
  const key = ed25519Key(publicKey);
  if (key === undefined) throw new HttpSignatureError('SIGNATURE_KEY');
  return { keyId: messageKeyId(organizationId, publicKey), key };
}

/** Content-Digest (RFC 9530 §2) with sha-256 alone. */
export function contentDigest(body: Uint8Array): string {
  return serializeDictionary(new Map([['sha-256', [sha256(body), new Map()]]]));
}

/**
 * Signs a request (RFC 9421): `fields` come back with Content-Digest, Signature-Input and Signature added; `digest`
 * names this one request, whatever is bound to it later. Profile: docs/formats/http-signature.md.
 */
export function signRequest(
  request: RequestParts & { body: Uint8Array },
  { signer, createdAt, nonce }: { signer: MessageSigner; createdAt: Date; nonce: Uint8Array },
): SignedRequest {
  const fields = { ...request.fields, 'content-digest': contentDigest(request.body) };
  const parameters = parametersOf(signer.keyId, createdAt, Buffer.from(nonce).toString('base64url'));
  const signed = { kind: 'request', request: { ...request, fields } } as const;
  return signMessage([requestComponents, parameters], signed, { signer, fields });
}

/** Signs a response together with the signature and the content digest of the request that it answers. */
export function signResponse(
  response: ResponseParts & { body: Uint8Array },
  { request, signer, createdAt }: { request: RequestParts; signer: MessageSigner; createdAt: Date },
): HttpFields {
  const fields = { ...response.fields, 'content-digest': contentDigest(response.body) };
  const parameters = parametersOf(signer.keyId, createdAt);
  const signed = { kind: 'response', response: { ...response, fields }, request } as const;
  return signMessage([responseComponents, parameters], signed, { signer, fields }).fields;
}

/**
 * Checks a request against the key of the organisation that is known to be on the other end. Throws
 * HttpSignatureError. Whether the nonce was used before is the caller's to ask.
 */
export function verifyRequest(
  request: RequestParts & { body: Uint8Array },
  { verifier, now }: { verifier: MessageVerifier; now: Date },
): VerifiedRequest {
  const { input, base } = verifyMessage(request.body, {
    expected: requestComponents,
    message: { kind: 'request', request },
    verifier,
  });
  const nonce = nonceOf(input);
  return { createdAt: createdWithin(input, now), nonce, digest: sha256(Buffer.from(base)) };
}

/** Checks that a response was signed by `verifier` for exactly this `request`. Throws HttpSignatureError. */
export function verifyResponse(
  response: ResponseParts & { body: Uint8Array },
  { request, verifier, now }: { request: RequestParts; verifier: MessageVerifier; now: Date },
): void {
  const { input } = verifyMessage(response.body, {
    expected: responseComponents,
    message: { kind: 'response', response, request },
    verifier,
  });
  if (input[1].has('nonce')) throw new HttpSignatureError('SIGNATURE_PARAMETERS');
  createdWithin(input, now);
}

function signMessage(
  input: InnerList,
  message: SignedMessage,
  { signer, fields }: { signer: MessageSigner; fields: HttpFields },
): SignedRequest {
  const base = Buffer.from(signatureBase(input, message));
  const signature = serializeDictionary(new Map([[label, [signer.sign(base), new Map()]]]));
  return {
    fields: { ...fields, 'signature-input': `${label}=${serializeInnerList(input)}`, signature },
    digest: sha256(base),
  };
}

type Expectation = { expected: Item[]; message: SignedMessage; verifier: MessageVerifier };

function verifyMessage(
  body: Uint8Array,
  { expected, message, verifier }: Expectation,
): { input: InnerList; base: string } {
  const { fields } = message.kind === 'request' ? message.request : message.response;
  const { input, signature } = signatureOf(fields);
  if (serializeInnerList([input[0], new Map()]) !== serializeInnerList([expected, new Map()])) {
    throw new HttpSignatureError('SIGNATURE_COMPONENTS');
  }
  requireParameters(input, verifier.keyId);
  // Byte for byte, so that an algorithm beside sha-256 or another spelling of it is refused as well.
  if (fields['content-digest'] !== contentDigest(body)) throw new HttpSignatureError('SIGNATURE_DIGEST');
  const base = signatureBase(input, message);
  if (!verifyEd25519(signature, Buffer.from(base), verifier.key)) {
    throw new HttpSignatureError('SIGNATURE_INVALID');
  }
  return { input, base };
}

/** The one signature of a message; a second label, a repeated key or a spelling that is not canonical is refused. */
function signatureOf(fields: HttpFields): { input: InnerList; signature: Uint8Array } {
  const input = soleMember(fields['signature-input']);
  const signature = soleMember(fields['signature']);
  if (!isInnerList(input) || isInnerList(signature)) throw new HttpSignatureError('SIGNATURE_MALFORMED');
  const [bytes, parameters] = signature;
  if (!(bytes instanceof ArrayBuffer) || bytes.byteLength !== 64 || parameters.size > 0) {
    throw new HttpSignatureError('SIGNATURE_MALFORMED');
  }
  return { input, signature: new Uint8Array(bytes) };
}

function soleMember(field: string | undefined): Item | InnerList {
  if (field === undefined || field.length > maxFieldLength) {
    throw new HttpSignatureError('SIGNATURE_MALFORMED');
  }
  let members: ReturnType<typeof parseDictionary>;
  let canonical: string;
  try {
    members = parseDictionary(field);
    canonical = serializeDictionary(members);
  } catch (cause) {
    throw new HttpSignatureError('SIGNATURE_MALFORMED', { cause });
  }
  const member = members.get(label);
  if (members.size !== 1 || member === undefined || canonical !== field) {
    throw new HttpSignatureError('SIGNATURE_MALFORMED');
  }
  return member;
}

function parametersOf(keyId: string, createdAt: Date, nonce?: string): Map<string, BareItem> {
  const parameters = new Map<string, BareItem>([
    ['created', Math.floor(createdAt.getTime() / 1000)],
    ['keyid', keyId],
  ]);
  if (nonce !== undefined) parameters.set('nonce', nonce);
  return parameters.set('alg', 'ed25519').set('tag', tag);
}

const knownParameters = new Set(['created', 'keyid', 'nonce', 'alg', 'tag']);

function requireParameters([, parameters]: InnerList, keyId: string): void {
  const known = [...parameters.keys()].every((name) => knownParameters.has(name));
  if (!known || parameters.get('alg') !== 'ed25519' || parameters.get('tag') !== tag) {
    throw new HttpSignatureError('SIGNATURE_PARAMETERS');
  }
  if (parameters.get('keyid') !== keyId) throw new HttpSignatureError('SIGNATURE_KEY');
}

function createdWithin([, parameters]: InnerList, now: Date): Date {
  const created = parameters.get('created');
  if (typeof created !== 'number' || !Number.isSafeInteger(created)) {
    throw new HttpSignatureError('SIGNATURE_PARAMETERS');
  }
  if (!(Math.abs(now.getTime() - created * 1000) <= maxSkewMs))
    throw new HttpSignatureError('SIGNATURE_CLOCK');
  return new Date(created * 1000);
}

function nonceOf([, parameters]: InnerList): Uint8Array {
  const text = parameters.get('nonce');
  const nonce = typeof text === 'string' ? Buffer.from(text, 'base64url') : Buffer.alloc(0);
  const canonical = nonce.toString('base64url') === text;
  if (!canonical || nonce.length < minNonceLength || nonce.length > maxNonceLength) {
    throw new HttpSignatureError('SIGNATURE_PARAMETERS');
  }
  return nonce;
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}
