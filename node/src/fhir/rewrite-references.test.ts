import { describe, expect, it } from 'vitest';
import { FhirError } from './errors.ts';
import { rewriteReferences } from './rewrite-references.ts';
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

  it('names the place of the first reference that resolves to nothing', () => {
    const resource = about('Observation', {
      subject: reference('urn:uuid:00000000-0000-4000-8000-000000000009'),
      performer: [reference('Practitioner/1'), reference(urn)],
    });
    const resolve = (text: string): string | undefined => (text === urn ? undefined : 'Patient/1');

    expect(() => rewriteReferences(resource, resolve, 'Bundle.entry[3].resource')).toThrow(
      expect.objectContaining({
        issues: [
          expect.objectContaining({ expression: ['Bundle.entry[3].resource.performer[1].reference'] }),
        ],
      }),
    );
  });
});
