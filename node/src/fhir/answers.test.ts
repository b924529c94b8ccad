import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { indexStructureDefinitionBundle, validateResource as validateByMedplum } from '@medplum/core';
import type { Resource as MedplumResource, StructureDefinition } from '@medplum/fhirtypes';
import { beforeAll, describe, expect, it } from 'vitest';
import { historyBundle, type JsonResource, responseBundle, searchsetJson } from './bundle-response.ts';
import { capabilityStatement } from './capability-statement.ts';
import { definitions } from './definitions.ts';
import { errorIssue } from './errors.ts';
import { operationOutcome } from './outcome.ts';
import { parametersOf } from './search-table.ts';
import { supportedTypes } from './supported-types.ts';
import { sampleOf } from './test-data.ts';
import type { Resource } from './types.ts';

const jsonOf = (resource: Resource): JsonResource => ({
  type: resource.resourceType,
  id: resource.id ?? '',
  json: JSON.stringify(resource),
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
    const page = searchsetJson({
      base,
      links: { self: base, next: `${base}?_cursor=1` },
      total: 1,
      matches: [jsonOf(resource)],
      included: [jsonOf(sampleOf('Practitioner'))],
    });
    validate(JSON.parse(page));
    expect(JSON.parse(page)).toMatchObject({
      total: 1,
      entry: [{ resource }, { search: { mode: 'include' } }],
    });
    validate(JSON.parse(searchsetJson({ base, links: { self: base }, total: 0, matches: [] })));
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
