import { canonicalJson } from '@medseal/evidence';
import { parseJson } from '../lib/strict-json.ts';
import type { LedgerPort } from './ports.ts';
import type { MemberProfile } from './types.ts';

/**
 * Publishes this organisation's entry on the ledger at start. It asks first and writes only what differs, so a restart
 * costs no transaction and does not send a registered member back to the regulator.
 */
export async function registerSelf(
  profile: MemberProfile,
  { ledger, mspId }: { ledger: LedgerPort; mspId: string },
): Promise<'unchanged' | 'saved'> {
  if (await isPublished(profile, ledger)) return 'unchanged';
  // Naming the regulator again is answered with the stored state (chaincode `member:initialize`).
  if (profile.kind === 'regulator') await ledger.submit('member', 'initialize', [mspId]);
  await ledger.submit('member', 'save', [canonicalJson(profile)]);
  return 'saved';
}

async function isPublished(profile: MemberProfile, ledger: LedgerPort): Promise<boolean> {
  const members = parseJson(await ledger.evaluate('member', 'list', [])) as Record<string, unknown>[];
  const own = members.find(({ organizationId }) => organizationId === profile.organizationId);
  if (own === undefined) return false;
  const { state, mspId: _mspId, ...published } = own;
  return state !== 'deleted' && canonicalJson(published) === canonicalJson(profile);
}
