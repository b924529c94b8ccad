import { createHmac } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type OrganizationId, type TokenVerifier, verifyStaffToken } from '../../identity/index.ts';
import { manualClock } from '../../lib/clock.ts';
import { createTokenVerifier } from './token-verifier.ts';

const audience = 'https://medseal.org/node/hospital-a';
const organizationId = 'hospital-a' as OrganizationId;
type Pair = { privateKey: CryptoKey; publicKey: CryptoKey };

let provider: Server;
let issuer: string;
let pair: Pair;
let published: object[];
let requests: number;
let clock: ReturnType<typeof manualClock>;
let verifier: TokenVerifier;

beforeAll(async () => {
  pair = (await generateKeyPair('ES256', { extractable: true })) as Pair;
  provider = createServer((request, response) => {
    requests += 1;
    const isKeys = request.url === '/jwks';
    response.end(JSON.stringify(isKeys ? { keys: published } : { issuer, jwks_uri: `${issuer}/jwks` }));
  });
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
});
afterAll(() => void provider.close());

beforeEach(async () => {
  requests = 0;
  published = [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }];
  clock = manualClock('2026-01-01T08:00:00.000Z');
  verifier = createTokenVerifier({ issuer, audience, clock });
});

const seconds = (): number => Math.floor(clock.now().getTime() / 1000);
const claims = (): Record<string, unknown> => ({
  iss: issuer,
  aud: audience,
  sub: 'staff-1',
  name: '周医生',
  iat: seconds(),
  exp: seconds() + 900,
  auth_time: seconds() - 60,
  medseal_organization: 'hospital-a',
  medseal_roles: ['clinician', 'janitor'],
});

async function token(
  change: Record<string, unknown> = {},
  { header = {}, key = pair.privateKey }: { header?: Record<string, unknown>; key?: CryptoKey } = {},
): Promise<string> {
  const body = Object.fromEntries(
    Object.entries({ ...claims(), ...change }).filter(([, value]) => value !== undefined),
  );
  return new SignJWT(body)
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'k1', ...header })
    .sign(key);
}

const staff = (bearer: string) => verifyStaffToken(bearer, { verifier, organizationId });
const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('staff tokens', () => {
  it('become the member of staff, with the roles this version knows', async () => {
    expect(await staff(await token())).toEqual({
      kind: 'staff',
      staffId: 'staff-1',
      displayName: '周医生',
      roles: ['clinician'],
      organizationId: 'hospital-a',
      authenticatedAt: '2026-01-01T07:59:00.000Z',
    });
  });

  it.each<[string, Record<string, unknown>]>([
    ['another issuer', { iss: 'https://evil.example' }],
    ["another node's audience", { aud: 'https://medseal.org/node/hospital-b' }],
    ["another hospital's staff", { medseal_organization: 'hospital-b' }],
    ['no organisation', { medseal_organization: undefined }],
    ['roles that are no list', { medseal_roles: 'administrator' }],
    ['no roles', { medseal_roles: undefined }],
    ['no subject', { sub: undefined }],
    ['a subject with a line feed', { sub: 'a\nb' }],
    ['no name', { name: undefined }],
    ['no time of authentication', { auth_time: undefined }],
    ['a time of authentication that is no number', { auth_time: 'now' }],
    ['no expiry', { exp: undefined }],
    ['its expiry behind', { exp: Date.parse('2026-01-01T07:59:50.000Z') / 1000 }],
    ['its start ahead', { nbf: Date.parse('2026-01-01T08:01:00.000Z') / 1000 }],
    ['an issue time two hours ago', { iat: Date.parse('2026-01-01T06:00:00.000Z') / 1000 }],
  ])('are refused with %s', async (_name, change) => {
    await expect(staff(await token(change))).rejects.toThrow('IDENTITY_TOKEN_INVALID');
  });

  it('are refused unsigned (alg none)', async () => {
    for (const alg of ['none', 'None', 'NONE']) {
      const bearer = `${base64({ alg, typ: 'at+jwt', kid: 'k1' })}.${base64(claims())}.`;
      await expect(staff(bearer)).rejects.toThrow('IDENTITY_TOKEN_INVALID');
    }
  });

  it('are refused when signed by HMAC under the public key', async () => {
    const head = `${base64({ alg: 'HS256', typ: 'at+jwt', kid: 'k1' })}.${base64(claims())}`;
    for (const key of [await exportSPKI(pair.publicKey), JSON.stringify(published[0])]) {
      const bearer = `${head}.${createHmac('sha256', key).update(head).digest('base64url')}`;
      await expect(staff(bearer)).rejects.toThrow('IDENTITY_TOKEN_INVALID');
    }
  });

  it('are refused when signed by HMAC under a symmetric key that the provider published by mistake', async () => {
    published.push({ kty: 'oct', k: 'c2VjcmV0', kid: 'k2', alg: 'HS256' });
    const head = `${base64({ alg: 'HS256', typ: 'at+jwt', kid: 'k2' })}.${base64(claims())}`;
    const bearer = `${head}.${createHmac('sha256', 'secret').update(head).digest('base64url')}`;

    await expect(staff(bearer)).rejects.toThrow('IDENTITY_TOKEN_INVALID');
  });

  it("are refused when the header brings its own key, or says where the attacker's is", async () => {
    const own = (await generateKeyPair('ES256', { extractable: true })) as Pair;
    const jwk = await exportJWK(own.publicKey);

    for (const header of [{ jwk }, { jku: 'https://evil.example/jwks' }, { x5u: 'https://evil.example' }]) {
      await expect(staff(await token({}, { header, key: own.privateKey }))).rejects.toThrow(
        'IDENTITY_TOKEN_INVALID',
      );
    }
  });

  it.each(['../../../../dev/null', "' or 1=1 --", '', 'k1\u0000'])(
    'are refused with the key id %j',
    async (kid) => {
      await expect(staff(await token({}, { header: { kid } }))).rejects.toThrow('IDENTITY_TOKEN_INVALID');
    },
  );

  it('are refused when they are ID tokens', async () => {
    await expect(staff(await token({}, { header: { typ: 'JWT' } }))).rejects.toThrow(
      'IDENTITY_TOKEN_INVALID',
    );
  });

  it('are refused with one character of the payload changed', async () => {
    const [head, , signature] = (await token()).split('.');
    const forged = base64({ ...claims(), medseal_roles: ['administrator'] });

    await expect(staff(`${head}.${forged}.${signature}`)).rejects.toThrow('IDENTITY_TOKEN_INVALID');
  });

  it.each(['', 'x', 'a.b', '....', 'e30.e30.', `${'a'.repeat(9000)}.b.c`])(
    'are refused as %.20s',
    async (bearer) => {
      await expect(staff(bearer)).rejects.toThrow('IDENTITY_TOKEN_INVALID');
    },
  );

  it('are not let in past their expiry by the verdict that is kept', async () => {
    const bearer = await token({ exp: seconds() + 10 });
    await staff(bearer);

    clock.advance(16_000);
    await expect(staff(bearer)).rejects.toThrow('IDENTITY_TOKEN_INVALID');
  });
});

describe('keys of the provider', () => {
  it('are fetched once for many tokens', async () => {
    const bearers = await Promise.all([1, 2, 3, 4].map((at) => token({ sub: `staff-${at}` })));

    await Promise.all(bearers.map(staff));

    expect(requests).toBe(2);
  });

  it('are fetched again for an unknown key id, at most every 30 s', async () => {
    await staff(await token());
    const next = (await generateKeyPair('ES256', { extractable: true })) as Pair;
    published = [{ ...(await exportJWK(next.publicKey)), kid: 'k2', alg: 'ES256' }];
    clock.advance(30_000);

    await staff(await token({}, { header: { kid: 'k2' }, key: next.privateKey }));
    expect(requests).toBe(4);
    for (const kid of ['k3', 'k4', 'k5']) {
      await expect(staff(await token({}, { header: { kid } }))).rejects.toThrow('IDENTITY_TOKEN_INVALID');
    }
    expect(requests).toBe(4);
  });

  it('let nobody in when they are too old and the provider is away', async () => {
    const away = createTokenVerifier({ issuer: 'http://127.0.0.1:1', audience, clock });
    const bearer = await token({ iss: 'http://127.0.0.1:1' });

    await expect(away.verify(bearer)).rejects.toThrow('IDENTITY_PROVIDER_UNREACHABLE');
  });

  it('are asked for again after an answer that changes the protocol', async () => {
    const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';
    const hijack: RequestListener = ({ socket }) => socket.write(upgrade);
    const listeners = provider.listeners('request') as RequestListener[];
    provider.removeAllListeners('request').on('request', hijack);
    await expect(staff(await token())).rejects.toThrow('IDENTITY_PROVIDER_UNREACHABLE');

    provider.removeAllListeners('request').on('request', listeners[0] as RequestListener);
    expect(await staff(await token())).toMatchObject({ staffId: 'staff-1' });
  });

  it('let nobody in when the provider names another issuer or answers nonsense', async () => {
    const other = createTokenVerifier({ issuer: `${issuer}/`, audience, clock });
    await expect(other.verify(await token())).rejects.toThrow('IDENTITY_PROVIDER_UNREACHABLE');

    published = 'nonsense' as never;
    await expect(createTokenVerifier({ issuer, audience, clock }).verify(await token())).rejects.toThrow(
      'IDENTITY_PROVIDER_UNREACHABLE',
    );
  });
});
