import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { staff } from '../consent/test/fixture.ts';
import { parseHistory, parseSearch, type Resource } from '../fhir/index.ts';
import type { Role } from '../identity/index.ts';
import { compartmentHistory, recordHistory } from './history.ts';
import { ingest } from './ingest.ts';
import { readRecord } from './read.ts';
import { searchRecords } from './search.ts';
import { createDecided, type Decided } from './test/decided.ts';
import { asPatientId, patient } from './test/fixture.ts';
import type { Caller } from './types.ts';

let decided: Decided;
beforeAll(async () => {
  decided = await createDecided({ maxConnections: 8 });
});
afterAll(() => decided.close());

const acting = (role: Role, purpose: string): Caller => ({ actor: staff([role]), purpose });

const zidovudine = {
  resourceType: 'Medication',
  code: { coding: [{ system: 'http://www.whocc.no/atc', code: 'J05AF01', display: 'Zidovudine' }] },
};

/** A patient with a prescription whose Medication was made for it, so that it lies in the patient's compartment. */
async function prescribed(): Promise<{ patientId: string; medicationId: string }> {
  const [person, medication] = [
    'urn:uuid:00000000-0000-4000-8000-000000000001',
    'urn:uuid:00000000-0000-4000-8000-000000000002',
  ];
  const request = {
    resourceType: 'MedicationRequest',
    status: 'active',
    intent: 'order',
    subject: { reference: person },
    medicationReference: { reference: medication },
  };
  const create = (resource: object, position: number, fullUrl?: string) => ({
    ...{ position, fullUrl, interaction: 'create' as const, ifNoneExist: undefined },
    ...{ resource: resource as Resource, type: (resource as Resource).resourceType },
  });
  const entries = [create(patient(), 0, person), create(zidovudine, 1, medication), create(request, 2)];
  const context = {
    caller: acting('clinician', 'TREAT'),
    deps: decided.deps,
    interaction: 'transaction' as const,
  };
  const written = await ingest({ entries, conditionalReferences: [] }, context);
  return { patientId: written.get(0)?.id ?? '', medicationId: written.get(1)?.id ?? '' };
}

async function seenBy(
  caller: Caller,
  { patientId, medicationId: id }: Awaited<ReturnType<typeof prescribed>>,
) {
  const context = { caller, deps: decided.deps };
  const outcome = (work: Promise<unknown>) =>
    work.then(
      () => 'shown',
      ({ code }) => code,
    );
  const query = parseHistory([]);
  const search = { query: parseSearch('Medication', [['_id', id]]), text: '' };
  const ofPatient = { type: 'Medication', patientId: asPatientId(patientId), query };
  return {
    read: await outcome(readRecord({ type: 'Medication', id }, context)),
    history: await outcome(recordHistory({ type: 'Medication', id, query }, context)),
    found: (await searchRecords(search, context)).matches.length,
    versions: (await compartmentHistory(ofPatient, context)).versions.length,
  };
}

describe("a Medication that was made for one patient's prescription", () => {
  it.each<[Role, string]>([
    ['administrator', 'HOPERAT'],
    ['regulator', 'HOPERAT'],
    ['researcher', 'HRESCH'],
    ['registrar', 'HOPERAT'],
    ['privacy-officer', 'HOPERAT'],
  ])('is no entry of the directory for a %s', async (role, purpose) => {
    const made = await prescribed();

    expect(await seenBy(acting(role, purpose), made)).toEqual({
      ...{ read: 'RECORDS_NOT_FOUND', history: 'RECORDS_NOT_FOUND', found: 0, versions: 0 },
    });
  });

  it.each<Role>(['clinician', 'pharmacist'])('is there for a %s', async (role) => {
    const made = await prescribed();

    expect(await seenBy(acting(role, 'TREAT'), made)).toEqual({
      ...{ read: 'shown', history: 'shown', found: 1, versions: 1 },
    });
  });
});
