import { createLocalJWKSet, type JWTVerifyGetKey, errors as joseErrors } from 'jose';
import { z } from 'zod';
import { IdentityError } from '../../identity/index.ts';
import type { Clock } from '../../lib/clock.ts';
import { fetchJson } from './fetch-json.ts';

const freshMilliseconds = 10 * 60_000;
const cooldownMilliseconds = 30_000;

const discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });
const keySet = z.object({ keys: z.array(z.unknown()).max(100) });
// Symmetric keys have no place in a published set: one would let anybody who reads it sign (kty `oct`).
const signingKey = z.looseObject({ kty: z.enum(['RSA', 'EC', 'OKP']) });

export type KeySetOptions = { issuer: string; ca?: string; clock: Clock };

type Cached = { find: JWTVerifyGetKey; fetchedAt: number };

/**
 * The provider's signing keys: kept 10 minutes, fetched again for an unknown `kid` at most every 30 s, so that tokens
 * with invented key ids cannot turn this node against its provider. When the keys are too old and the provider cannot
 * be reached nobody is let in (IDENTITY_PROVIDER_UNREACHABLE).
 */
export function createKeySet(options: KeySetOptions): JWTVerifyGetKey {
  const { clock } = options;
  let cached: Cached | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;
  let pending: Promise<Cached> | undefined;

  const refresh = (): Promise<Cached> => {
    triedAt = clock.now().getTime();
    pending ??= fetchKeys(options)
      .then((fetched) => {
        cached = fetched;
        return fetched;
      })
      .finally(() => {
        pending = undefined;
      });
    return pending;
  };
  const current = (): Promise<Cached> => {
    const now = clock.now().getTime();
    if (cached !== undefined && now - cached.fetchedAt < freshMilliseconds) return Promise.resolve(cached);
    return refresh();
  };

  return async (header, token) => {
    const keys = await current();
    try {
      return await keys.find(header, token);
    } catch (error) {
      const mayHaveRotated = error instanceof joseErrors.JWKSNoMatchingKey;
      if (!mayHaveRotated || clock.now().getTime() - triedAt < cooldownMilliseconds) throw error;
      return (await refresh()).find(header, token);
    }
  };
}

async function fetchKeys({ issuer, ca, clock }: KeySetOptions): Promise<Cached> {
  try {
    const base = issuer.endsWith('/') ? issuer : `${issuer}/`;
    const metadata = discovery.parse(await fetchJson(new URL('.well-known/openid-configuration', base), ca));
    if (metadata.issuer !== issuer) throw new Error('the provider names another issuer');
    const url = new URL(metadata.jwks_uri);
    // Keys fetched in the clear from a provider that is reached by TLS could be anybody's.
    if (issuer.startsWith('https:') && url.protocol !== 'https:') throw new Error('jwks_uri is not https');
    const published = keySet.parse(await fetchJson(url, ca));
    const keys = published.keys.flatMap((key) => signingKey.safeParse(key).data ?? []);
    return { find: createLocalJWKSet({ keys }), fetchedAt: clock.now().getTime() };
  } catch (cause) {
    throw new IdentityError('IDENTITY_PROVIDER_UNREACHABLE', { cause });
  }
}
