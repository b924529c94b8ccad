import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { parseDictionary } from 'structured-headers';
import { describe, expect, it } from 'vitest';
import {
  contentDigest,
  type HttpFields,
  HttpSignatureError,
  type MessageSigner,
  type MessageVerifier,
  messageKeyId,
  messageVerifier,
  signRequest,
  signResponse,
  verifyRequest,
  verifyResponse,
} from './http-signature.ts';
import { type SignedMessage, signatureBase } from './http-signature-base.ts';

const now = new Date('2026-03-01T08:00:00.400Z');
const body = Buffer.from('{"purpose":"TREAT"}');
const nonce = Buffer.alloc(16, 7);

function rawPublicKey(key: KeyObject): Uint8Array {
  return key.export({ format: 'der', type: 'spki' }).subarray(12);
}

function organisation(id: string): {
  signer: MessageSigner;
  verifier: MessageVerifier;
  publicKey: Uint8Array;
} {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = rawPublicKey(publicKey);
  const keyId = messageKeyId(id, raw);
  return {
    signer: { keyId, sign: (bytes) => sign(null, bytes, privateKey) },
    verifier: messageVerifier(id, raw),
    publicKey: raw,
  };
}

const [b, a, c] = [organisation('hospital-b'), organisation('hospital-a'), organisation('hospital-c')];

const request = {
  method: 'POST',
  targetUri: 'https://a.example:8443/peer/exchange',
  fields: {
    'content-type': 'application/json',
    'medseal-organization': 'hospital-b',
    'medseal-recipient': 'hospital-a',
  },
  body,
};

function signedRequest() {
  const { fields, digest } = signRequest(request, { signer: b.signer, createdAt: now, nonce });
  return { ...request, fields, digest };
}

function signedResponse(answered = signedRequest()) {
  const response = {
    status: 200,
    fields: {
      'content-type': 'application/vnd.medseal.exchange',
      'medseal-organization': 'hospital-a',
      'medseal-recipient': 'hospital-b',
    },
    body: Buffer.from([1, 2, 3]),
  };
  const fields = signResponse(response, { request: answered, signer: a.signer, createdAt: now });
  return { ...response, fields };
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof HttpSignatureError) return error.code;
    throw error;
  }
  return 'accepted';
}

describe('the signature base', () => {
  const testRequest = {
    method: 'POST',
    targetUri: 'https://example.com/foo?param=Value&Pet=dog',
    fields: {
      host: 'example.com',
      date: 'Tue, 20 Apr 2021 02:07:55 GMT',
      'content-type': 'application/json',
      'content-digest':
        'sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:',
      'content-length': '18',
    },
  };
  const testResponse = {
    status: 503,
    fields: {
      'content-type': 'application/json',
      'content-digest':
        'sha-512=:0Y6iCBzGg5rZtoXS95Ijz03mslf6KAMCloESHObfwnHJDbkkWWQz6PhhU9kxsTbARtY2PTBOzq24uJFpHsMuAg==:',
    },
  };

  function baseOf(input: string, message: SignedMessage): string {
    const [member] = parseDictionary(input).values();
    return signatureBase(member as Parameters<typeof signatureBase>[0], message);
  }

  it('is the one of RFC 9421 B.2.6, and Ed25519 over it gives the published signature', () => {
    const input =
      'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"';
    const base = baseOf(input, { kind: 'request', request: testRequest });

    const key = createPrivateKey({
      key: 'MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF',
      format: 'der',
      type: 'pkcs8',
      encoding: 'base64',
    });
    expect(base.split('\n').slice(0, 4)).toEqual([
      '"date": Tue, 20 Apr 2021 02:07:55 GMT',
      '"@method": POST',
      '"@path": /foo',
      '"@authority": example.com',
    ]);
    expect(sign(null, Buffer.from(base), key).toString('base64')).toBe(
      'wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==',
    );
  });

  it('is the one of RFC 9421 §2.4 for a response bound to its request; the published signature verifies', () => {
    const input =
      'reqres=("@status" "content-digest" "content-type" "@authority";req "@method";req "@path";req "content-digest";req);created=1618884479;keyid="test-key-ecc-p256"';
    const base = baseOf(input, { kind: 'response', response: testResponse, request: testRequest });

    const spki =
      'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lfw0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==';
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki', encoding: 'base64' });
    const signature = Buffer.from(
      'dMT/A/76ehrdBTD/2Xx8QuKV6FoyzEP/I9hdzKN8LQJLNgzU4W767HK05rx1i8meNQQgQPgQp8wq2ive3tV5Ag==',
      'base64',
    );
    expect(verify('sha256', Buffer.from(base), { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
  });

  it.each([
    ['an unknown component', '("@scheme")'],
    ['a field that is not there', '("date-of-birth")'],
    ['a component twice', '("@method" "@method")'],
    ['a component parameter that is not supported', '("content-type";bs)'],
    ['a status on a request', '("@status")'],
    ['the request of a request', '("@method";req)'],
    ['an inherited property', '("constructor")'],
    ['a token for a name', '(date)'],
  ])('refuses %s', (_, input) => {
    expect(codeOf(() => baseOf(`s=${input}`, { kind: 'request', request: testRequest }))).toBe(
      'SIGNATURE_COMPONENTS',
    );
  });

  it('refuses a field value that would write a line of its own', () => {
    const fields = { ...testRequest.fields, date: 'x\n"@method": GET' };

    expect(codeOf(() => baseOf('s=("date")', { kind: 'request', request: { ...testRequest, fields } }))).toBe(
      'SIGNATURE_COMPONENTS',
    );
  });
});

describe('a content digest', () => {
  it('is sha-256 after RFC 9530', () => {
    expect(contentDigest(Buffer.from('{"hello": "world"}'))).toBe(
      'sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:',
    );
  });
});

describe('a signed request', () => {
  it('verifies under the key of its sender and gives time, nonce and digest', () => {
    const signed = signedRequest();

    const verified = verifyRequest(signed, { verifier: b.verifier, now });

    expect(verified.createdAt).toEqual(new Date('2026-03-01T08:00:00Z'));
    expect(Buffer.from(verified.nonce)).toEqual(nonce);
    expect(verified.digest).toEqual(signed.digest);
  });

  const forged = (change: (signed: ReturnType<typeof signedRequest>) => object) => {
    const signed = signedRequest();
    return codeOf(() => verifyRequest({ ...signed, ...change(signed) }, { verifier: b.verifier, now }));
  };
  const withFields = (change: (fields: HttpFields) => HttpFields) =>
    forged(({ fields }) => ({ fields: change(fields) }));
  const withInput = (from: string | RegExp, to: string) =>
    withFields((fields) => ({
      ...fields,
      'signature-input': String(fields['signature-input']).replace(from, to),
    }));

  it.each([
    ['another method', () => forged(() => ({ method: 'PUT' })), 'SIGNATURE_INVALID'],
    [
      'another target',
      () => forged(() => ({ targetUri: 'https://c.example/peer/exchange' })),
      'SIGNATURE_INVALID',
    ],
    ['another body', () => forged(() => ({ body: Buffer.from('{}') })), 'SIGNATURE_DIGEST'],
    [
      'another sender',
      () => withFields((fields) => ({ ...fields, 'medseal-organization': 'hospital-c' })),
      'SIGNATURE_INVALID',
    ],
    [
      'another recipient',
      () => withFields((fields) => ({ ...fields, 'medseal-recipient': 'hospital-c' })),
      'SIGNATURE_INVALID',
    ],
    [
      'a second content digest',
      () =>
        withFields((fields) => ({
          ...fields,
          'content-digest': `${fields['content-digest']}, sha-512=:AAAA:`,
        })),
      'SIGNATURE_DIGEST',
    ],
    ['a component left out', () => withInput(' "content-type"', ''), 'SIGNATURE_COMPONENTS'],
    ['a component more', () => withInput('"@method"', '"@method" "@path"'), 'SIGNATURE_COMPONENTS'],
    [
      'components in another order',
      () => withInput('"@method" "@target-uri"', '"@target-uri" "@method"'),
      'SIGNATURE_COMPONENTS',
    ],
    ['no algorithm', () => withInput(';alg="ed25519"', ''), 'SIGNATURE_PARAMETERS'],
    ['another algorithm', () => withInput('ed25519', 'hmac-sha256'), 'SIGNATURE_PARAMETERS'],
    ['an algorithm that is a token', () => withInput('"ed25519"', 'ed25519'), 'SIGNATURE_PARAMETERS'],
    ['another tag', () => withInput('medseal-exchange', 'medseal-other'), 'SIGNATURE_PARAMETERS'],
    ['an unknown parameter', () => withInput(';alg=', ';expires=9999999999;alg='), 'SIGNATURE_PARAMETERS'],
    ['another key id', () => withInput('hospital-b#', 'hospital-a#'), 'SIGNATURE_KEY'],
    ['no nonce', () => withInput(/;nonce="[^"]*"/, ''), 'SIGNATURE_INVALID'],
    ['a changed time', () => withInput(/created=\d+/, 'created=1772352001'), 'SIGNATURE_INVALID'],
    ['a second label', () => withInput(/$/, ', other=("@method");created=1'), 'SIGNATURE_MALFORMED'],
    ['the label twice', () => withInput(/^/, 'medseal=("@method"), '), 'SIGNATURE_MALFORMED'],
    ['another label', () => withInput(/^medseal/, 'sig1'), 'SIGNATURE_MALFORMED'],
    ['another spelling', () => withInput('" "', '"  "'), 'SIGNATURE_MALFORMED'],
    ['no signature', () => withFields(({ signature: _, ...fields }) => fields), 'SIGNATURE_MALFORMED'],
    [
      'a short signature',
      () => withFields((fields) => ({ ...fields, signature: 'medseal=:AAAA:' })),
      'SIGNATURE_MALFORMED',
    ],
    ['a huge field', () => withInput(/$/, ' '.repeat(4000)), 'SIGNATURE_MALFORMED'],
  ])('is refused with %s', (_, forge, code) => {
    expect(forge()).toBe(code);
  });

  it('is refused when another member signed it, though it names the right key', () => {
    const { fields } = signRequest(request, {
      signer: { keyId: b.signer.keyId, sign: c.signer.sign },
      createdAt: now,
      nonce,
    });

    expect(codeOf(() => verifyRequest({ ...request, fields }, { verifier: b.verifier, now }))).toBe(
      'SIGNATURE_INVALID',
    );
  });

  it.each([
    [-60_400, 'accepted'],
    [-60_401, 'SIGNATURE_CLOCK'],
    [59_600, 'accepted'],
    [60_601, 'SIGNATURE_CLOCK'],
    [Number.NaN, 'SIGNATURE_CLOCK'],
  ])('with a clock that is off by %d ms is %s', (offset, code) => {
    const later = new Date(now.getTime() + offset);

    expect(codeOf(() => verifyRequest(signedRequest(), { verifier: b.verifier, now: later }))).toBe(code);
  });

  it('needs a nonce of at least 128 bits', () => {
    const { fields } = signRequest(request, { signer: b.signer, createdAt: now, nonce: Buffer.alloc(15) });

    expect(codeOf(() => verifyRequest({ ...request, fields }, { verifier: b.verifier, now }))).toBe(
      'SIGNATURE_PARAMETERS',
    );
  });

  it('is refused whichever bit of its signature is flipped', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 511 }), (bit) => {
        const signed = signedRequest();
        const bytes = Buffer.from(String(signed.fields['signature']).slice(9, -1), 'base64');
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const fields = { ...signed.fields, signature: `medseal=:${bytes.toString('base64')}:` };
        return (
          codeOf(() => verifyRequest({ ...signed, fields }, { verifier: b.verifier, now })) ===
          'SIGNATURE_INVALID'
        );
      }),
      { numRuns: 60 },
    );
  });

  it('answers every text in its signature fields with a code, never with another error', () => {
    const signed = signedRequest();
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constant(String(signed.fields['signature-input'])),
    );
    fc.assert(
      fc.property(text, text, (input, signature) => {
        const fields = { ...signed.fields, 'signature-input': input, signature };
        return codeOf(() => verifyRequest({ ...signed, fields }, { verifier: b.verifier, now })).startsWith(
          'SIGNATURE_',
        );
      }),
    );
  });
});

describe('a signed response', () => {
  it('verifies for the request that it answers', () => {
    const answered = signedRequest();

    expect(() =>
      verifyResponse(signedResponse(answered), { request: answered, verifier: a.verifier, now }),
    ).not.toThrow();
  });

  it('does not pass for another request of the same content', () => {
    const answered = signedRequest();
    const { fields } = signRequest(request, { signer: b.signer, createdAt: now, nonce: Buffer.alloc(16, 8) });

    expect(
      codeOf(() =>
        verifyResponse(signedResponse(answered), {
          request: { ...request, fields },
          verifier: a.verifier,
          now,
        }),
      ),
    ).toBe('SIGNATURE_INVALID');
  });

  it.each([
    ['another status', { status: 201 }, 'SIGNATURE_INVALID'],
    ['another body', { body: Buffer.from([1, 2, 4]) }, 'SIGNATURE_DIGEST'],
  ])('is refused with %s', (_, change, code) => {
    const answered = signedRequest();

    expect(
      codeOf(() =>
        verifyResponse(
          { ...signedResponse(answered), ...change },
          { request: answered, verifier: a.verifier, now },
        ),
      ),
    ).toBe(code);
  });

  it('is refused from another member and outside the time window', () => {
    const answered = signedRequest();
    const response = signedResponse(answered);

    expect(codeOf(() => verifyResponse(response, { request: answered, verifier: c.verifier, now }))).toBe(
      'SIGNATURE_KEY',
    );
    const late = new Date(now.getTime() + 61_000);
    expect(
      codeOf(() => verifyResponse(response, { request: answered, verifier: a.verifier, now: late })),
    ).toBe('SIGNATURE_CLOCK');
  });

  it('cannot be a request that is played back', () => {
    const signed = signedRequest();
    const mirrored = { status: 200, fields: signed.fields, body };

    expect(codeOf(() => verifyResponse(mirrored, { request: signed, verifier: b.verifier, now }))).toBe(
      'SIGNATURE_COMPONENTS',
    );
  });
});

describe('the example of docs/formats/http-signature.md', () => {
  it('comes out byte for byte', () => {
    const privateKey = createPrivateKey({
      key: 'MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF',
      format: 'der',
      type: 'pkcs8',
      encoding: 'base64',
    });
    const raw = rawPublicKey(createPublicKey(privateKey));
    const signerOf = (id: string): MessageSigner => ({
      keyId: messageKeyId(id, raw),
      sign: (bytes) => sign(null, bytes, privateKey),
    });
    const example = {
      ...request,
      targetUri: 'https://a.example/peer/exchange',
      body: Buffer.from('{"hello": "world"}'),
    };
    const options = { signer: signerOf('hospital-b'), createdAt: new Date(1_772_352_000_000) };

    const { fields, digest } = signRequest(example, {
      ...options,
      nonce: Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex'),
    });
    const response = {
      status: 200,
      fields: {
        'content-type': 'application/vnd.medseal.exchange',
        'medseal-organization': 'hospital-a',
        'medseal-recipient': 'hospital-b',
      },
      body: Buffer.from('sealed'),
    };
    const answered = { request: { ...example, fields }, signer: signerOf('hospital-a') };
    const signed = signResponse(response, { ...answered, createdAt: new Date(1_772_352_001_000) });

    const page = readFileSync(new URL('../../../docs/formats/http-signature.md', import.meta.url), 'utf8');
    for (const name of ['content-digest', 'signature-input', 'signature']) {
      expect(page).toContain(`: ${fields[name]}\n`);
      expect(page).toContain(`: ${signed[name]}\n`);
    }
    expect(page).toContain(Buffer.from(digest).toString('hex'));
  });
});

describe('a registered message key', () => {
  it('is named after the organisation and the key', () => {
    const fingerprint = createHash('sha256').update(a.publicKey).digest('hex').slice(0, 16);

    expect(messageKeyId('hospital-a', a.publicKey)).toBe(`hospital-a#${fingerprint}`);
  });

  it.each([
    ['a point of small order', '0100000000000000000000000000000000000000000000000000000000000000'],
    ['the zero key', '0000000000000000000000000000000000000000000000000000000000000000'],
    ['too short', '01'],
  ])('is refused when it is %s', (_, key) => {
    expect(codeOf(() => messageVerifier('hospital-a', Buffer.from(key, 'hex')))).toBe('SIGNATURE_KEY');
  });
});
