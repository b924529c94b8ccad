import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { indexStructureDefinitionBundle, validateResource as validateByMedplum } from '@medplum/core';
import type { Resource as MedplumResource, StructureDefinition } from '@medplum/fhirtypes';
import { beforeAll, describe, expect, it } from 'vitest';
import { historyBundle, responseBundle, searchsetBundle } from './bundle-response.ts';
import { capabilityStatement } from './capability-statement.ts';
import { compartmentPatient, compartmentPatients } from './compartment.ts';
import { definitions } from './definitions.ts';
import { errorIssue, FhirError } from './errors.ts';
import { identifiersOf } from './identifiers.ts';
import { operationOutcome } from './outcome.ts';
import { rewriteReferences } from './rewrite-references.ts';
import { parametersOf } from './search-table.ts';
import { shapeResource } from './shape.ts';
import { SUPPORTED_TYPES, supportedTypes } from './supported-types.ts';
import { sampleOf } from './test-data.ts';
import type { Resource } from './types.ts';

function codeOf(work: () => unknown): string {
  try {
    work();
    return 'accepted';
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    return error.code;
  }
}
const about = (resourceType: string, elements: object): Resource => ({ resourceType, ...elements });
const reference = (to: string): object => ({ reference: to });

describe('compartmentPatient', () => {
  it.each([
    ['Patient', { id: 'p' }, 'p'],
    ['Observation', { subject: reference('Patient/p') }, 'p'],
    ['Observation', { subject: reference('Patient/p/_history/2') }, 'p'],
    ['Observation', { subject: reference('Patient/p'), performer: [reference('Patient/q')] }, 'p'],
    ['Claim', { patient: reference('Patient/p') }, 'p'],
    ['Coverage', { beneficiary: reference('Patient/p') }, 'p'],
    ['Consent', { patient: reference('Patient/p') }, 'p'],
    ['Device', { patient: reference('Patient/p') }, 'p'],
    [
      'Provenance',
      { target: [reference('Observation/1'), reference('Patient/p'), reference('Patient/p')] },
      'p',
    ],
    ['AuditEvent', { entity: [{ what: reference('Patient/p') }] }, 'p'],
    ['Device', {}, undefined],
    ['AuditEvent', { entity: [{ what: reference('Organization/1') }] }, undefined],
    ['Provenance', { target: [reference('Organization/1'), reference('Practitioner/1')] }, undefined],
    ['Organization', {}, undefined],
    ['Practitioner', {}, undefined],
    ['PractitionerRole', {}, undefined],
    ['Location', {}, undefined],
    ['Medication', {}, undefined],
  ])('puts %s %j with %s', (type, elements, patient) => {
    expect(compartmentPatient(about(type, elements))).toBe(patient);
  });

  it.each([
    ['Observation', {}],
    ['Observation', { subject: reference('Group/1') }],
    ['Observation', { subject: reference('urn:uuid:00000000-0000-4000-8000-000000000001') }],
    ['Observation', { subject: reference('https://x.example/Patient/1') }],
    ['Observation', { subject: { display: 'somebody' } }],
    ['Provenance', { target: [reference('Observation/1')] }],
    ['Patient', {}],
  ])('refuses %s %j, which would escape consent', (type, elements) => {
    expect(codeOf(() => compartmentPatient(about(type, elements)))).toBe('FHIR_COMPARTMENT_MISSING');
  });

  it('refuses a record about two patients', () => {
    const both = about('Provenance', { target: [reference('Patient/p'), reference('Patient/q')] });

    expect(codeOf(() => compartmentPatient(both))).toBe('FHIR_COMPARTMENT_AMBIGUOUS');
  });

  it('gives every type of the R4 patient compartment that is supported a patient', () => {
    const inCompartment = Object.keys(definitions().patientCompartment).filter((type) =>
      supportedTypes.includes(type),
    );

    expect(inCompartment.filter((type) => SUPPORTED_TYPES[type]?.placement === 'institution')).toEqual([]);
  });
});

describe('compartmentPatients', () => {
  const medication = about('Medication', { id: 'm' });
  const request = (patient: string): Resource =>
    about('MedicationRequest', {
      subject: reference(`Patient/${patient}`),
      medicationReference: reference('Medication/m'),
    });

  it('puts a Medication to the one patient who uses it', () => {
    expect(compartmentPatients([request('p'), medication])).toEqual(['p', 'p']);
  });

  it('leaves a Medication that two patients use, nobody uses, or that has an identifier, with the institution', () => {
    const catalogued = { ...medication, identifier: [{ system: 'http://x.example', value: '1' }] };

    expect(compartmentPatients([medication, request('p'), request('q')])[0]).toBeUndefined();
    expect(compartmentPatients([medication])).toEqual([undefined]);
    expect(compartmentPatients([catalogued, request('p')])[0]).toBeUndefined();
  });
});

describe('rewriteReferences', () => {
  const urn = 'urn:uuid:00000000-0000-4000-8000-000000000001';

  it('replaces urn and conditional references, in contained resources too, and shares the rest', () => {
    const condition = 'Practitioner?identifier=http://x.example|1';
    const resource = about('Observation', {
      code: { text: 'x' },
      subject: reference(urn),
      performer: [reference(condition), reference('Organization/1')],
      contained: [about('Coverage', { beneficiary: reference(urn) })],
    });
    const found = new Map([
      [urn, 'Patient/p'],
      [condition, 'Practitioner/d'],
    ]);

    const rewritten = rewriteReferences(resource, (from) => found.get(from));

    expect(rewritten).toMatchObject({
      subject: { reference: 'Patient/p' },
      performer: [{ reference: 'Practitioner/d' }, { reference: 'Organization/1' }],
      contained: [{ beneficiary: { reference: 'Patient/p' } }],
    });
    expect(rewritten['code']).toBe(resource['code']);
    expect(resource['subject']).toEqual({ reference: urn });
  });

  it('returns the very resource if there is nothing to replace', () => {
    const resource = about('Observation', {
      subject: reference('Patient/p'),
      contained: [],
      note: [{ text: urn }],
    });

    expect(rewriteReferences(resource, () => 'Patient/x')).toBe(resource);
  });

  it('refuses a reference that resolves to nothing', () => {
    const resource = about('Observation', { subject: reference(urn) });

    expect(codeOf(() => rewriteReferences(resource, () => undefined))).toBe('FHIR_REFERENCE_UNRESOLVED');
  });
});

describe('what the node answers', () => {
  beforeAll(() =>
    indexStructureDefinitionBundle(definitions().structures as unknown as StructureDefinition[]),
  );
  const validate = (resource: Resource): void =>
    void validateByMedplum(resource as unknown as MedplumResource);
  const base = 'https://node.example/fhir/R4';

  it('is a valid CapabilityStatement that offers exactly the supported types', () => {
    const statement = capabilityStatement({
      baseUrl: base,
      softwareVersion: '0.1.0',
      publishedAt: '2026-01-01T00:00:00Z',
    });
    const [rest] = statement['rest'] as {
      resource: { type: string; interaction: { code: string }[]; searchParam: { name: string }[] }[];
    }[];
    const consent = rest?.resource.find(({ type }) => type === 'Consent');

    validate(statement);
    expect(rest?.resource.map(({ type }) => type)).toEqual([...supportedTypes].sort());
    expect(consent?.interaction.map(({ code }) => code)).toEqual([
      'read',
      'vread',
      'history-instance',
      'search-type',
    ]);
    expect(
      rest?.resource.every(({ searchParam }) => searchParam.some(({ name }) => name === '_lastUpdated')),
    ).toBe(true);
  });

  it('is a valid CapabilityStatement of fewer types, with operations', () => {
    const statement = capabilityStatement({
      baseUrl: base,
      softwareVersion: '0.1.0',
      publishedAt: '2026-01-01T00:00:00Z',
      types: { Patient: ['read'] },
      operations: {
        Patient: [
          { name: 'everything', definition: 'http://hl7.org/fhir/OperationDefinition/Patient-everything' },
        ],
      },
    });

    validate(statement);
    expect(JSON.stringify(statement)).toContain('Patient-everything');
    expect(JSON.stringify(statement)).not.toContain('searchParam');
  });

  it('is a valid OperationOutcome with a stable code', () => {
    const issue = errorIssue({
      type: 'not-found',
      code: 'RECORDS_NOT_FOUND',
      text: 'Nothing here.',
      expression: 'Patient',
    });

    validate(operationOutcome([issue]));
    expect(issue.details.coding).toEqual([
      { system: 'https://medseal.org/fhir/CodeSystem/error', code: 'RECORDS_NOT_FOUND' },
    ]);
  });

  it('is a valid Bundle', () => {
    const resource = sampleOf('Organization');
    const version = { type: 'Organization', id: 'o', lastUpdated: '2026-01-01T00:00:00Z' };
    const issues = [errorIssue({ type: 'not-found', code: 'X', text: 'x' })];

    validate(
      responseBundle('transaction', [
        {
          status: '201 Created',
          location: 'Patient/1/_history/1',
          versionId: '1',
          lastModified: '2026-01-01T00:00:00Z',
        },
        { status: '404 Not Found', issues },
      ]),
    );
    validate(
      searchsetBundle({
        base,
        links: { self: base, next: `${base}?_cursor=1` },
        total: 1,
        matches: [resource],
        included: [sampleOf('Practitioner')],
        issues,
      }),
    );
    validate(searchsetBundle({ base, links: { self: base }, total: 0, matches: [] }));
    const history = historyBundle({
      base,
      links: { self: base },
      versions: [
        { ...version, versionId: '3' },
        { ...version, versionId: '2', resource },
        { ...version, versionId: '1', resource },
      ],
    });
    validate(history);
    expect(
      (history['entry'] as { request: { method: string } }[]).map(({ request }) => request.method),
    ).toEqual(['DELETE', 'PUT', 'POST']);
  });
});

describe('shapeResource', () => {
  const patient: Resource = { ...sampleOf('Patient'), id: 'p', meta: { versionId: '1' } };
  const keys = (summary: 'true' | 'text' | 'data' | 'false', elements: string[] = []): string[] =>
    Object.keys(shapeResource(patient, { summary, elements })).sort();

  it('leaves a resource alone unless asked', () => {
    expect(shapeResource(patient, { summary: 'false', elements: [] })).toBe(patient);
  });

  it('keeps what the summary or the elements name and marks the rest as left out', () => {
    expect(keys('data')).not.toContain('text');
    expect(keys('text')).toEqual(['id', 'meta', 'resourceType', 'text']);
    expect(keys('true')).toContain('name');
    expect(keys('true')).not.toContain('extension');
    expect(keys('false', ['gender', 'multipleBirth'])).toEqual([
      'gender',
      'id',
      'meta',
      'multipleBirthBoolean',
      'resourceType',
    ]);
    expect(shapeResource(patient, { summary: 'data', elements: [] }).meta?.tag).toMatchObject([
      { code: 'SUBSETTED' },
    ]);
    expect(patient.meta?.tag).toBeUndefined();
  });

  it('keeps mandatory elements', () => {
    const observation = about('Observation', {
      status: 'final',
      code: { text: 'x' },
      issued: '2024-01-01T00:00:00Z',
    });

    expect(
      Object.keys(shapeResource(observation, { summary: 'false', elements: ['issued'] })).sort(),
    ).toEqual(['code', 'issued', 'meta', 'resourceType', 'status']);
  });
});

describe('identifiersOf', () => {
  it('names identifiers that have a system and a value, wherever R4 puts them', () => {
    const identifier = { system: 'http://x.example', value: '1' };

    expect(identifiersOf(about('Patient', { identifier: [identifier, { value: '2' }] }))).toEqual([
      identifier,
    ]);
    expect(identifiersOf(about('DocumentReference', { masterIdentifier: identifier }))).toEqual([identifier]);
    expect(identifiersOf(about('Observation', {}))).toEqual([]);
  });
});

describe('docs/fhir.md', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/fhir.md'), 'utf8');

  it('lists every supported type with its search parameters', () => {
    const common = new Set(['_id', '_lastUpdated', '_security', '_tag']);
    for (const type of supportedTypes) {
      const names = [...(parametersOf(type)?.keys() ?? [])].filter((name) => !common.has(name)).sort();
      const line = text.split('\n').find((row) => row.startsWith(`| ${type} |`));

      expect(line?.endsWith(`| ${names.join(', ')} |`), type).toBe(true);
    }
  });
});
