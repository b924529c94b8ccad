import type { OrganizationId } from '../lib/brand.ts';
import { IdentityError } from './errors.ts';
import type { TokenVerifier } from './ports.ts';
import { type Role, roles, type Staff } from './types.ts';

const knownRoles: ReadonlySet<string> = new Set(roles);
const lineOfText = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,200}$/u;

/**
 * Turns a staff bearer token into the member of staff it names. The token must be of this node's own organisation:
 * a colleague of another hospital comes through that hospital's node, never with its token here.
 */
export async function verifyStaffToken(
  bearer: string,
  { verifier, organizationId }: { verifier: TokenVerifier; organizationId: OrganizationId },
): Promise<Staff> {
  const claims = await verifier.verify(bearer);
  if (claims['medseal_organization'] !== organizationId) throw new IdentityError('IDENTITY_TOKEN_INVALID');
  return {
    kind: 'staff',
    staffId: text(claims['sub']),
    displayName: text(claims['name']),
    roles: rolesOf(claims['medseal_roles']),
    organizationId,
    authenticatedAt: time(claims['auth_time']),
  };
}

/** Roles this version knows; one it does not know grants nothing. */
function rolesOf(claim: unknown): Role[] {
  if (!Array.isArray(claim)) throw new IdentityError('IDENTITY_TOKEN_INVALID');
  return claim.filter((role): role is Role => typeof role === 'string' && knownRoles.has(role));
}

function text(claim: unknown): string {
  if (typeof claim !== 'string' || !lineOfText.test(claim)) throw new IdentityError('IDENTITY_TOKEN_INVALID');
  return claim;
}

function time(claim: unknown): string {
  if (typeof claim !== 'number' || !Number.isSafeInteger(claim) || claim < 0 || claim > 8.64e12) {
    throw new IdentityError('IDENTITY_TOKEN_INVALID');
  }
  return new Date(claim * 1000).toISOString();
}
