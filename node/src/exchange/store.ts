import type { Queryable } from '../lib/sql.ts';
import type { ExchangeReceipt } from './types.ts';

/** One exchange with one partner, as it is kept. */
export type ExchangeRow = {
  exchangeId: string;
  requestId: string;
  direction: 'asked' | 'answered';
  partner: string;
  purpose: string;
  staffId: string;
  outcome: 'permitted' | 'denied' | 'failed';
  /** Exact reason of a failure. */
  code?: string | undefined;
  recordCount: number;
  requestDigest?: Uint8Array | undefined;
  receipt?: ExchangeReceipt | undefined;
  /** The source's decision receipt, at the requester; the source keeps it sealed with its decision. */
  decision?: Record<string, unknown> | undefined;
  at: string;
};

type Stored = {
  exchange_id: string;
  request_id: string;
  direction: 'asked' | 'answered';
  partner: string;
  purpose: string;
  staff_id: string;
  outcome: ExchangeRow['outcome'];
  code: string | null;
  record_count: number;
  request_digest: Uint8Array | null;
  receipt: ExchangeReceipt | null;
  decision: Record<string, unknown> | null;
  created_at: Date;
};

const columns =
  'exchange_id, request_id, direction, partner, purpose, staff_id, outcome, code, record_count, request_digest, receipt, decision, created_at';

/** Keeps what this node asked of its partners. */
export async function saveAsked(tx: Queryable, rows: readonly ExchangeRow[]): Promise<void> {
  await tx.query(
    `insert into exchange (${columns})
     select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
       $8::text[], $9::integer[], $10::bytea[], $11::jsonb[], $12::jsonb[], $13::timestamptz[])`,
    transpose(rows.map(valuesOf)),
  );
}

/**
 * Keeps an answer together with the nonce of the request it answers. False when the nonce or the request was answered
 * before, by this process or another one; nothing is written then.
 */
export async function saveAnswer(
  tx: Queryable,
  row: ExchangeRow,
  { nonce, expiresAt }: { nonce: Uint8Array; expiresAt: string },
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `with fresh as (
       insert into exchange_nonce (organization_id, nonce, expires_at) values ($4, $14, $15)
       on conflict do nothing returning 1
     )
     insert into exchange (${columns})
     select $1::uuid, $2::uuid, $3, $4, $5, $6, $7, $8, $9::integer, $10::bytea, $11::jsonb, $12::jsonb,
       $13::timestamptz from fresh
     on conflict (direction, partner, request_id) do nothing`,
    [...valuesOf(row), nonce, expiresAt],
  );
  return rowCount === 1;
}

/** Whether a request with this nonce was answered already. */
export async function isNonceUsed(
  db: Queryable,
  { organizationId, nonce }: { organizationId: string; nonce: Uint8Array },
): Promise<boolean> {
  const { rowCount } = await db.select(
    'select from exchange_nonce where organization_id = $1 and nonce = $2',
    [organizationId, nonce],
  );
  return rowCount > 0;
}

/** Forgets the nonces whose requests are outside the time window anyway. */
export async function purgeNonces(db: Queryable, now: Date): Promise<void> {
  await db.query('delete from exchange_nonce where expires_at < $1', [now]);
}

/** What was asked under one request id, a row for each source. */
export async function findAsked(db: Queryable, requestId: string): Promise<ExchangeRow[]> {
  const { rows } = await db.query<Stored>(
    `select ${columns} from exchange where request_id = $1 and direction = 'asked' order by partner collate "C"`,
    [requestId],
  );
  return rows.map(rowOf);
}

/** What this node asked or answered under one request id. */
export async function findExchanges(db: Queryable, requestId: string): Promise<ExchangeRow[]> {
  const { rows } = await db.query<Stored>(
    `select ${columns} from exchange where request_id = $1 order by partner collate "C", direction`,
    [requestId],
  );
  return rows.map(rowOf);
}

function valuesOf(row: ExchangeRow): unknown[] {
  return [
    row.exchangeId,
    row.requestId,
    row.direction,
    row.partner,
    row.purpose,
    row.staffId,
    row.outcome,
    row.code ?? null,
    row.recordCount,
    row.requestDigest ?? null,
    row.receipt === undefined ? null : JSON.stringify(row.receipt),
    row.decision === undefined ? null : JSON.stringify(row.decision),
    row.at,
  ];
}

function transpose(rows: unknown[][]): unknown[][] {
  return (rows[0] ?? []).map((_, column) => rows.map((row) => row[column]));
}

function rowOf(row: Stored): ExchangeRow {
  return {
    exchangeId: row.exchange_id,
    requestId: row.request_id,
    direction: row.direction,
    partner: row.partner,
    purpose: row.purpose,
    staffId: row.staff_id,
    outcome: row.outcome,
    code: row.code ?? undefined,
    recordCount: row.record_count,
    requestDigest: row.request_digest ?? undefined,
    receipt: row.receipt ?? undefined,
    decision: row.decision ?? undefined,
    at: row.created_at.toISOString(),
  };
}
