import { WrittenNumber } from '@medseal/evidence';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { definitions } from './definitions.ts';
import { FhirError } from './errors.ts';
import { INVARIANTS } from './invariants.ts';
import { searchValues } from './search-values.ts';
import { supportedTypes } from './supported-types.ts';
import { hasLargeSet, largeSet, sampleOf, smallSet } from './test-data.ts';
import type { Resource } from './types.ts';
import { validateResource } from './validate.ts';

/** The stable codes and the places of a refusal; nothing if the resource is accepted. */
function problems(resource: unknown, references: 'stored' | 'transaction' = 'stored'): string[] {
  try {
    validateResource(resource, { references });
    return [];
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    return error.issues.map(({ details, expression }) => `${details.coding[0]?.code} ${expression?.[0]}`);
  }
}

const observation = (more: object = {}): Resource => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'Body weight' },
  subject: { reference: 'Patient/1' },
  ...more,
});
const patient = (more: object = {}): Resource => ({ resourceType: 'Patient', ...more });

describe('validateResource', () => {
  it('accepts every resource of the committed Synthea set, with its references as in a transaction', () => {
    const refused = smallSet().flatMap(({ entry }) =>
      entry.flatMap(({ resource }) => problems(resource, 'transaction')),
    );

    expect(refused).toEqual([]);
  });

  it.skipIf(!hasLargeSet)(
    'accepts all 34,428 resources of the large Synthea set (skipped where it is not at hand)',
    () => {
      let count = 0;
      for (const { entry } of largeSet()) {
        for (const { resource } of entry) {
          count += 1;
          expect(problems(resource, 'transaction')).toEqual([]);
        }
      }

      expect(count).toBe(34_428);
    },
  );

  it.each([
    ['an unknown element', observation({ weight: 5 }), 'FHIR_ELEMENT_UNKNOWN Observation.weight'],
    [
      'an unknown nested element',
      observation({ code: { txt: 'x' } }),
      'FHIR_ELEMENT_UNKNOWN Observation.code.txt',
    ],
    [
      'a missing element',
      { resourceType: 'Observation', code: { text: 'x' } },
      'FHIR_ELEMENT_MISSING Observation.status',
    ],
    [
      'a code outside a required value set',
      observation({ status: 'done' }),
      'FHIR_CODE_UNKNOWN Observation.status',
    ],
    ['a gender outside the value set', patient({ gender: 'xx' }), 'FHIR_CODE_UNKNOWN Patient.gender'],
    [
      'a concept outside a required value set',
      {
        ...sampleOf('AllergyIntolerance'),
        clinicalStatus: { coding: [{ system: 'http://x.example', code: 'active' }] },
      },
      'FHIR_CODE_UNKNOWN AllergyIntolerance.clinicalStatus',
    ],
    [
      'two forms of one choice',
      observation({ valueString: 'a', valueBoolean: true }),
      'FHIR_CHOICE_REPEATED Observation.value',
    ],
    ['an empty string', observation({ valueString: '' }), 'FHIR_VALUE_EMPTY Observation.valueString'],
    ['a blank string', observation({ valueString: ' \n' }), 'FHIR_VALUE_INVALID Observation.valueString'],
    ['an empty array', observation({ category: [] }), 'FHIR_VALUE_EMPTY Observation.category'],
    ['an empty object', observation({ method: {} }), 'FHIR_VALUE_EMPTY Observation.method'],
    ['null', observation({ method: null }), 'FHIR_VALUE_TYPE Observation.method'],
    ['null for a primitive', observation({ issued: null }), 'FHIR_VALUE_EMPTY Observation.issued'],
    ['null in an array', patient({ name: [null] }), 'FHIR_VALUE_TYPE Patient.name[0]'],
    ['an array for one value', observation({ status: ['final'] }), 'FHIR_CARDINALITY Observation.status'],
    [
      'one value for an array',
      observation({ category: { text: 'x' } }),
      'FHIR_CARDINALITY Observation.category',
    ],
    ['an id with a slash', patient({ id: 'a/b' }), 'FHIR_VALUE_INVALID Patient.id'],
    ['an id that climbs the path', patient({ id: '..' }), 'FHIR_VALUE_INVALID Patient.id'],
    ['an id of 65 characters', patient({ id: 'a'.repeat(65) }), 'FHIR_VALUE_INVALID Patient.id'],
    ['the 30th of February', patient({ birthDate: '2024-02-30' }), 'FHIR_VALUE_INVALID Patient.birthDate'],
    ['the year 0000', patient({ birthDate: '0000-01-01' }), 'FHIR_VALUE_INVALID Patient.birthDate'],
    ['the year 9999', patient({ birthDate: '9999-12-31' }), 'FHIR_VALUE_INVALID Patient.birthDate'],
    [
      'a birth date with a time',
      patient({ birthDate: '2000-01-01T00:00:00Z' }),
      'FHIR_VALUE_INVALID Patient.birthDate',
    ],
    [
      'a time without a zone',
      observation({ effectiveDateTime: '2024-01-01T10:00:00' }),
      'FHIR_VALUE_INVALID Observation.effectiveDateTime',
    ],
    [
      'an instant without a time',
      observation({ issued: '2024-01-01' }),
      'FHIR_VALUE_INVALID Observation.issued',
    ],
    [
      'a zone that does not exist',
      observation({ issued: '2024-01-01T10:00:00+15:00' }),
      'FHIR_VALUE_INVALID Observation.issued',
    ],
    [
      'a uri with a space',
      patient({ identifier: [{ system: 'a b', value: '1' }] }),
      'FHIR_VALUE_INVALID Patient.identifier[0].system',
    ],
    [
      'a uri that runs',
      patient({ identifier: [{ system: 'javascript:x' }] }),
      'FHIR_VALUE_INVALID Patient.identifier[0].system',
    ],
    [
      'zero where a positive number is typed',
      patient({ telecom: [{ rank: 0 }] }),
      'FHIR_VALUE_INVALID Patient.telecom[0].rank',
    ],
    [
      'a fraction where a whole number is typed',
      patient({ multipleBirthInteger: 1.5 }),
      'FHIR_VALUE_INVALID Patient.multipleBirthInteger',
    ],
    [
      'implicit rules',
      patient({ implicitRules: 'http://x.example/r' }),
      'FHIR_RULES_UNKNOWN Patient.implicitRules',
    ],
    [
      'a modifier extension',
      patient({ modifierExtension: [{ url: 'http://x.example/not', valueBoolean: true }] }),
      'FHIR_MODIFIER_UNKNOWN Patient.modifierExtension',
    ],
    [
      'two extensions of a value without one',
      patient({ extension: [{ url: 'http://x.example' }] }),
      'FHIR_INVARIANT Patient.extension[0]',
    ],
    [
      'a period that ends before it starts',
      patient({ name: [{ text: 'A', period: { start: '2024-02', end: '2024-01' } }] }),
      'FHIR_INVARIANT Patient.name[0].period',
    ],
    [
      'a value and the reason why there is none',
      observation({ valueString: 'x', dataAbsentReason: { text: 'x' } }),
      'FHIR_INVARIANT Observation',
    ],
    [
      'an unsafe narrative',
      patient({
        text: {
          status: 'generated',
          div: '<div xmlns="http://www.w3.org/1999/xhtml"><script>1</script></div>',
        },
      }),
      'FHIR_NARRATIVE_UNSAFE Patient.text.div',
    ],
    [
      'a type that is not supported',
      { resourceType: 'Basic' },
      'FHIR_TYPE_UNSUPPORTED Resource.resourceType',
    ],
    [
      'a type that every object has',
      { resourceType: 'constructor' },
      'FHIR_TYPE_UNSUPPORTED Resource.resourceType',
    ],
    [
      'a datatype in place of a resource',
      { resourceType: 'Period', start: '2024' },
      'FHIR_TYPE_UNSUPPORTED Resource.resourceType',
    ],
    [
      'a backbone element in place of a resource',
      { resourceType: 'Patient.contact' },
      'FHIR_TYPE_UNSUPPORTED Resource.resourceType',
    ],
    ['an array in place of a resource', [], 'FHIR_INVALID undefined'],
    ['null in place of a resource', null, 'FHIR_INVALID undefined'],
    [
      'a resourceType inside a datatype',
      observation({ code: { resourceType: 'X', text: 'x' } }),
      'FHIR_ELEMENT_UNKNOWN Observation.code.resourceType',
    ],
  ])('refuses %s and names the place', (_what, resource, expected) => {
    expect(problems(resource)).toContain(expected);
  });

  it.each([
    ['of another server', 'https://elsewhere.example/fhir/Patient/1', 'FHIR_REFERENCE_FOREIGN'],
    ['to a type the element may not have', 'Claim/1', 'FHIR_REFERENCE_TARGET'],
    ['to a type that does not exist', 'Person1/1', 'FHIR_REFERENCE_INVALID'],
    ['that climbs the path', 'Patient/..', 'FHIR_REFERENCE_INVALID'],
    ['to something that is not contained', '#nothing', 'FHIR_REFERENCE_INVALID'],
    ['of a Bundle, outside one', 'urn:uuid:0b1f0f4e-6c3e-4f5e-9a51-0d8a7f7f2b11', 'FHIR_REFERENCE_INVALID'],
    [
      'under a condition, outside a Bundle',
      'Patient?identifier=http://x.example|1',
      'FHIR_REFERENCE_INVALID',
    ],
    ['that is no reference', 'Patient/1/extra/x', 'FHIR_REFERENCE_INVALID'],
  ])('refuses a reference %s', (_what, reference, code) => {
    expect(problems(observation({ subject: { reference } }))).toEqual([
      `${code} Observation.subject.reference`,
    ]);
  });

  it('refuses a reference whose type contradicts its target, and one that names nothing', () => {
    const contradicting = observation({ subject: { reference: 'Patient/1', type: 'Group' } });

    expect(problems(contradicting)).toEqual(['FHIR_REFERENCE_TARGET Observation.subject.reference']);
    expect(problems(observation({ subject: { type: 'Patient' } }))).toEqual([
      'FHIR_REFERENCE_INVALID Observation.subject',
    ]);
  });

  it('accepts references by identifier, to versions and to contained resources', () => {
    const contained = { resourceType: 'Practitioner', id: 'p', name: [{ text: 'Li' }] };
    const resource = observation({
      contained: [contained],
      performer: [{ reference: '#p' }, { identifier: { system: 'http://x.example', value: '1' } }],
      encounter: { reference: 'Encounter/1/_history/2' },
    });

    expect(problems(resource)).toEqual([]);
  });

  it('refuses contained resources that share an id, or that nothing refers to', () => {
    const inner = (id: string, resourceType = 'Practitioner') => ({ resourceType, id, active: true });
    const performer = [{ reference: '#p' }];
    const refused = ['FHIR_INVARIANT Observation.contained'];

    expect(problems(observation({ contained: [inner('p')] }))).toEqual(refused);
    expect(problems(observation({ contained: [inner('p'), inner('q')], performer }))).toEqual(refused);
    expect(problems(observation({ contained: [inner('p', 'Patient'), inner('p')], performer }))).toEqual(
      refused,
    );
    expect(problems(observation({ contained: [inner('p')], performer }))).toEqual([]);
  });

  it('refuses a form of a choice beside the extensions of another', () => {
    const extension = [{ url: 'http://x.example', valueString: 'x' }];

    expect(problems(observation({ valueString: 'a', _valueInteger: { extension } }))).toEqual([
      'FHIR_CHOICE_REPEATED Observation.value',
    ]);
    expect(problems(observation({ valueString: 'a', _valueString: { extension } }))).toEqual([]);
  });

  it('refuses contained resources that contain, carry labels or have no id', () => {
    const inner = { resourceType: 'Practitioner', id: 'p' };
    const nested = { ...inner, contained: [inner] };
    const labelled = { ...inner, meta: { security: [{ code: 'N' }] } };

    for (const contained of [nested, labelled, { resourceType: 'Practitioner', active: true }]) {
      expect(problems(observation({ contained: [contained] }))).toContain(
        'FHIR_INVARIANT Observation.contained[0]',
      );
    }
  });

  it('accepts ids and extensions of primitives, and refuses them where there is no primitive', () => {
    const extension = [{ url: 'http://x.example/reason', valueCode: 'unknown' }];

    expect(problems(patient({ _birthDate: { extension } }))).toEqual([]);
    expect(problems(patient({ name: [{ given: ['A', null], _given: [null, { extension }] }] }))).toEqual([]);
    expect(problems(patient({ name: [{ given: ['A'], _given: [null, { extension }] }] }))).toEqual([
      'FHIR_CARDINALITY Patient.name[0]._given',
    ]);
    expect(problems(patient({ _name: [{ extension }], active: true }))).toEqual([
      'FHIR_ELEMENT_UNKNOWN Patient._name',
    ]);
  });

  it.each([
    ['NUL', 'a\u0000b'],
    ['an escape character', 'a\u001b[31mb'],
    ['a lone surrogate', 'a\ud800b'],
    ['a byte order mark', '\ufeffab'],
    ['a right-to-left override', 'ab\u202ecd'],
  ])('refuses %s in a name', (_what, text) => {
    expect(problems(patient({ name: [{ family: text }] }))).toEqual([
      'FHIR_VALUE_INVALID Patient.name[0].family',
    ]);
  });

  it.each([
    ['too large for a double', JSON.parse('1e400')],
    ['minus zero', -0],
    ['beyond 2^53', 2 ** 53 + 2],
    ['not a number', Number.NaN],
    ['a number in quotes', '5'],
  ])('refuses a decimal that is %s', (_what, value) => {
    expect(problems(observation({ valueQuantity: { value } }))).toEqual([
      'FHIR_VALUE_INVALID Observation.valueQuantity.value',
    ]);
  });

  it('never echoes a value, nor a key that could be one', () => {
    const canary = 'CANARY-张三-\u00e9';
    const resource = patient({
      [canary]: 1,
      gender: canary,
      name: [{ [canary]: canary }],
      birthDate: canary,
    });

    try {
      validateResource(resource);
      expect.unreachable();
    } catch (error) {
      expect(JSON.stringify((error as FhirError).issues)).not.toContain('CANARY');
    }
  });

  it('treats __proto__ and constructor as the unknown elements they are', () => {
    const resource = JSON.parse(
      '{"resourceType":"Patient","active":true,"__proto__":{"gender":"male"},"constructor":{}}',
    );

    expect(problems(resource)).toEqual([
      'FHIR_ELEMENT_UNKNOWN Patient',
      'FHIR_ELEMENT_UNKNOWN Patient.constructor',
    ]);
  });

  it('ends quickly on nesting 100,000 deep and on 100,000 mistakes', () => {
    let extension: object = { url: 'http://x.example', valueString: 'x' };
    for (let depth = 0; depth < 100_000; depth += 1)
      extension = { url: 'http://x.example', extension: [extension] };
    const wrong = Array.from({ length: 100_000 }, () => ({ wrong: 1 }));
    const startedAt = performance.now();

    const deep = problems(patient({ extension: [extension] }));
    const wide = problems(patient({ name: wrong }));

    expect(deep.some((problem) => problem.startsWith('FHIR_TOO_DEEP'))).toBe(true);
    expect(wide).toHaveLength(20);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });

  it('answers anything that is JSON with an acceptance or a FhirError', () => {
    const anyResource = fc
      .tuple(fc.constantFrom(...supportedTypes), fc.dictionary(fc.string(), fc.jsonValue()))
      .map(([resourceType, elements]) => ({ ...elements, resourceType }));

    fc.assert(
      fc.property(fc.oneof(anyResource, fc.jsonValue()), (resource) => {
        problems(resource);
      }),
      { numRuns: 2000 },
    );
  });

  it('checks every constraint of severity error that R4 puts on what may be stored', () => {
    // References, narrative and contained resources have checks of their own; ppc-2 to ppc-5 name a system that does not exist.
    const elsewhere = /^(?:ref-1|txt-[12]|dom-[2-5]|ppc-[2-5]|ele-1)$/;
    // Bundles are checked by planBundle, CapabilityStatement is only written; mqty-1 is on a profile that nothing uses.
    const notStored = /^(?:bdl-|cpb-|mqty-1)/;
    const keys = definitions().structures.flatMap(({ snapshot }) =>
      snapshot.element.flatMap(({ constraint }) => (constraint ?? []).map(({ key }) => key)),
    );
    const unchecked = new Set(
      keys.filter((key) => !INVARIANTS.has(key) && !elsewhere.test(key) && !notStored.test(key)),
    );

    expect([...unchecked]).toEqual([]);
  });
});

describe('numbers that are kept as they were written', () => {
  const written = (text: string): WrittenNumber => new WrittenNumber(text);
  const quantity = (value: unknown): Resource => observation({ valueQuantity: { value, unit: 'kg' } });

  it.each(['1.10', '0.0', '-0', '-0.50', '1.5E3', '1e-7', '0.12345678901234567890', '12.000000000000000001'])(
    'are decimals: %s',
    (text) => {
      expect(problems(quantity(written(text)))).toEqual([]);
    },
  );

  it.each([
    ['1e17', 'beyond 2^53'],
    ['1.0e-400', 'nothing of it is left in a double'],
    [`0.${'1'.repeat(70)}`, 'too long'],
  ])('are refused: %s, %s', (text) => {
    expect(problems(quantity(written(text)))).toEqual(['FHIR_VALUE_INVALID Observation.valueQuantity.value']);
  });

  it('are no integers, texts, codes or objects', () => {
    const refused = [
      observation({ valueInteger: written('1.0') }),
      observation({ valueString: written('1.0') }),
      observation({ status: written('1.0') }),
      observation({ valueQuantity: written('1.0') }),
      observation({ component: [written('1.0')] }),
      observation({ subject: { reference: 'Patient/1', identifier: written('1.0') } }),
      observation({ contained: [written('1.0')] }),
      observation({ meta: written('1.0') }),
      observation({ id: written('1.0') }),
    ];
    for (const resource of refused) expect(problems(resource)).not.toEqual([]);
    expect(problems(written('1.0') as never)).toEqual(['FHIR_INVALID undefined']);
  });

  it('count by their value where a constraint compares or searches', () => {
    const range = (low: string, high: string): object => ({
      referenceRange: [{ low: { value: written(low) }, high: { value: written(high) } }],
    });
    expect(problems(observation(range('1.10', '1.20')))).toEqual([]);
    expect(searchValues(quantity(written('1.10'))).paths).toEqual(searchValues(quantity(1.1)).paths);
    const age = (value: string): Resource => ({
      resourceType: 'Condition',
      subject: { reference: 'Patient/1' },
      clinicalStatus: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' }],
      },
      onsetAge: { value: written(value), system: 'http://unitsofmeasure.org', code: 'a' },
    });
    expect(problems(age('30.0'))).toEqual([]);
    expect(problems(age('-1.0'))).toEqual(['FHIR_INVARIANT Condition.onsetAge']);
  });
});
