import { type CaseContent, caseCommitment, equalBytes, fromHex, hex } from '@medseal/evidence';
import {
  createKeys,
  findKeys,
  type KeyStore,
  openRecord,
  type SealingKey,
  sealRecord,
} from '../crypto/index.ts';
import type { Queryable } from '../lib/sql.ts';
import { DisputeError } from './errors.ts';
import type { DocumentKind, DocumentName, KeptDocument } from './types.ts';

type Sealing = { keyStore: KeyStore; tenant: string };
type Row = {
  kind: DocumentKind;
  author: string;
  attempt: number;
  commitment: Uint8Array;
  wrapped_key: Uint8Array;
  body_sealed: Uint8Array;
};

/** Seals a document under the case's key and keeps it. False where it is here already; the same one, then. */
export async function keepDocument(
  tx: Queryable,
  { name, attempt = 1, kept, patientToken, at }: NewDocument,
  { keyStore, tenant }: Sealing,
): Promise<boolean> {
  const token = caseToken(keyStore, name.caseId);
  const key = (await createKeys(tx, [token], { keyStore, at })).get(hex(token));
  if (key === undefined) throw new DisputeError('DISPUTE_UNREADABLE');
  const { sealed } = sealRecord(JSON.stringify(kept), {
    key,
    address: addressOf({ ...name, attempt }, tenant),
  });
  const { rowCount } = await tx.query(
    `insert into dispute_document (case_id, kind, author, patient_token, commitment, wrapped_key, body_sealed, recorded_at, attempt)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing`,
    [
      name.caseId,
      name.kind,
      name.author,
      patientToken ?? null,
      fromHex(caseCommitment(kept.document)),
      sealed.wrappedKey,
      sealed.body,
      at,
      attempt,
    ],
  );
  return rowCount === 1;
}

export type NewDocument = {
  name: DocumentName;
  /** Which of several findings it is, where the case was examined again. */
  attempt?: number;
  kept: KeptDocument;
  patientToken?: Uint8Array | undefined;
  at: Date;
};

/** The number of the next document of this name. */
export async function nextAttempt(tx: Queryable, { caseId, kind, author }: DocumentName): Promise<number> {
  const { rows } = await tx.query<{ next: number }>(
    `select coalesce(max(attempt), 0) + 1 as next from dispute_document
     where case_id = $1 and kind = $2 and author = $3`,
    [caseId, kind, author],
  );
  return rows[0]?.next ?? 1;
}

/** Since when a document is kept here. */
export async function keptSince(
  tx: Queryable,
  { caseId, kind, author }: DocumentName,
  now: Date,
): Promise<Date> {
  const { rows } = await tx.query<{ recorded_at: Date }>(
    `select recorded_at from dispute_document where case_id = $1 and kind = $2 and author = $3 and attempt = 1`,
    [caseId, kind, author],
  );
  return rows[0]?.recorded_at ?? now;
}

/** How often this node examined a case. */
export async function countFindings(db: Queryable, caseId: string): Promise<number> {
  const { rows } = await db.query<{ count: string }>(
    "select count(*) from dispute_document where case_id = $1 and kind = 'finding'",
    [caseId],
  );
  return Number(rows[0]?.count ?? 0);
}

/**
 * Opens what this node holds of a case, by `kind/author`: of several findings the one on the ledger, else the last one.
 * DISPUTE_UNREADABLE where a row was altered.
 */
export async function openDocuments(
  db: Queryable,
  caseId: string,
  { keyStore, tenant }: Sealing,
): Promise<Map<string, KeptDocument>> {
  const { rows } = await db.query<Row>(
    `select distinct on (d.kind, d.author) d.kind, d.author, d.attempt, d.commitment, d.wrapped_key, d.body_sealed
     from dispute_document d left join dispute_ledger l on l.case_id = d.case_id and l.is_current
     where d.case_id = $1
     order by d.kind, d.author, encode(d.commitment, 'hex') = l.dispute->'finding'->>'commitment' desc nulls last,
       d.attempt desc`,
    [caseId],
  );
  if (rows.length === 0) return new Map();
  const token = caseToken(keyStore, caseId);
  const key = (await findKeys(db, [token], { keyStore })).get(hex(token));
  if (key === undefined) return new Map();
  return new Map(
    rows.map((row) => [`${row.kind}/${row.author}`, open(row, { key, name: { ...row, caseId }, tenant })]),
  );
}

function open(
  row: Row,
  { key, name, tenant }: { key: SealingKey; name: DocumentName & { attempt: number }; tenant: string },
): KeptDocument {
  try {
    const sealed = { wrappedKey: row.wrapped_key, body: row.body_sealed };
    const { text } = openRecord(sealed, { key, address: addressOf(name, tenant) });
    const kept = JSON.parse(text) as KeptDocument;
    if (!equalBytes(fromHex(caseCommitment(kept.document)), row.commitment)) throw new Error('other content');
    return kept;
  } catch (cause) {
    throw new DisputeError('DISPUTE_UNREADABLE', { cause });
  }
}

/** The content of one document, which is of the kind that its name says. */
export function contentOf<Content extends CaseContent>(
  documents: ReadonlyMap<string, KeptDocument>,
  name: string,
): Content | undefined {
  return documents.get(name)?.document.content as Content | undefined;
}

/** The keyed hash under which the key of a case is kept. */
function caseToken(keyStore: KeyStore, caseId: string): Uint8Array {
  return keyStore.token('dispute', caseId);
}

function addressOf({ caseId, kind, author, attempt }: DocumentName & { attempt: number }, tenant: string) {
  return { tenant, type: 'Case', id: `${caseId}/${kind}/${author}`, version: attempt };
}
