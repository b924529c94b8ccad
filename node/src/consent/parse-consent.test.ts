import { canonicalJson } from '@medseal/evidence';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { validateResource } from '../fhir/index.ts';
import { buildConsent } from './build-consent.ts';
import { labels, purposes } from './codes.ts';
import { parseConsent, wordsOf } from './parse-consent.ts';
import { checkTerms, parseTerms } from './parse-terms.ts';
import { summarize, wordsFor } from './summary.ts';
import type { ConsentTerms } from './types.ts';

const now = new Date('2026-03-01T08:00:00.000Z');
const frame = {
  id: '7f0f6c1e-6e0e-4a53-9d5c-0a4f8b1f2c3d',
  status: 'active' as const,
  patientId: 'p1',
  custodian: 'hospital-a',
  dateTime: now.toISOString(),
  words: '我同意。\n\nI agree.\n',
};
const chosen = { recipients: ['hospital-b'], purposes: ['TREAT'], types: ['Observation'] };

const some = <Item>(items: readonly Item[]) => fc.uniqueArray(fc.constantFrom(...items), { minLength: 1 });
const days = fc.constantFrom(
  { start: '2020-01-01' },
  { end: '2024-12-31' },
  { start: '2020-01-01', end: '2020-01-01' },
);
const parts = {
  types: some(['Observation', 'Condition', 'MedicationRequest', 'Patient']),
  labels: some(Object.keys(labels)),
  instances: some(['Observation/1', 'Condition/a-b.c']),
  dataPeriod: days,
};
const anyTerms: fc.Arbitrary<unknown> = fc.record(
  {
    recipients: some(['hospital-b', 'hospital-c', 'p9']),
    purposes: some(Object.keys(purposes)),
    period: fc.constantFrom({ end: '2026-09-01T00:00:00Z' }, { start: '2026-03-02T00:00:00+08:00' }),
    types: fc.oneof(fc.constant('all'), parts.types),
    labels: parts.labels,
    instances: parts.instances,
    dataPeriod: days,
    exclusions: fc.array(
      fc.oneof(
        ...Object.entries(parts).map(([name, part]) =>
          fc.record(
            {
              [name]: part as fc.Arbitrary<unknown>,
              recipients: some(['hospital-b']),
              purposes: some(['TREAT']),
              period: fc.constant({ start: '2026-03-05T00:00:00.000Z' }),
            },
            { requiredKeys: [name] },
          ),
        ),
      ),
      { maxLength: 4 },
    ),
  },
  { requiredKeys: ['recipients', 'purposes', 'types'] },
);

describe('terms', () => {
  it('starts now and lasts 30 days unless said otherwise', () => {
    expect(parseTerms(chosen, now)).toEqual({
      ...chosen,
      period: { start: '2026-03-01T08:00:00.000Z', end: '2026-03-31T08:00:00.000Z' },
      labels: [],
      exclusions: [],
    });
  });

  it('sorts lists and drops what is there twice', () => {
    const terms = parseTerms(
      { ...chosen, types: ['Patient', 'Condition', 'Patient'], labels: ['SEX', 'ETH'] },
      now,
    );

    expect(terms).toMatchObject({ types: ['Condition', 'Patient'], labels: ['ETH', 'SEX'] });
  });

  const refused: [string, unknown, string | undefined][] = [
    ['nothing', undefined, 'terms'],
    ['a list', [], 'terms'],
    ['one member more', { ...chosen, role: 'all' }, 'terms'],
    ['no recipient', { ...chosen, recipients: [] }, 'terms.recipients'],
    ['a recipient that is no id', { ...chosen, recipients: ['Hospital B'] }, 'terms.recipients.0'],
    ['no purpose', { ...chosen, purposes: [] }, 'terms.purposes'],
    ['a purpose that nobody can consent to', { ...chosen, purposes: ['BTG'] }, 'terms.purposes.0'],
    ['no types', { ...chosen, types: [] }, 'terms.types'],
    ['a type that is none', { ...chosen, types: ['observation'] }, 'terms.types'],
    ['an unknown label', { ...chosen, labels: ['XYZ'] }, 'terms.labels.0'],
    ['a label of the prototype', { ...chosen, labels: ['constructor'] }, 'terms.labels.0'],
    ['an instance that is none', { ...chosen, instances: ['Observation'] }, 'terms.instances.0'],
    ['an instance elsewhere', { ...chosen, instances: ['https://x/Observation/1'] }, 'terms.instances.0'],
    [
      'a date that does not exist',
      { ...chosen, dataPeriod: { start: '2025-02-29' } },
      'terms.dataPeriod.start',
    ],
    ['an absurd date', { ...chosen, dataPeriod: { start: '0001-01-01' } }, 'terms.dataPeriod.start'],
    ['an empty data period', { ...chosen, dataPeriod: {} }, 'terms.dataPeriod'],
    [
      'a data period backwards',
      { ...chosen, dataPeriod: { start: '2025-01-02', end: '2025-01-01' } },
      'terms.dataPeriod',
    ],
    ['a period without zone', { ...chosen, period: { end: '2026-05-01T00:00:00' } }, 'terms.period.end'],
    [
      'a period that is over',
      { ...chosen, period: { start: '2025-01-01T00:00:00Z', end: '2025-02-01T00:00:00Z' } },
      'terms.period',
    ],
    [
      'a period backwards',
      { ...chosen, period: { start: '2026-05-01T00:00:00Z', end: '2026-04-01T00:00:00Z' } },
      'terms.period',
    ],
    ['a period of a lifetime', { ...chosen, period: { end: '2080-01-01T00:00:00Z' } }, 'terms.period'],
    ['an exclusion of nothing', { ...chosen, exclusions: [{}] }, 'terms.exclusions.0'],
    [
      'an exclusion for somebody of nothing',
      { ...chosen, exclusions: [{ recipients: ['hospital-b'] }] },
      'terms.exclusions.0',
    ],
    [
      'an exclusion within an exclusion',
      { ...chosen, exclusions: [{ types: ['Patient'], exclusions: [] }] },
      'terms.exclusions.0',
    ],
    [
      'too many exclusions',
      { ...chosen, exclusions: Array(21).fill({ types: ['Patient'] }) },
      'terms.exclusions',
    ],
    [
      'an own __proto__',
      JSON.parse(
        '{"__proto__":{"labels":["HIV"]},"recipients":["hospital-b"],"purposes":["TREAT"],"types":"all"}',
      ),
      'terms',
    ],
  ];
  it.each(refused)('refuses %s', (_what, terms, field) => {
    expect(() => parseTerms(terms, now)).toThrow(expect.objectContaining({ code: 'CONSENT_INVALID', field }));
  });
});

describe('the Consent resource', () => {
  it('says what the terms say, and parses back to them', () => {
    fc.assert(
      fc.property(anyTerms, (value) => {
        const terms = parseTerms(value, now);
        const resource = buildConsent(terms, frame);
        const parsed = parseConsent(JSON.parse(JSON.stringify(resource)));

        expect(parsed).toEqual({
          id: frame.id,
          status: 'active',
          patientId: 'p1',
          custodian: 'hospital-a',
          dateTime: frame.dateTime,
          terms,
        });
        expect(canonicalJson(buildConsent(parsed.terms, frame))).toBe(canonicalJson(resource));
        expect(wordsOf(resource)).toBe(frame.words);
        expect(() => validateResource(resource)).not.toThrow();
        expect(checkTerms(terms)).toEqual(terms);
      }),
      { numRuns: 300 },
    );
  });

  it('has no empty lists and no empty objects, which FHIR does not know', () => {
    fc.assert(
      fc.property(anyTerms, (value) => {
        const text = JSON.stringify(buildConsent(parseTerms(value, now), frame));
        expect(text).not.toMatch(/\[\]|\{\}|null/);
      }),
    );
  });

  type Change = (consent: Record<string, never>) => void;
  const resource = (): Record<string, never> =>
    structuredClone(
      buildConsent(parseTerms({ ...chosen, exclusions: [{ types: ['Condition'] }] }, now), frame),
    ) as never;
  const set =
    (path: string, value: unknown): Change =>
    (consent) => {
      const names = path.split('.');
      const last = names.pop() ?? '';
      const holder = names.reduce<Record<string, unknown>>((at, name) => at[name] as never, consent);
      holder[last] = value;
    };
  const inner = 'provision.provision.0';
  const refused: [string, Change, string][] = [
    [
      'a provision inside a nested one',
      set(`${inner}.provision`, [{ type: 'permit' }]),
      `Consent.${inner}.provision`,
    ],
    ['a nested permit', set(`${inner}.type`, 'permit'), `Consent.${inner}.type`],
    ['a root deny', set('provision.type', 'deny'), 'Consent.provision.type'],
    ['an action', set('provision.action', []), 'Consent.provision.action'],
    ['a code', set(`${inner}.code`, []), `Consent.${inner}.code`],
    [
      'related data',
      set('provision.data', [{ meaning: 'related', reference: { reference: 'Encounter/1' } }]),
      'Consent.provision.data.0.meaning',
    ],
    [
      'another role',
      set('provision.actor.0.role.coding.0.code', 'PRCP'),
      'Consent.provision.actor.0.role.coding.0.code',
    ],
    [
      'an actor by reference',
      set('provision.actor.0.reference', { reference: 'Organization/1' }),
      'Consent.provision.actor.0.reference.identifier',
    ],
    [
      'an identifier of another system',
      set('provision.actor.0.reference.identifier.system', 'urn:x'),
      'Consent.provision.actor.0.reference.identifier.system',
    ],
    [
      'a purpose of another system',
      set('provision.purpose.0.system', 'urn:x'),
      'Consent.provision.purpose.0.system',
    ],
    [
      'a label of the wrong system',
      set('provision.securityLabel', [
        { system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'PSY' },
      ]),
      'Consent.provision.securityLabel.0',
    ],
    ['a modifier extension', set('modifierExtension', []), 'Consent.modifierExtension'],
    ['an implicit rule', set('implicitRules', 'urn:x'), 'Consent.implicitRules'],
    ['a contained resource', set('contained', []), 'Consent.contained'],
    ['a status of its own', set('status', 'proposed'), 'Consent.status'],
    ['another scope', set('scope.coding.0.code', 'research'), 'Consent.scope.coding.0.code'],
    ['another performer', set('performer.0', { reference: 'Patient/p2' }), 'Consent.performer'],
    ['another policy', set('policy.0.uri', 'urn:x'), 'Consent.policy.0.uri'],
    ['a patient elsewhere', set('patient.reference', 'https://x/Patient/p1'), 'Consent.patient.reference'],
    [
      'two custodians',
      (c) => (c as Record<string, unknown[]>)['organization']?.push({}),
      'Consent.organization',
    ],
    ['a date without zone', set('dateTime', '2026-03-01'), 'Consent.dateTime'],
    ['an id that is none', set('id', 'x'), 'Consent.id'],
    ['another type', set('resourceType', 'Patient'), 'Consent.resourceType'],
  ];
  it.each(refused)('is refused with %s', (_what, change, field) => {
    const consent = resource();
    change(consent);

    expect(() => parseConsent(consent)).toThrow(
      expect.objectContaining({ code: 'CONSENT_UNSUPPORTED', field }),
    );
  });

  it('is refused with terms that are none', () => {
    const consent = resource();
    set('provision.period', { start: '2026-03-01T08:00:00.000Z' })(consent);
    expect(() => parseConsent(consent)).toThrow(
      expect.objectContaining({ code: 'CONSENT_INVALID', field: 'terms.period' }),
    );

    for (const nothing of [null, undefined, 5, 'Consent', [], {}]) {
      expect(() => parseConsent(nothing)).toThrow(expect.objectContaining({ code: 'CONSENT_UNSUPPORTED' }));
    }
  });

  it('never repeats a client’s own member names unless they are plain', () => {
    const consent = { ...resource(), 'national id 110101199003070011': 1 };

    expect(() => parseConsent(consent)).toThrow(/^CONSENT_UNSUPPORTED$/);
  });
});

describe('the words', () => {
  const names = new Map([
    ['hospital-a', { zh: '安和医院', en: 'Anhe Hospital' }],
    ['hospital-b', { zh: '博仁医院', en: 'Boren Hospital' }],
  ]);
  const terms: ConsentTerms = parseTerms(
    {
      recipients: ['hospital-b', 'hospital-c'],
      purposes: ['TREAT', 'HPAYMT'],
      types: ['Observation', 'NutritionOrder'],
      labels: ['PSY'],
      dataPeriod: { start: '2024-01-01' },
      exclusions: [
        { types: ['Condition'], recipients: ['hospital-c'], purposes: ['HPAYMT'] },
        { labels: ['HIV'], dataPeriod: { end: '2020-12-31' }, period: { start: '2026-03-01T16:00:00.000Z' } },
        { instances: ['Observation/1'] },
      ],
    },
    now,
  );

  it('tell the patient who, what for, what, until when, what never, and how to take it back', () => {
    expect(summarize(terms, { names, custodian: 'hospital-a' })).toEqual({
      zh: [
        '我同意安和医院（hospital-a）把我的以下资料提供给博仁医院（hospital-b）、hospital-c。',
        '用途：医保结算、诊疗。',
        '资料：NutritionOrder、化验与体征，仅限 2024-01-01 及以后的记录。',
        '期限：2026-03-01 16:00至2026-03-31 16:00（北京时间），到期自动失效。',
        '敏感资料：只提供精神心理。',
        '不提供：诊断；对象：hospital-c；用途：医保结算。',
        '不提供：各类资料，仅限 2020-12-31 及以前的记录；敏感类别：艾滋病；时间：2026-03-02 00:00 及以后。',
        '不提供：各类资料，仅限这 1 条（Observation/1）。',
        '其他机构看不到。我可以随时撤回；撤回后立即停止提供，已经提供的无法收回。',
      ].join('\n'),
      en: [
        'I agree that Anhe Hospital (hospital-a) gives Boren Hospital (hospital-b), hospital-c these records of mine.',
        'Purpose: payment, treatment.',
        'Records: NutritionOrder, test results and vital signs, dated 2024-01-01 or later only.',
        'Time: from 2026-03-01 16:00 to 2026-03-31 16:00 (UTC+8); then it ends by itself.',
        'Sensitive records: only mental health.',
        'Not given: diagnoses; to hospital-c; for payment.',
        'Not given: all kinds of record, dated 2020-12-31 or earlier only; sensitive: HIV/AIDS; time: 2026-03-02 00:00 or later.',
        'Not given: all kinds of record, only these 1 (Observation/1).',
        'No other organisation sees them. I can take this back at any time; from then on nothing more is given. What was given before cannot be called back.',
      ].join('\n'),
    });
  });

  it('are two paragraphs, whatever the terms', () => {
    fc.assert(
      fc.property(anyTerms, (value) => {
        const summary = summarize(parseTerms(value, now), { names, custodian: 'hospital-a' });
        expect(wordsFor(summary).trimEnd().split('\n\n')).toEqual([summary.zh, summary.en]);
      }),
    );
  });
});
