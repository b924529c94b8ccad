import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { type CBORType, encodeCBOR } from '@levischuck/tiny-cbor';

/** The key pair of a passkey: its COSE_Key, and what signs. */
export type PasskeyKeys = { cose: Uint8Array; sign(bytes: Uint8Array): Uint8Array };

/** A software authenticator: one resident passkey with a genuine key, P-256 unless told otherwise, and a signature counter. */
export type Authenticator = {
  readonly credentialId: string;
  /** Answers `navigator.credentials.create` options with attestation `none`. */
  register(options: { challenge: string; rp: { id?: string | undefined } }): RegistrationJson;
  /** Answers `navigator.credentials.get` options; `clientData` is what a dishonest browser would put in, signed. */
  assert(options: {
    challenge: string;
    rpId?: string | undefined;
    clientData?: Record<string, unknown>;
  }): AssertionJson;
};

export type RegistrationJson = {
  id: string;
  rawId: string;
  type: 'public-key';
  response: { clientDataJSON: string; attestationObject: string };
  clientExtensionResults: Record<string, never>;
};

export type AssertionJson = {
  id: string;
  rawId: string;
  type: 'public-key';
  response: { clientDataJSON: string; authenticatorData: string; signature: string };
  clientExtensionResults: Record<string, never>;
};

// Authenticator data flags (WebAuthn Level 3 §6.1): user present, user verified, attested credential data.
const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;
const ATTESTED = 0x40;

/** A new authenticator at `origin`. `userVerified: false` makes one that only notices a touch. */
export function createAuthenticator(options: {
  origin: string;
  userVerified?: boolean;
  keys?: PasskeyKeys;
}): Authenticator {
  const keys = options.keys ?? es256Keys();
  const credentialId = randomBytes(32);
  const id = credentialId.toString('base64url');
  const userFlags = USER_PRESENT | (options.userVerified === false ? 0 : USER_VERIFIED);
  const envelope = { id, rawId: id, type: 'public-key' as const, clientExtensionResults: {} };
  let counter = 0;
  const header = (rpId: string, flags: number): Buffer => {
    counter += 1;
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter);
    return Buffer.concat([createHash('sha256').update(rpId).digest(), Buffer.of(flags), count]);
  };
  return {
    credentialId: id,
    register: ({ challenge, rp }) => {
      const attested = Buffer.concat([
        Buffer.alloc(16),
        Buffer.of(0, credentialId.length),
        credentialId,
        keys.cose,
      ]);
      const authData = Buffer.concat([
        header(rp.id ?? new URL(options.origin).hostname, userFlags | ATTESTED),
        attested,
      ]);
      const attestation = new Map<string, CBORType>([
        ['fmt', 'none'],
        ['attStmt', new Map()],
        ['authData', Uint8Array.from(authData)],
      ]);
      const clientDataJSON = clientData('webauthn.create', challenge, { origin: options.origin }).toString(
        'base64url',
      );
      return {
        ...envelope,
        response: {
          clientDataJSON,
          attestationObject: Buffer.from(encodeCBOR(attestation)).toString('base64url'),
        },
      };
    },
    assert: ({ challenge, rpId, clientData: forged }) => {
      const authenticatorData = header(rpId ?? new URL(options.origin).hostname, userFlags);
      const client = clientData('webauthn.get', challenge, { origin: options.origin, ...forged });
      const clientHash = createHash('sha256').update(client).digest();
      const signature = Buffer.from(keys.sign(Buffer.concat([authenticatorData, clientHash])));
      return {
        ...envelope,
        response: {
          clientDataJSON: client.toString('base64url'),
          authenticatorData: authenticatorData.toString('base64url'),
          signature: signature.toString('base64url'),
        },
      };
    },
  };
}

function es256Keys(): PasskeyKeys {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { cose: coseKey(publicKey), sign: (bytes) => sign('sha256', bytes, privateKey) };
}

/** COSE_Key of a P-256 public key for ES256 (RFC 9053 §2.1, §7.1.1). */
function coseKey(publicKey: KeyObject): Uint8Array {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  return encodeCBOR(
    new Map<number, CBORType>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, Uint8Array.from(Buffer.from(x, 'base64url'))],
      [-3, Uint8Array.from(Buffer.from(y, 'base64url'))],
    ]),
  );
}

function clientData(type: string, challenge: string, rest: Record<string, unknown>): Buffer {
  return Buffer.from(JSON.stringify({ type, challenge, crossOrigin: false, ...rest }), 'utf8');
}
