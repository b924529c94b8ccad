import { fromHex } from '@medseal/evidence';
import { z } from 'zod';
import type { LedgerTransaction, LedgerWrite } from '../identity/index.ts';
import type { Queryable } from '../lib/sql.ts';
import { parseJson } from '../lib/strict-json.ts';
import { ConsentError } from './errors.ts';

const keyStart = '\u0000consent\u0000';
const VALID = 0;

const stored = z.object({
  id: z.string().regex(/^[0-9a-f]{32}$/),
  version: z.int().min(1),
  commitment: z.string().regex(/^[0-9a-f]{64}$/),
  status: z.enum(['active', 'inactive']),
  organizationId: z.string(),
});
type Stored = z.infer<typeof stored>;

/** A verified transaction and the time that its client gave it. */
export type ConsentTransaction = LedgerTransaction & { timestamp: string };

/**
 * Projects what one transaction of a verified block wrote about consents, and confirms our own versions with it. A write
 * that cannot be read stops the projection (CONSENT_LEDGER_INVALID): skipping it could keep a revoked consent alive.
 */
export async function projectConsents(
  tx: Queryable,
  transaction: ConsentTransaction,
  chaincode = 'medseal',
): Promise<void> {
  if (transaction.validationCode !== VALID) return;
  for (const write of transaction.writes) {
    if (write.namespace !== chaincode || !write.key.startsWith(keyStart)) continue;
    await project(tx, readConsent(write), transaction);
  }
}

function readConsent(write: LedgerWrite): Stored {
  const parsed = write.isDelete ? undefined : stored.safeParse(readJson(write.value));
  if (!parsed?.success || write.key !== `${keyStart}${parsed.data.id}\u0000`) {
    throw new ConsentError('CONSENT_LEDGER_INVALID');
  }
  return parsed.data;
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes);
  } catch (cause) {
    throw new ConsentError('CONSENT_LEDGER_INVALID', { cause });
  }
}

async function project(
  tx: Queryable,
  consent: Stored,
  { txId, blockNumber, timestamp }: ConsentTransaction,
): Promise<void> {
  const commitment = fromHex(consent.commitment);
  const values = [
    ...[consent.id, consent.version, commitment, consent.status, consent.organizationId],
    ...[txId, String(blockNumber)],
  ];
  await tx.query(
    `insert into consent_ledger_version
       (ledger_id, version, commitment, status, organization_id, tx_id, block_number, recorded_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing`,
    [...values, timestamp],
  );
  await tx.query(
    `insert into consent_ledger (ledger_id, version, commitment, status, organization_id, tx_id, block_number)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (ledger_id) do update set version = excluded.version, commitment = excluded.commitment,
       status = excluded.status, organization_id = excluded.organization_id, tx_id = excluded.tx_id,
       block_number = excluded.block_number`,
    values,
  );
  await tx.query(
    `update consent_outbox o set state = 'confirmed', tx_id = $4, code = null from consent c
     where o.ledger_id = $1 and o.version = $2 and c.ledger_id = o.ledger_id and c.version = o.version
       and c.commitment = $3`,
    [consent.id, consent.version, commitment, txId],
  );
}
