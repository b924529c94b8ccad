import { createHash } from 'node:crypto';
import { type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { IdentityError, type TokenVerifier } from '../../identity/index.ts';
import { createKeySet, type KeySetOptions } from './key-set.ts';

export type TokenVerifierOptions = KeySetOptions & { audience: string };

const longestToken = 8_192;
const keptMilliseconds = 30_000;
const mostKept = 1_000;

type Kept = { claims: JWTPayload; until: number };

/**
 * Verifies access tokens of an OpenID provider (RFC 9068): asymmetric algorithms only, this issuer, this node's
 * audience, type `at+jwt` (so that an ID token is never taken for one), not expired, issued within the hour. A verdict
 * is kept for 30 s at most, under the token's hash and never past its expiry.
 */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const keys = createKeySet(options);
  const kept = new Map<string, Kept>();
  return {
    async verify(token) {
      if (token.length > longestToken) throw new IdentityError('IDENTITY_TOKEN_INVALID');
      const hash = createHash('sha256').update(token).digest('base64');
      const now = options.clock.now().getTime();
      const known = kept.get(hash);
      if (known !== undefined && now < known.until) return known.claims;
      kept.delete(hash);
      const claims = await verifyOnce(token, keys, options);
      if (kept.size >= mostKept) forgetOldest(kept);
      kept.set(hash, { claims, until: Math.min(now + keptMilliseconds, (claims.exp ?? 0) * 1000) });
      return claims;
    },
  };
}

async function verifyOnce(
  token: string,
  keys: JWTVerifyGetKey,
  { issuer, audience, clock }: TokenVerifierOptions,
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience,
      algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
      typ: 'at+jwt',
      requiredClaims: ['sub', 'iat', 'exp', 'auth_time', 'medseal_organization', 'medseal_roles'],
      maxTokenAge: '1h',
      clockTolerance: 5,
      currentDate: clock.now(),
    });
    return payload;
  } catch (cause) {
    if (cause instanceof IdentityError) throw cause;
    throw new IdentityError('IDENTITY_TOKEN_INVALID', { cause });
  }
}

/** A Map keeps the order of insertion. */
function forgetOldest(kept: Map<string, Kept>): void {
  const oldest = kept.keys().next().value;
  if (oldest !== undefined) kept.delete(oldest);
}
