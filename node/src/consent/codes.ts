import type { ConsentPurpose, Text } from './types.ts';

/** Systems and fixed values of our Consent profile (IHE PCF; docs/formats/consent.md). */
export const systems = {
  profile: 'https://medseal.org/fhir/StructureDefinition/consent',
  policy: 'https://medseal.org/policies/exchange-consent/v1',
  organization: 'https://medseal.org/fhir/sid/organization',
  scope: 'http://terminology.hl7.org/CodeSystem/consentscope',
  category: 'http://loinc.org',
  participation: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType',
  reason: 'http://terminology.hl7.org/CodeSystem/v3-ActReason',
  resourceTypes: 'http://hl7.org/fhir/resource-types',
  sensitivity: 'http://terminology.hl7.org/CodeSystem/v3-ActCode',
  confidentiality: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality',
} as const;

/** What a patient can consent to, with the words shown. */
export const purposes: Record<ConsentPurpose, Text> = {
  TREAT: { zh: '诊疗', en: 'treatment' },
  HPAYMT: { zh: '医保结算', en: 'payment' },
  HOPERAT: { zh: '医院管理', en: 'hospital operations' },
  HRESCH: { zh: '医学研究', en: 'medical research' },
};

/**
 * Sensitive labels, with the words shown: those of IHE PCF AdvancedSecurityTagVS, and SDV, which v3-ActCode keeps apart from
 * SEX. R is a record marked restricted as a whole.
 */
export const labels: Record<string, Text> = {
  ETH: { zh: '物质滥用', en: 'substance abuse' },
  ETHUD: { zh: '酒精依赖', en: 'alcohol abuse' },
  HIV: { zh: '艾滋病', en: 'HIV/AIDS' },
  OPIOIDUD: { zh: '阿片类依赖', en: 'opioid abuse' },
  PSY: { zh: '精神心理', en: 'mental health' },
  R: { zh: '标为保密', en: 'marked restricted' },
  SDV: { zh: '性侵与家暴', en: 'sexual assault and domestic violence' },
  SEX: { zh: '性与生殖健康', en: 'sexual and reproductive health' },
};

/** Labels that say nothing sensitive: v3-Confidentiality up to normal. */
export const ordinaryLabels: ReadonlySet<string> = new Set(['U', 'L', 'M', 'N']);

/** Labels that a wider one includes; used where something is denied, never where it is opened. */
export const narrowerLabels: ReadonlyMap<string, readonly string[]> = new Map([
  ['ETH', ['ETHUD', 'OPIOIDUD']],
  ['R', ['V']],
]);

/** Words for the types a patient meets most; another type is shown by its FHIR name. */
export const typeWords: Record<string, Text> = {
  AllergyIntolerance: { zh: '过敏', en: 'allergies' },
  CarePlan: { zh: '照护计划', en: 'care plans' },
  CareTeam: { zh: '照护团队', en: 'care teams' },
  Claim: { zh: '费用申报', en: 'claims' },
  Condition: { zh: '诊断', en: 'diagnoses' },
  Device: { zh: '医疗器械', en: 'devices' },
  DiagnosticReport: { zh: '检查报告', en: 'reports' },
  DocumentReference: { zh: '病历文书', en: 'documents' },
  Encounter: { zh: '就诊记录', en: 'visits' },
  ExplanationOfBenefit: { zh: '结算单', en: 'settlements' },
  ImagingStudy: { zh: '影像检查', en: 'imaging' },
  Immunization: { zh: '预防接种', en: 'vaccinations' },
  Medication: { zh: '药品', en: 'medicines' },
  MedicationAdministration: { zh: '用药执行', en: 'given medicines' },
  MedicationDispense: { zh: '发药记录', en: 'dispensed medicines' },
  MedicationRequest: { zh: '处方', en: 'prescriptions' },
  Observation: { zh: '化验与体征', en: 'test results and vital signs' },
  Patient: { zh: '基本信息', en: 'basic details' },
  Procedure: { zh: '手术与操作', en: 'procedures' },
};
