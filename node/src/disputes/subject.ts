import { type CaseSubject, factsOf } from '@medseal/evidence';
import type { PatientId } from '../lib/brand.ts';
import type { DisputeDeps } from './dispute-deps.ts';
import { DisputeError } from './errors.ts';

/** How a caller names the access: by its number in the patient's history, or as an exchange with a partner. */
export type AccessName =
  | { patientId: PatientId; patientSeq: number }
  | { requestId: string; partner: string | undefined };

/** The access that a case is to be about. DISPUTE_ACCESS_UNKNOWN where this organisation recorded none such. */
export async function subjectOf(name: AccessName, deps: DisputeDeps): Promise<CaseSubject> {
  if ('requestId' in name) {
    const found = await exchangeSubject(name.requestId, name.partner, deps);
    if (found === undefined) throw new DisputeError('DISPUTE_ACCESS_UNKNOWN');
    return found;
  }
  const page = { from: name.patientSeq, count: 1 };
  const [entry] = await deps.log.accessHistory(name.patientId, page);
  if (entry === undefined || entry.content['patientSeq'] !== name.patientSeq)
    throw new DisputeError('DISPUTE_ACCESS_UNKNOWN');
  const { eventId, requestId, organizations } = factsOf(entry.content);
  const partner = organizations.find((organizationId) => organizationId !== deps.tenant);
  const exchange =
    requestId === undefined || partner === undefined
      ? undefined
      : await exchangeSubject(requestId, partner, deps);
  if (exchange !== undefined) return exchange;
  if (eventId === undefined) throw new DisputeError('DISPUTE_ACCESS_UNKNOWN');
  return { kind: 'access', accessId: eventId, custodian: deps.tenant };
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
