import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type BundlePlan,
  type EntryResult,
  errorIssue,
  FhirError,
  type OperationOutcomeIssue,
  type PlannedEntry,
  parseSearch,
  planBundle,
  type Resource,
} from '../fhir/index.ts';
import { IdentityError } from '../identity/index.ts';
import { AppError } from '../lib/errors.ts';
import { parseStored } from '../lib/strict-json.ts';
import { auditedQuery } from './audited-query.ts';
import { RecordsError } from './errors.ts';
import { ingest } from './ingest.ts';
import { pageRoom } from './page-room.ts';
import { readRecord } from './read.ts';
import type { RecordsDeps } from './records-deps.ts';
import { versionFor } from './requests.ts';
import { searchset } from './searchset.ts';
import type { Caller, WriteResult } from './types.ts';
import type { WriteEntry } from './write-context.ts';
import { toWriteEntry } from './write-entry.ts';

type Context = { caller: Caller; deps: RecordsDeps };

/** Records that are prepared before others get their turn. */
const turnSize = 256;

export type BundleAnswer = { kind: BundlePlan['kind']; results: EntryResult[] };

/**
 * Carries out a transaction (all or nothing, in one SQL transaction) or a batch (each entry by itself) and answers
 * entry by entry (FHIR R4 http.html §transaction).
 */
export async function writeBundle(bundle: unknown, context: Context): Promise<BundleAnswer> {
  const plan = planBundle(bundle);
  const results = plan.kind === 'transaction' ? await transact(plan, context) : await batch(plan, context);
  const ordered = Array.from({ length: plan.size }, (_, index) => results.get(index));
  return {
    kind: plan.kind,
    results: ordered.map((result) => result ?? { status: '500 Internal Server Error' }),
  };
}

async function transact(plan: BundlePlan, context: Context): Promise<Map<number, EntryResult>> {
  const entries = await writesOf(plan);
  // A read would show what the transaction may yet roll back; it belongs into a batch.
  if (entries.length < plan.entries.length) throw new RecordsError('RECORDS_TRANSACTION_READ');
  const { conditionalReferences } = plan;
  const written = await ingest(
    { entries, conditionalReferences },
    { ...context, interaction: 'transaction' },
  );
  return new Map([...written].map(([position, result]) => [position, entryResult(result)]));
}

/** Labelling thousands of records takes long enough for others to want a turn. */
async function writesOf(plan: BundlePlan): Promise<WriteEntry[]> {
  const writes: WriteEntry[] = [];
  for (const [place, entry] of plan.entries.entries()) {
    if (place % turnSize === 0) await nextTurn();
    const write = toWriteEntry(entry);
    if (write !== undefined) writes.push(write);
  }
  return writes;
}

async function batch(plan: BundlePlan, context: Context): Promise<Map<number, EntryResult>> {
  const results = new Map<number, EntryResult>();
  for (const [position, error] of plan.refused) results.set(position, refusal(error));
  const together = await createTogether(plan, context);
  let room = pageRoom;
  for (const entry of plan.entries) {
    const done = together.get(entry.index);
    // The answer to a batch of reads is one document: what finds no room in it is not even looked up.
    if (room < 0 && isRead(entry)) {
      results.set(entry.index, refusal(tooLarge()));
      continue;
    }
    const result = done === undefined ? await carryOut(entry, context) : entryResult(done);
    if (result.resource !== undefined) room -= JSON.stringify(result.resource).length;
    results.set(entry.index, room < 0 && result.resource !== undefined ? refusal(tooLarge()) : result);
  }
  return results;
}

function isRead({ request: { interaction } }: PlannedEntry): boolean {
  return interaction === 'read' || interaction === 'vread' || interaction === 'search-type';
}

function tooLarge(): FhirError {
  const text = 'The answers of this batch come to more than 16 MiB; ask for this one alone.';
  return new FhirError('FHIR_SEARCH_TOO_COSTLY', [
    errorIssue({ type: 'too-costly', code: 'FHIR_SEARCH_TOO_COSTLY', text }),
  ]);
}

/**
 * Creations of a batch do not depend on each other, so they are tried in one SQL transaction, which is many times
 * faster; should one be refused, nothing is written and each is tried by itself.
 */
async function createTogether(plan: BundlePlan, context: Context): Promise<Map<number, WriteResult>> {
  const entries = (await writesOf(plan)).filter((write) => write.interaction === 'create');
  const conditional = entries.filter(({ ifNoneExist }) => ifNoneExist !== undefined);
  const conditions = conditional.map(({ type, ifNoneExist }) => JSON.stringify([type, ifNoneExist]));
  const isRepeated = new Set(conditions).size < conditional.length;
  if (entries.length < 2 || isRepeated) return new Map();
  try {
    return await ingest({ entries, conditionalReferences: [] }, { ...context, interaction: 'batch' });
  } catch (error) {
    if (error instanceof AppError) return new Map();
    throw error;
  }
}

async function carryOut(entry: PlannedEntry, context: Context): Promise<EntryResult> {
  try {
    return await carryOutOne(entry, context);
  } catch (error) {
    if (error instanceof RecordsError || error instanceof FhirError) return refusal(error);
    // An identity number that is none: of this entry, not of the batch.
    if (error instanceof IdentityError) return { status: '422', issues: [issueOf(error)] };
    throw error;
  }
}

async function carryOutOne(entry: PlannedEntry, context: Context): Promise<EntryResult> {
  const { request, index } = entry;
  const write = toWriteEntry(entry);
  if (write !== undefined) {
    const request = { entries: [write], conditionalReferences: [] };
    const written = (await ingest(request, { ...context, interaction: write.interaction })).get(index);
    if (written === undefined) throw new RecordsError('RECORDS_UNAVAILABLE');
    return entryResult(written);
  }
  if (request.interaction === 'search-type') {
    const parameters = new URLSearchParams(request.query);
    const query = parseSearch(request.type, parameters);
    const caller = { ...context.caller, query: auditedQuery(request.type, parameters) };
    const found = await searchset({ query, parameters }, { ...context, caller });
    return { status: '200 OK', resource: parseStored(found) as Resource };
  }
  if (request.interaction !== 'read' && request.interaction !== 'vread')
    throw new RecordsError('RECORDS_NOT_FOUND');
  const version = request.interaction === 'vread' ? versionFor(request.versionId) : undefined;
  const { resource } = await readRecord({ type: request.type, id: request.id, version }, context);
  return { status: '200 OK', resource };
}

function entryResult({ status, type, id, version, lastUpdated }: WriteResult): EntryResult {
  const phrases = { 200: '200 OK', 201: '201 Created', 204: '204 No Content' } as const;
  const place = { versionId: String(version), lastModified: lastUpdated };
  if (status === 204) return { status: phrases[204], ...place };
  return { status: phrases[status], location: `${type}/${id}/_history/${version}`, ...place };
}

function refusal(error: FhirError | RecordsError): EntryResult {
  const issues = error instanceof FhirError ? error.issues : [issueOf(error)];
  return { status: String(error.status), issues };
}

function issueOf(error: RecordsError | IdentityError): OperationOutcomeIssue {
  const text = error instanceof RecordsError ? error.text : 'The identity of the person is refused.';
  return errorIssue({ type: 'processing', code: error.code, text });
}
