import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { actorOf, IdentityError, requireStaff, roles, type Staff } from '../identity/index.ts';
import type { PatientId, Pseudonym } from '../lib/brand.ts';
import { exactPaths } from '../lib/exact-paths.ts';
import type { Queryable } from '../lib/sql.ts';
import { ExchangeError } from './errors.ts';
import { failureTexts } from './failure-texts.ts';
import {
  countSchema,
  dataPeriodSchema,
  organizationIdSchema,
  purposeSchema,
  typesSchema,
} from './messages.ts';
import { isOverseer } from './prove-disclosure.ts';
import { type Inquiry, type RequesterDeps, requestRecords, type SourceResult } from './request.ts';
import { type ExchangeRow, findAsked } from './store.ts';
import type { ReceivedRecord, RecordProof, SentCheckpoint } from './types.ts';

const inquirySchema = z
  .strictObject({
    nationalId: z.string().min(1).max(32).optional(),
    patientId: z
      .string()
      .regex(/^[A-Za-z0-9.-]{1,64}$/)
      .optional(),
    pseudonym: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
    sources: z
      .array(organizationIdSchema)
      .min(1)
      .max(16)
      .refine((sources) => new Set(sources).size === sources.length),
    types: typesSchema,
    purpose: purposeSchema,
    count: countSchema.default(100),
    dataPeriod: dataPeriodSchema.optional(),
    /** Whether each record comes with what an offline check of it needs. */
    proofs: z.enum(['include', 'omit']).default('omit'),
  })
  .refine(({ nationalId, patientId, pseudonym }) => {
    return [nationalId, patientId, pseudonym].filter((name) => name !== undefined).length === 1;
  });

const requestId = z.uuid();

/** What staff ask of partners. */
export function exchangeRoutes(deps: RequesterDeps): Router {
  const router = Router(exactPaths);
  router.post('/exchange/requests', async (request: Request, response: Response) => {
    const staff = requireStaff(response, roles);
    const { proofs, inquiry } = parseInquiry(request.body, staff);
    const result = await requestRecords(inquiry, deps);
    const { purpose } = inquiry;
    if (result.outcome === 'denied') {
      response.status(403).json({ ...result, purpose });
      return;
    }
    const sources = result.sources.map((source) => presented(source, proofs));
    response.json({ ...result, purpose, sources });
  });
  router.get('/exchange/requests/:id', async (request: Request, response: Response) => {
    response.json(await find(request.params['id'], response, deps.db));
  });
  return router;
}

function parseInquiry(body: unknown, staff: Staff): { proofs: 'include' | 'omit'; inquiry: Inquiry } {
  const parsed = inquirySchema.safeParse(body);
  if (!parsed.success) {
    const places = new Set(parsed.error.issues.map(({ path }) => String(path[0] ?? 'patient')));
    throw new ExchangeError('EXCHANGE_REQUEST_INVALID', { message: `See: ${[...places].join(', ')}.` });
  }
  const { nationalId, patientId, pseudonym, proofs, ...asked } = parsed.data;
  return { proofs, inquiry: { ...asked, staff, person: personOf({ nationalId, patientId, pseudonym }) } };
}

type Named = {
  nationalId?: string | undefined;
  patientId?: string | undefined;
  pseudonym?: string | undefined;
};

function personOf({ nationalId, patientId, pseudonym }: Named): Inquiry['person'] {
  if (nationalId !== undefined) return { nationalId };
  if (patientId !== undefined) return { patientId: patientId as PatientId };
  return { pseudonym: pseudonym as Pseudonym };
}

function presented(result: SourceResult, proofs: 'include' | 'omit'): object {
  const { organizationId, outcome } = result;
  if (outcome === 'failed')
    return { organizationId, outcome, code: result.code, ...failureTexts[result.code] };
  const { receipt, checks } = result.reply;
  if (outcome === 'denied')
    return { organizationId, outcome, reasons: result.reply.reasons, checks, receipt };
  const { records, checkpoint, obligations, pending, omitted } = result.reply;
  return {
    organizationId,
    outcome,
    records: records.map((record) => presentedRecord(record, checkpoint, proofs)),
    checkpoint,
    obligations,
    pending,
    omitted,
    checks,
    receipt,
  };
}

function presentedRecord(
  { type, id, version, resource, withheld, evidence }: ReceivedRecord,
  checkpoint: SentCheckpoint | null,
  proofs: 'include' | 'omit',
): object {
  const record = { type, id, version, resource, withheld };
  if (proofs === 'omit' || checkpoint === null) return record;
  const { disclosure, leaf, leafIndex, inclusionProof } = evidence;
  const { note, txId, blockNumber } = checkpoint;
  const proof: RecordProof = {
    disclosure,
    leaf,
    leafIndex,
    inclusionProof,
    checkpoint: note,
    anchor: { txId, blockNumber },
  };
  return { ...record, proof };
}

/** Those who asked find their request again, and those who oversee the exchange; for all others it is not there. */
async function find(id: unknown, response: Response, db: Queryable): Promise<object> {
  const actor = actorOf(response);
  if (actor.kind !== 'staff') throw new IdentityError('IDENTITY_FORBIDDEN');
  const parsed = requestId.safeParse(id);
  const rows = parsed.success ? await findAsked(db, parsed.data) : [];
  const [first] = rows.filter(({ staffId }) => isOverseer(actor) || staffId === actor.staffId);
  if (first === undefined) throw new ExchangeError('EXCHANGE_NOT_FOUND');
  const { requestId: found, purpose, staffId, at } = first;
  return { requestId: found, purpose, staffId, requestedAt: at, sources: rows.map((row) => kept(row)) };
}

/** What is kept of an outcome. The exact reason of a failure stays in the audit record. */
function kept({ partner, outcome, recordCount, receipt, code }: ExchangeRow): object {
  const failure = code?.split(' ')[0];
  return {
    organizationId: partner,
    outcome,
    recordCount,
    ...(receipt === undefined ? {} : { receipt }),
    ...(failure === undefined ? {} : { code: failure }),
  };
}
