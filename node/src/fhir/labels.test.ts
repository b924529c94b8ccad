import { describe, expect, it } from 'vitest';
import { PHRASES, type Sensitivity, sensitivitiesOf } from './label-codes.ts';
import { assignLabels, CONFIDENTIALITY_SYSTEM, labelsOf, SENSITIVITY_SYSTEM } from './labels.ts';
import { hasLargeSet, largeSet, smallSet } from './test-data.ts';
import type { Resource } from './types.ts';

const SNOMED = 'http://snomed.info/sct';
const condition = (code: string, more: object = {}): Resource => ({
  resourceType: 'Condition',
  code: { coding: [{ system: SNOMED, code }] },
  subject: { reference: 'Patient/1' },
  ...more,
});
const labels = (resource: Resource): string[] => labelsOf(assignLabels(resource));
const confidentiality = (resource: Resource): (string | undefined)[] =>
  (assignLabels(resource).meta?.security ?? [])
    .filter(({ system }) => system === CONFIDENTIALITY_SYSTEM)
    .map(({ code }) => code);
const note = (text: string, contentType = 'text/plain; charset=utf-8'): Resource => ({
  resourceType: 'DocumentReference',
  status: 'current',
  content: [{ attachment: { contentType, data: Buffer.from(text).toString('base64') } }],
});

describe('assignLabels', () => {
  it.each([
    ['drug dependence', '6525002', ['OPIOIDUD']],
    ['alcoholism', '7200002', ['ETHUD']],
    ['misuse of drugs', '361055000', ['ETH']],
    ['panic', '80583007', ['PSY']],
    ['pregnancy', '72892002', ['SEX']],
    ['an HIV test', '31676001', ['HIV']],
    ['partner abuse', '706893006', ['SDV']],
  ])('restricts %s', (_what, code, expected) => {
    expect(labels(condition(code))).toEqual(expected);
    expect(confidentiality(condition(code))).toEqual(['R']);
  });

  it('tells one kind of substance use from another in one record', () => {
    const both = condition('7200002');
    (both['code'] as { coding: object[] }).coding.push({ system: SNOMED, code: '37344009' });

    expect(labels(both)).toEqual(['ETH', 'ETHUD']);
  });

  it('labels everything else as normal', () => {
    expect(labels(condition('44054006'))).toEqual([]);
    expect(confidentiality(condition('44054006'))).toEqual(['N']);
  });

  it.each([
    ['http://hl7.org/fhir/sid/icd-10', 'F11.2', ['OPIOIDUD']],
    ['http://hl7.org/fhir/sid/icd-10', 'F10.2', ['ETHUD']],
    ['http://hl7.org/fhir/sid/icd-10-cm', 'F32.1', ['PSY']],
    ['http://hl7.org/fhir/sid/icd-10', 'B20', ['HIV']],
    ['http://hl7.org/fhir/sid/icd-10', 'O80', ['SEX']],
    ['http://hl7.org/fhir/sid/icd-10', 'E11.9', []],
    ['http://www.whocc.no/atc', 'N07BC02', ['OPIOIDUD']],
    ['http://www.whocc.no/atc', 'A10BA02', []],
    ['http://x.example', 'F11.2', []],
  ])('reads %s %s as %j', (system, code, expected) => {
    expect(sensitivitiesOf(system, code)).toEqual(expected);
  });

  it('finds a sensitive code wherever it stands', () => {
    const claim: Resource = {
      resourceType: 'Claim',
      item: [{ productOrService: { coding: [{ system: SNOMED, code: '7200002' }] } }],
    };

    expect(labels(claim)).toEqual(['ETHUD']);
  });

  it('reads displays, texts and attached notes, in English and Chinese', () => {
    const reason: Resource = {
      resourceType: 'Procedure',
      reasonReference: [{ reference: 'Condition/1', display: 'Drug overdose' }],
    };

    expect(labels(reason)).toEqual(['OPIOIDUD']);
    expect(labels(note('History of MAJOR Depressive disorder.'))).toEqual(['PSY']);
    expect(labels(note('诊断：抑郁发作，人类免疫缺陷病毒检测阴性'))).toEqual(['HIV', 'PSY']);
    expect(labels(note('History of depression', 'application/pdf'))).toEqual([]);
  });

  it('reads an attached note in the charset that its media type names', () => {
    const inBytes = (bytes: Buffer, charset: string): Resource => ({
      resourceType: 'DocumentReference',
      content: [
        { attachment: { contentType: `text/plain; charset=${charset}`, data: bytes.toString('base64') } },
      ],
    });
    const depression = Buffer.from('d2d6d3f4b7a2d7f7', 'hex'); // 抑郁发作 in GB 18030

    expect(labels(inBytes(depression, 'GBK'))).toEqual(['PSY']);
    expect(labels(inBytes(Buffer.from('抑郁发作', 'utf16le'), '"utf-16le"'))).toEqual(['PSY']);
    expect(labels(inBytes(Buffer.from('抑郁发作'), 'no-such-charset'))).toEqual(['PSY']);
  });

  it('counts a label in a system that is not known as very restricted, and passes over purposes and marks', () => {
    const labelled = (system: string | undefined, code: string): Resource => ({
      resourceType: 'Condition',
      meta: { security: [{ ...(system === undefined ? {} : { system }), code }] },
    });
    const valueSets = 'http://terminology.hl7.org/CodeSystem';

    expect(labels(labelled('http://hl7.org/fhir/v3/Confidentiality', 'R'))).toEqual(['V']);
    expect(labels(labelled('https://hospital.example/labels', 'VIP'))).toEqual(['V']);
    expect(labels(labelled(undefined, 'R'))).toEqual(['V']);
    expect(labels(labelled(`${valueSets}/v3-ObservationValue`, 'SUBSETTED'))).toEqual([]);
    expect(labels(labelled(`${valueSets}/v3-ActReason`, 'TREAT'))).toEqual([]);
    const securityLabel = [{ coding: [{ system: 'https://hospital.example/labels', code: 'VIP' }] }];
    expect(labels({ ...note('nothing'), securityLabel })).toEqual(['V']);
  });

  it.each([
    'Alcohol disinfectant (substance)',
    'Abuse-Deterrent 12 HR Oxycodone',
    'Psychology 101 parking',
    'Housing unsatisfactory',
  ])('is not misled by %s', (text) => {
    expect(labels({ resourceType: 'SupplyDelivery', type: { text } })).toEqual([]);
  });

  it('keeps the labels of the source and never lowers one', () => {
    const own = (code: string): object => ({
      meta: { security: [{ system: CONFIDENTIALITY_SYSTEM, code }] },
    });
    const withHiv = { meta: { security: [{ system: SENSITIVITY_SYSTEM, code: 'HIV' }] } };

    expect(confidentiality(condition('44054006', own('V')))).toEqual(['V']);
    expect(confidentiality(condition('44054006', own('R')))).toEqual(['R']);
    expect(confidentiality(condition('7200002', own('N')))).toEqual(['R']);
    expect(confidentiality(condition('7200002', own('V')))).toEqual(['V']);
    expect(confidentiality(condition('44054006', own('L')))).toEqual(['L']);
    expect(labels(condition('72892002', withHiv))).toEqual(['HIV', 'SEX']);
  });

  it('takes over the labels that a document carries', () => {
    const securityLabel = [{ coding: [{ system: CONFIDENTIALITY_SYSTEM, code: 'R' }] }];

    expect(labels({ ...note('nothing'), securityLabel })).toEqual(['R']);
  });

  it('is repeatable and does not touch its input', () => {
    const resource = condition('7200002', { meta: { versionId: '1', tag: [{ code: 'x' }] } });
    const once = assignLabels(resource);

    expect(assignLabels(once)).toEqual(once);
    expect(once.meta).toMatchObject({ versionId: '1', tag: [{ code: 'x' }] });
    expect(resource.meta?.security).toBeUndefined();
  });

  it('labels restricted records without a reason as R, very restricted as V, and unknown codes as themselves', () => {
    const security = (...codes: [string, string][]): Resource => ({
      resourceType: 'Condition',
      meta: { security: codes.map(([system, code]) => ({ system, code })) },
    });

    expect(labelsOf(security([CONFIDENTIALITY_SYSTEM, 'R']))).toEqual(['R']);
    expect(labelsOf(security([CONFIDENTIALITY_SYSTEM, 'R'], [SENSITIVITY_SYSTEM, 'PSY']))).toEqual(['PSY']);
    expect(labelsOf(security([CONFIDENTIALITY_SYSTEM, 'V'], [SENSITIVITY_SYSTEM, 'PSY']))).toEqual([
      'PSY',
      'V',
    ]);
    expect(labelsOf(security([SENSITIVITY_SYSTEM, 'CEL']))).toEqual(['CEL']);
    expect(labelsOf(security([CONFIDENTIALITY_SYSTEM, 'N']))).toEqual([]);
    expect(labelsOf({ resourceType: 'Condition' })).toEqual([]);
  });

  it('finds sensitive records in the committed Synthea set', () => {
    const found = new Set(
      smallSet().flatMap(({ entry }) => entry.flatMap(({ resource }) => labels(resource))),
    );

    expect([...found].sort()).toEqual(expect.arrayContaining(['ETH', 'ETHUD', 'PSY', 'SDV', 'SEX']));
  });

  it.skipIf(!hasLargeSet)(
    'finds every sensitivity in the large set, in less than half of the records',
    () => {
      const found = new Map<string, number>();
      let restricted = 0;
      let count = 0;
      for (const { entry } of largeSet()) {
        for (const { resource } of entry) {
          const own = labels(resource);
          count += 1;
          restricted += Number(own.length > 0);
          for (const label of own) found.set(label, (found.get(label) ?? 0) + 1);
        }
      }

      expect([...found.keys()].sort()).toEqual((Object.keys(PHRASES) as Sensitivity[]).sort());
      expect(restricted / count).toBeLessThan(0.5);
    },
  );

  it('takes time in proportion to a hostile text', () => {
    const startedAt = performance.now();
    labels(note('drug drug opioid alcohol '.repeat(20_000)));
    labels({ resourceType: 'Condition', note: [{ text: 'sexual'.repeat(100_000) }] });

    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});
