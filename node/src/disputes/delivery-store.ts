import type { Queryable } from '../lib/sql.ts';
import type { DeliveryReceipt } from './delivery-receipt.ts';
import type { DocumentKind, DocumentName, StepName } from './types.ts';

/** A document on its way to a partner. */
export type Delivery = DocumentName & { recipient: string; attempts: number };

/** Queues a document for each recipient; it leaves once the ledger holds `afterStep` of this organisation. */
export async function queueDeliveries(
  tx: Queryable,
  { caseId, kind, author }: DocumentName,
  { recipients, afterStep, at }: { recipients: readonly string[]; afterStep: StepName; at: Date },
): Promise<void> {
  await tx.query(
    `insert into dispute_delivery (case_id, kind, author, recipient, after_step, state, next_attempt_at)
     select $1, $2, $3, recipient, $5, 'queued', $6 from unnest($4::text[]) as r(recipient)
     on conflict do nothing`,
    [caseId, kind, author, recipients, afterStep, at],
  );
}

type Row = { case_id: string; kind: DocumentKind; author: string; recipient: string; attempts: number };

/** Takes up what is due, so that no other worker does until `until`. */
export async function takeDeliveries(
  db: Queryable,
  { now, until, limit }: { now: Date; until: Date; limit: number },
): Promise<Delivery[]> {
  const { rows } = await db.query<Row>(
    `with due as (
       select d.case_id, d.kind, d.author, d.recipient from dispute_delivery d
       join dispute_step s on s.case_id = d.case_id and s.step = d.after_step and s.state = 'confirmed'
       where d.state = 'queued' and d.next_attempt_at <= $1
       order by d.next_attempt_at limit $3 for update of d skip locked
     )
     update dispute_delivery d set next_attempt_at = $2, attempts = d.attempts + 1
     from due where (d.case_id, d.kind, d.author, d.recipient) = (due.case_id, due.kind, due.author, due.recipient)
     returning d.case_id, d.kind, d.author, d.recipient, d.attempts`,
    [now, until, limit],
  );
  return rows.map(({ case_id: caseId, ...row }) => ({ caseId, ...row }));
}

/** Writes what became of a delivery. */
export async function settleDelivery(
  db: Queryable,
  { caseId, kind, author, recipient }: Delivery,
  result:
    | { state: 'delivered'; receipt: DeliveryReceipt }
    | { state: 'queued'; code: string; nextAttemptAt: Date },
): Promise<void> {
  const [code, nextAttemptAt, receipt] =
    result.state === 'queued'
      ? [result.code, result.nextAttemptAt, null]
      : [null, null, JSON.stringify(result.receipt)];
  await db.query(
    `update dispute_delivery set state = $5, code = $6, next_attempt_at = coalesce($7, next_attempt_at),
       receipt = coalesce($8, receipt)
     where case_id = $1 and kind = $2 and author = $3 and recipient = $4`,
    [caseId, kind, author, recipient, result.state, code, nextAttemptAt, receipt],
  );
}

export type WaitingDelivery = {
  kind: DocumentKind;
  author: string;
  recipient: string;
  attempts: number;
  code: string | null;
};

/** Documents of a case that have not arrived. */
export async function waitingDeliveries(db: Queryable, caseId: string): Promise<WaitingDelivery[]> {
  const { rows } = await db.query<WaitingDelivery>(
    `select kind, author, recipient, attempts, code from dispute_delivery
     where case_id = $1 and state = 'queued' order by kind, recipient`,
    [caseId],
  );
  return rows;
}

/** Queues the deliveries of a document anew, delivered or not; a receipt that is here stays. */
export async function requeueDeliveries(
  tx: Queryable,
  { caseId, kind, author }: DocumentName,
  at: Date,
): Promise<void> {
  await tx.query(
    `update dispute_delivery set state = 'queued', next_attempt_at = $4
     where case_id = $1 and kind = $2 and author = $3`,
    [caseId, kind, author, at],
  );
}

/** What recipients signed for the documents of a case that this node handed over. */
export async function deliveryReceipts(db: Queryable, caseId: string): Promise<DeliveryReceipt[]> {
  const { rows } = await db.query<{ receipt: DeliveryReceipt }>(
    `select receipt from dispute_delivery where case_id = $1 and receipt is not null
     order by kind, author, recipient`,
    [caseId],
  );
  return rows.map(({ receipt }) => receipt);
}
