import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planBundle, urnResolver } from './bundle-plan.ts';
import { compartmentPatients } from './compartment.ts';
import { FhirError } from './errors.ts';
import { rewriteReferences } from './rewrite-references.ts';
import { hasLargeSet, largeSet, patientBundle, smallSet } from './test-data.ts';
import { validateResource } from './validate.ts';

type Json = Record<string, unknown>;

const urn = (digit: number): string => `urn:uuid:00000000-0000-4000-8000-${String(digit).padStart(12, '0')}`;
const patientEntry = (digit: number, request: Json = { method: 'POST', url: 'Patient' }): Json => ({
  fullUrl: urn(digit),
  resource: { resourceType: 'Patient', active: true },
  request,
});
const observationEntry = (digit: number, reference: string, more: Json = {}): Json => ({
  fullUrl: urn(digit),
  resource: {
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'x' },
    subject: { reference },
    ...more,
  },
  request: { method: 'POST', url: 'Observation' },
});
const bundle = (entry: unknown, type = 'transaction'): Json => ({ resourceType: 'Bundle', type, entry });

/** The stable codes and places of a refusal. */
function problems(input: unknown): string[] {
  try {
    planBundle(input);
    return [];
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    return error.issues.map(({ details, expression }) => `${details.coding[0]?.code} ${expression?.[0]}`);
  }
}

describe('planBundle', () => {
  it('refuses a urn that names an entry of a type that the element may not refer to', () => {
    const entries = (encounter: number): Json[] => [
      patientEntry(1),
      observationEntry(2, urn(1)),
      observationEntry(3, urn(1), { encounter: { reference: urn(encounter) } }),
    ];

    expect(problems(bundle(entries(2)))).toEqual([
      'FHIR_REFERENCE_TARGET Bundle.entry[2].resource.encounter.reference',
    ]);
    expect(problems(bundle(entries(9)))).toEqual([
      'FHIR_REFERENCE_UNRESOLVED Bundle.entry[2].resource.encounter.reference',
    ]);
  });

  it('plans a Synthea transaction so that all its references can be rewritten and stored', () => {
    const plan = planBundle(patientBundle());
    const ids = Array.from({ length: plan.size }, (_, index) => `new-${index}`);
    const resolveUrn = urnResolver(plan, ids);
    const conditional = new Map(
      plan.conditionalReferences.map(({ reference, type }) => [reference, `${type}/known`]),
    );

    const stored = plan.entries.map(({ resource, index }) => {
      const rewritten = rewriteReferences(
        resource ?? { resourceType: '' },
        (reference) => resolveUrn(reference) ?? conditional.get(reference),
      );
      return validateResource({ ...rewritten, id: ids[index] });
    });
    const patients = new Set(compartmentPatients(stored));

    expect(plan).toMatchObject({ kind: 'transaction', refused: new Map() });
    expect(plan.conditionalReferences.length).toBeGreaterThan(0);
    expect(patients.size).toBe(1);
    expect(JSON.stringify(stored)).not.toContain('"reference":"urn:');
  });

  it('plans the batches of hospitals and practitioners with their conditions', () => {
    const batch = smallSet().find(({ type }) => type === 'batch');
    const plan = planBundle(batch);

    expect(plan.kind).toBe('batch');
    expect(plan.refused.size).toBe(0);
    expect(plan.entries[0]?.request).toMatchObject({
      interaction: 'create',
      ifNoneExist: { system: 'https://github.com/synthetichealth/synthea' },
    });
  });

  it.skipIf(!hasLargeSet)('plans the whole large set (skipped where it is not at hand)', () => {
    let size = 0;
    for (const each of largeSet()) {
      const plan = planBundle(each);
      size += plan.entries.length;
    }

    expect(size).toBe(34_428);
  });

  it('orders DELETE, POST, PUT, GET, whatever the order of the entries', () => {
    const put = {
      fullUrl: urn(9),
      resource: { resourceType: 'Patient', id: 'a', active: true },
      request: { method: 'PUT', url: 'Patient/a', ifMatch: 'W/"2"' },
    };
    const get = { request: { method: 'GET', url: 'Observation?patient=a&_count=5' } };
    const vread = { request: { method: 'GET', url: 'Patient/a/_history/1' } };
    const remove = { request: { method: 'DELETE', url: 'Patient/b' } };
    const plan = planBundle(bundle([get, put, vread, patientEntry(1), remove]));

    expect(plan.entries.map(({ index, request }) => [index, request.interaction])).toEqual([
      [4, 'delete'],
      [3, 'create'],
      [1, 'update'],
      [0, 'search-type'],
      [2, 'vread'],
    ]);
    expect(plan.entries[2]?.request).toMatchObject({ ifMatch: '2', id: 'a' });
    expect(plan.entries[3]?.request).toMatchObject({ query: 'patient=a&_count=5' });
  });

  it('keeps the order of processing for any mixture of entries', () => {
    const rank: Record<string, number> = { delete: 0, create: 1, update: 2, read: 3 };
    const kinds = fc.array(fc.constantFrom('delete', 'create', 'update', 'read'), {
      minLength: 1,
      maxLength: 30,
    });

    fc.assert(
      fc.property(kinds, (wanted) => {
        const entries = wanted.map((kind, index) => {
          if (kind === 'create') return patientEntry(index);
          if (kind === 'read') return { request: { method: 'GET', url: `Patient/${index}` } };
          if (kind === 'delete') return { request: { method: 'DELETE', url: `Patient/${index}` } };
          return {
            resource: { resourceType: 'Patient', id: String(index), active: true },
            request: { method: 'PUT', url: `Patient/${index}` },
          };
        });
        const plan = planBundle(bundle(entries));
        const order = plan.entries.map(({ request }) => rank[request.interaction] ?? 9);

        expect(order).toEqual([...order].sort((a, b) => a - b));
        expect(plan.entries.map(({ index }) => index).sort((a, b) => a - b)).toEqual(
          wanted.map((_, index) => index),
        );
      }),
    );
  });

  it('takes references in a circle', () => {
    const circle = [
      observationEntry(1, urn(3), { hasMember: [{ reference: urn(2) }] }),
      observationEntry(2, urn(3), { hasMember: [{ reference: urn(1) }] }),
      patientEntry(3),
    ];

    expect(problems(bundle(circle))).toEqual([]);
  });

  it.each([
    ['no Bundle', null, 'FHIR_BUNDLE_INVALID Bundle.type'],
    ['a searchset', bundle([], 'searchset'), 'FHIR_BUNDLE_INVALID Bundle.type'],
    ['an empty array of entries', bundle([]), 'FHIR_VALUE_EMPTY Bundle.entry'],
    ['an unknown element', { ...bundle([patientEntry(1)]), extra: 1 }, 'FHIR_ELEMENT_UNKNOWN Bundle.extra'],
    [
      'an entry without a request',
      bundle([{ resource: { resourceType: 'Patient' } }]),
      'FHIR_BUNDLE_INVALID Bundle.entry[0].request',
    ],
    [
      'a POST without a resource',
      bundle([{ request: { method: 'POST', url: 'Patient' } }]),
      'FHIR_INVALID Bundle.entry[0].resource',
    ],
    [
      'a GET with a resource',
      bundle([patientEntry(1, { method: 'GET', url: 'Patient/1' })]),
      'FHIR_BUNDLE_INVALID Bundle.entry[0].resource',
    ],
    [
      'an unknown method',
      bundle([patientEntry(1, { method: 'STEAL', url: 'Patient' })]),
      'FHIR_CODE_UNKNOWN Bundle.entry[0].request.method',
    ],
    [
      'PATCH',
      bundle([patientEntry(1, { method: 'PATCH', url: 'Patient/1' })]),
      'FHIR_INTERACTION_UNSUPPORTED Bundle.entry[0].request.method',
    ],
    [
      'a URL of another server',
      bundle([patientEntry(1, { method: 'POST', url: 'https://x.example/Patient' })]),
      'FHIR_BUNDLE_INVALID Bundle.entry[0].request.url',
    ],
    [
      'a URL that climbs',
      bundle([{ request: { method: 'GET', url: 'Patient/..' } }]),
      'FHIR_BUNDLE_INVALID Bundle.entry[0].request.url',
    ],
    [
      'an operation',
      bundle([{ request: { method: 'GET', url: 'Patient/1/$everything' } }]),
      'FHIR_BUNDLE_INVALID Bundle.entry[0].request.url',
    ],
    [
      'a type that is not supported',
      bundle([{ request: { method: 'GET', url: 'Basic/1' } }]),
      'FHIR_INTERACTION_UNSUPPORTED Bundle.entry[0].request.url',
    ],
    [
      'a Consent, which only the node writes',
      bundle([patientEntry(1, { method: 'POST', url: 'Consent' })]),
      'FHIR_INTERACTION_UNSUPPORTED Bundle.entry[0].request.url',
    ],
    [
      'an AuditEvent to be deleted',
      bundle([{ request: { method: 'DELETE', url: 'AuditEvent/1' } }]),
      'FHIR_INTERACTION_UNSUPPORTED Bundle.entry[0].request.url',
    ],
    [
      'a conditional delete',
      bundle([{ request: { method: 'DELETE', url: 'Patient?identifier=http://x.example|1' } }]),
      'FHIR_INTERACTION_UNSUPPORTED Bundle.entry[0].request.url',
    ],
    [
      'a condition that is no identifier',
      bundle([patientEntry(1, { method: 'POST', url: 'Patient', ifNoneExist: 'name=x' })]),
      'FHIR_INTERACTION_UNSUPPORTED Bundle.entry[0].request.ifNoneExist',
    ],
    [
      'an If-Match that is no version',
      bundle([{ request: { method: 'DELETE', url: 'Patient/1', ifMatch: '*' } }]),
      'FHIR_BUNDLE_INVALID Bundle.entry[0].request.ifMatch',
    ],
    [
      'a resource of another type than the URL',
      bundle([patientEntry(1, { method: 'POST', url: 'Organization' })]),
      'FHIR_BUNDLE_INVALID Bundle.entry[0].request.url',
    ],
    [
      'a PUT whose id is another',
      bundle([
        {
          resource: { resourceType: 'Patient', id: 'b', active: true },
          request: { method: 'PUT', url: 'Patient/a' },
        },
      ]),
      'FHIR_BUNDLE_INVALID Bundle.entry[0].request.url',
    ],
    [
      'a fullUrl of another server',
      bundle([{ ...patientEntry(1), fullUrl: 'https://x.example/Patient/1' }]),
      'FHIR_BUNDLE_INVALID Bundle.entry[0].fullUrl',
    ],
    [
      'the same fullUrl twice',
      bundle([patientEntry(1), patientEntry(1)]),
      'FHIR_DUPLICATE Bundle.entry[1].fullUrl',
    ],
    [
      'the same record written twice',
      bundle([1, 2].map(() => ({ request: { method: 'DELETE', url: 'Patient/a' } }))),
      'FHIR_DUPLICATE Bundle.entry[1].request',
    ],
    [
      'the same conditional creation twice',
      bundle(
        [1, 2].map((digit) =>
          patientEntry(digit, {
            method: 'POST',
            url: 'Patient',
            ifNoneExist: 'identifier=http://x.example|1',
          }),
        ),
      ),
      'FHIR_DUPLICATE Bundle.entry[1].request',
    ],
    [
      'a urn that no entry has',
      bundle([observationEntry(1, urn(7))]),
      'FHIR_REFERENCE_UNRESOLVED Bundle.entry[0].resource.subject.reference',
    ],
    [
      'a reference to another server',
      bundle([observationEntry(1, 'https://x.example/Patient/1')]),
      'FHIR_REFERENCE_FOREIGN Bundle.entry[0].resource.subject.reference',
    ],
    [
      'a condition on something else than an identifier',
      bundle([observationEntry(1, 'Patient?name=x')]),
      'FHIR_REFERENCE_INVALID Bundle.entry[0].resource.subject.reference',
    ],
    [
      'an invalid resource',
      bundle([patientEntry(2), observationEntry(1, urn(2), { status: 'done' })]),
      'FHIR_CODE_UNKNOWN Bundle.entry[1].resource.status',
    ],
  ])('refuses %s', (_what, input, expected) => {
    expect(problems(input)).toContain(expected);
  });

  it('refuses bad entries of a batch alone', () => {
    const plan = planBundle(
      bundle(
        [patientEntry(1), observationEntry(2, urn(1)), { request: { method: 'GET', url: 'Basic/1' } }],
        'batch',
      ),
    );

    expect(plan.entries.map(({ index }) => index)).toEqual([0]);
    expect([...plan.refused].map(([index, error]) => [index, error.code])).toEqual([
      [1, 'FHIR_INVALID'],
      [2, 'FHIR_INTERACTION_UNSUPPORTED'],
    ]);
  });

  it('takes 10,000 entries and refuses one more before looking at any', () => {
    const entries = Array.from({ length: 10_000 }, (_, index) => ({
      request: { method: 'DELETE', url: `Patient/${index}` },
    }));

    expect(planBundle(bundle(entries, 'batch')).size).toBe(10_000);
    const startedAt = performance.now();
    expect(problems(bundle([...entries, null]))).toEqual(['FHIR_BUNDLE_TOO_LARGE Bundle.entry']);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });

  it('refuses more than 200 entries that read, each of which costs as much as a request', () => {
    const reads = Array.from({ length: 200 }, () => ({
      request: { method: 'GET', url: 'Observation?patient=1' },
    }));

    expect(planBundle(bundle(reads, 'batch')).size).toBe(200);
    expect(problems(bundle([...reads, { request: { method: 'GET', url: 'Patient/1' } }], 'batch'))).toEqual([
      'FHIR_BUNDLE_TOO_LARGE Bundle.entry',
    ]);
  });

  it('answers anything that is JSON with a plan or a FhirError', () => {
    const anyEntry = fc.record(
      { fullUrl: fc.string(), resource: fc.jsonValue(), request: fc.jsonValue() },
      { requiredKeys: [] },
    );

    fc.assert(
      fc.property(
        fc.oneof(fc.array(anyEntry), fc.jsonValue()),
        fc.constantFrom('transaction', 'batch'),
        (entry, type) => {
          problems(bundle(entry, type));
        },
      ),
      { numRuns: 1000 },
    );
  });
});
