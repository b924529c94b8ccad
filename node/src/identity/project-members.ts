import { z } from 'zod';
import type { OrganizationId } from '../lib/brand.ts';
import type { Queryable } from '../lib/sql.ts';
import { parseJson } from '../lib/strict-json.ts';
import { IdentityError } from './errors.ts';
import { saveMember } from './members.ts';
import type { LedgerTransaction, LedgerWrite, Member } from './types.ts';

const memberKeyStart = '\u0000member\u0000';
const VALID = 0;

const stored = z.object({
  organizationId: z.string(),
  mspId: z.string(),
  kind: z.enum(['hospital', 'pharmacy', 'regulator', 'research']),
  names: z.object({ zh: z.string(), en: z.string() }),
  nodeUrl: z.string(),
  tlsFingerprint: z.string().regex(/^[0-9a-f]{64}$/),
  sealingKey: z.string().regex(/^[0-9a-f]{64}$/),
  logKey: z.string(),
  messageKey: z.string().regex(/^[0-9a-f]{64}$/),
  state: z.enum(['saved', 'registered', 'disabled', 'deleted']),
});

/**
 * Projects what one transaction of a verified block wrote about members. Transactions that the peers marked invalid
 * wrote nothing. A write that cannot be read stops the projection (IDENTITY_MEMBER_INVALID) rather than being skipped:
 * going on would keep a suspended member in good standing.
 */
export async function projectMembers(
  tx: Queryable,
  transaction: LedgerTransaction,
  chaincode = 'medseal',
): Promise<void> {
  if (transaction.validationCode !== VALID) return;
  for (const write of transaction.writes) {
    if (write.namespace !== chaincode || !write.key.startsWith(memberKeyStart)) continue;
    await saveMember(tx, readMember(write, Number(transaction.blockNumber)));
  }
}

function readMember(write: LedgerWrite, blockNumber: number): Member {
  const parsed = write.isDelete ? undefined : stored.safeParse(parseJson(write.value));
  if (!parsed?.success || write.key !== `${memberKeyStart}${parsed.data.organizationId}\u0000`) {
    throw new IdentityError('IDENTITY_MEMBER_INVALID');
  }
  return { ...parsed.data, organizationId: parsed.data.organizationId as OrganizationId, blockNumber };
}
