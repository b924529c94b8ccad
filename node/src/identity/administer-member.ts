import type { Clock } from '../lib/clock.ts';
import type { Database } from '../lib/sql.ts';
import { type AdministrationAct, recordAct } from './administration.ts';
import { IdentityError } from './errors.ts';
import type { AccessPort, EvidencePort, LedgerPort } from './ports.ts';
import type { Members, Staff } from './types.ts';

/** What the regulator does to a member; it lets in only the entry that it saw, named by its digest. */
export type MemberMove =
  | { event: 'approve' | 'enable'; entryDigest: string }
  | { event: 'disable' | 'remove' };

export type AdministrationDeps = {
  db: Database;
  ledger: LedgerPort;
  evidence: EvidencePort;
  access: AccessPort;
  members: Members;
  clock: Clock;
};

/**
 * Moves a member's state on the ledger for the regulator's staff. The act is on record here before the ledger is
 * asked; the chaincode refuses it unless this node is the regulator's and the state allows it.
 */
export async function administerMember(
  { organizationId, move, staff }: { organizationId: string; move: MemberMove; staff: Staff },
  { db, ledger, evidence, access, members, clock }: AdministrationDeps,
): Promise<{ txId: string; blockNumber: number }> {
  if ((await members.get(organizationId)) === undefined) throw new IdentityError('IDENTITY_MEMBER_UNKNOWN');
  const at = clock.now();
  await db.transaction(async (tx) => {
    const { staffId } = staff;
    await recordAct(tx, actOf(move, { staffId, organizationId }), { evidence, at });
    const entry = { interaction: 'administer', outcome: 'success', actor: staff } as const;
    await access.record(tx, [{ ...entry, at: at.toISOString(), counterpart: organizationId }]);
  });
  const seen = 'entryDigest' in move ? [move.entryDigest] : [];
  const { txId, blockNumber } = await ledger.submit('member', move.event, [organizationId, ...seen]);
  return { txId, blockNumber: Number(blockNumber) };
}

function actOf(move: MemberMove, by: { staffId: string; organizationId: string }): AdministrationAct {
  const { event, ...seen } = move;
  return { kind: `member-${event}`, ...by, ...seen } as AdministrationAct;
}
