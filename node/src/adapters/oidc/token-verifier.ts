import { jwtVerify } from 'jose';
import { IdentityError, type TokenVerifier } from '../../identity/index.ts';
import { createKeySet, type KeySetOptions } from './key-set.ts';

const longestToken = 8_192;

/**
 * Verifies access tokens of an OpenID provider (RFC 9068): asymmetric algorithms only, this issuer, this node's
 * audience, type `at+jwt` (so that an ID token is never taken for one), not expired, issued within the hour.
 */
export function createTokenVerifier(options: KeySetOptions & { audience: string }): TokenVerifier {
  const { issuer, audience, clock } = options;
  const keys = createKeySet(options);
  return {
    async verify(token) {
      if (token.length > longestToken) throw new IdentityError('IDENTITY_TOKEN_INVALID');
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
    },
  };
}
