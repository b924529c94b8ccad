import { type CaseExhibit, type CaseSubject, factsOf } from '@medseal/evidence';
import { z } from 'zod';
import type { PatientId } from '../lib/brand.ts';
import type { DisputeDeps } from './dispute-deps.ts';
import { DisputeError } from './errors.ts';
import { patientOf, requireSound } from './exhibit.ts';

// DICOM Export and Import (docs/formats/access-entry.md).
const disclosed = '110106';
const received = '110107';
const eventType = z.object({ auditEvent: z.object({ type: z.object({ code: z.string() }) }) });

/**
 * How a caller names the access: by its number in the patient's history, by an
 * entry of it that the patient kept, or as an exchange with a partner.
 */
export type AccessName =
  | { patientId: PatientId; patientSeq: number }
  | { patientId: PatientId; exhibit: CaseExhibit }
  | { requestId: string; partner: string | undefined };

/** The access that a case is to be about. DISPUTE_ACCESS_UNKNOWN where this organisation recorded none such. */
export async function subjectOf(name: AccessName, deps: DisputeDeps): Promise<CaseSubject> {
  if ('requestId' in name) {
    const found = await exchangeSubject(name.requestId, name.partner, deps);
    if (found === undefined) throw new DisputeError('DISPUTE_ACCESS_UNKNOWN');
    return found;
  }
  if ('exhibit' in name) return keptSubject(name, deps);
  const page = { from: name.patientSeq, count: 1 };
  const [entry] = await deps.log.accessHistory(name.patientId, page);
  if (entry === undefined || entry.content['patientSeq'] !== name.patientSeq)
    throw new DisputeError('DISPUTE_ACCESS_UNKNOWN');
  return entrySubject(entry.content, deps);
}

/**
 * The access of an entry that a patient kept. It counts whatever this organisation's own tables hold by now, for the
 * ledger holds the log that it is in. Another's entry and one of another log are as good as none.
 */
async function keptSubject(
  { patientId, exhibit }: { patientId: PatientId; exhibit: CaseExhibit },
  deps: DisputeDeps,
): Promise<CaseSubject> {
  const { tenant } = await requireSound(exhibit, deps);
  if (tenant !== deps.tenant || patientOf(exhibit.content) !== patientId)
    throw new DisputeError('DISPUTE_ACCESS_UNKNOWN');
  return entrySubject(exhibit.content, deps);
}

async function entrySubject(content: unknown, deps: DisputeDeps): Promise<CaseSubject> {
  const { eventId, requestId, organizations } = factsOf(content);
  const partner = organizations.find((organizationId) => organizationId !== deps.tenant);
  const exchange =
    requestId === undefined || partner === undefined
      ? undefined
      : ((await exchangeSubject(requestId, partner, deps)) ??
        toldSubject({ content, requestId, partner }, deps));
  if (exchange !== undefined) return exchange;
  if (eventId === undefined) throw new DisputeError('DISPUTE_ACCESS_UNKNOWN');
  return { kind: 'access', accessId: eventId, custodian: deps.tenant };
}

/** The exchange as its entry alone tells it, where no row is left of it. */
function toldSubject(
  { content, requestId, partner }: { content: unknown; requestId: string; partner: string },
  { tenant }: DisputeDeps,
): CaseSubject | undefined {
  const type = eventType.safeParse(content).data?.auditEvent.type.code;
  if (type === disclosed) return { kind: 'exchange', requestId, source: tenant, requester: partner };
  if (type === received) return { kind: 'exchange', requestId, source: partner, requester: tenant };
  return undefined;
}

async function exchangeSubject(
  requestId: string,
  partner: string | undefined,
  { exchanges, tenant }: DisputeDeps,
): Promise<CaseSubject | undefined> {
  const rows = await exchanges.find(requestId);
  const [found, ...others] = rows.filter((row) => partner === undefined || row.partner === partner);
  if (found === undefined || others.length > 0) return undefined;
  const [source, requester] =
    found.direction === 'answered' ? [tenant, found.partner] : [found.partner, tenant];
  return { kind: 'exchange', requestId, source, requester };
}
