import { type ConsentVersion, fromHex, hex } from '@medseal/evidence';
import type { Queryable } from '../lib/sql.ts';

/** A version of a consent as a verified block holds it. */
export type RecordedConsent = ConsentVersion & { txId: string; blockNumber: number };

type Row = {
  ledger_id: string;
  version: number;
  commitment: Uint8Array;
  status: string;
  organization_id: string;
  recorded_at: Date;
  tx_id: string;
  block_number: string;
};

/**
 * Every version, up to a block, of the consents under which an organisation recorded one of these commitments: what the
 * ledger held of them then.
 */
export async function findRecordedConsents(
  db: Queryable,
  {
    organizationId,
    digests,
    highestBlock,
  }: { organizationId: string; digests: readonly string[]; highestBlock: number },
): Promise<RecordedConsent[]> {
  const { rows } = await db.query<Row>(
    `select ledger_id, version, commitment, status, organization_id, recorded_at, tx_id, block_number
     from consent_ledger_version
     where block_number <= $3 and ledger_id in (
       select ledger_id from consent_ledger_version
       where commitment = any($1::bytea[]) and organization_id = $2 and block_number <= $3)
     order by ledger_id, version`,
    [digests.map(fromHex), organizationId, highestBlock],
  );
  return rows.map((row) => ({
    ...{ id: row.ledger_id, version: row.version, commitment: hex(row.commitment), status: row.status },
    ...{ organizationId: row.organization_id, at: row.recorded_at.toISOString() },
    ...{ txId: row.tx_id, blockNumber: Number(row.block_number) },
  }));
}
