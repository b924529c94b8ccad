/**
 * Which codes make a record sensitive, by HL7 v3 ActCode sensitivity (InformationSensitivityPolicy). The tables are a floor, not a
 * terminology server: a hospital's own labels are kept and added to (docs/fhir.md).
 */
export type Sensitivity = 'ETH' | 'ETHUD' | 'OPIOIDUD' | 'PSY' | 'SEX' | 'HIV' | 'SDV';

const SNOMED = 'http://snomed.info/sct';
const LOINC = 'http://loinc.org';
const RXNORM = 'http://www.nlm.nih.gov/research/umls/rxnorm';

/** system → sensitivity → codes. Codes that name no drug (drug dependence, overdose) count as opioid use too: it cannot be excluded. */
const CODES: Record<string, Partial<Record<Sensitivity, string>>> = {
  [SNOMED]: {
    ETH:
      '361055000 713106006 428211000124100 868187001 66214007 191816009 26416006 371422002 ' +
      '78267003 37344009 85005007 21647008 31956009 91388009 427205009',
    OPIOIDUD:
      '6525002 55680006 56876005 266707007 60112009 61480009 75544000 5602001 14784000 231477003 310653000 386449006',
    ETHUD:
      '7200002 10939881000119105 24165007 413473000 226138001 763302001 66590003 15167005 284591009 160592001 86933000 228276006',
    PSY:
      '171207006 454711000124102 715252007 710841007 80583007 192127007 386522008 405783006 228557008 35489007 370143000 36923009 ' +
      '13746004 58214004 47505003 197480006 21897009 406506008 191736004 371631005 69322001 82313006 44376007 74732009 225444004',
    SEX:
      '10383002 156073000 161744009 165829005 169230002 169553002 183996000 225158009 243077000 252160004 267020005 268533009 ' +
      '269828009 271442007 287664005 301807007 310861008 386394001 389095005 440546007 46706006 65200003 68254000 714812005 ' +
      '72892002 79586000 134435003 135892000 169673001 274804006 275833003 312404004 424441002 424619006 713076009 198992004 ' +
      '398254007 443529005 11466000 31208007 66348005 85548006 169762003 183460006 267253006 15938005 76272004 8098009 240589008',
    HIV: '31676001 86406008 62479008 165816005 91947003 111880001 171121004',
    SDV: '706893006 866148006 424393004 371772001 371773006 371775004 95922009 213027007 397940009 225826008',
  },
  [LOINC]: {
    ETH: '65750-2 82666-9 82667-7 18390-5 3426-4 3397-7 3390-2 68516-4 71803-1',
    ETHUD: '72109-2 75626-2 68518-0 68519-8 68520-6 75624-7',
    PSY:
      '44249-1 44261-6 55757-9 55758-7 69737-5 70274-6 89204-2 89206-7 44250-9 44255-8 44258-2 44259-0 69725-0 68509-9 69735-9 ' +
      '69733-4 69734-2 69689-8 69736-7 73831-0 73832-8',
    SEX: '76690-7 2106-3 2118-8 82810-3 11636-8 11637-6 11778-8 11996-6 86645-9 64088-8 21613-5 24111-7 20507-0 22461-8',
    HIV: '55277-8 75622-1 68961-2 20447-9 24467-3 56888-1 7917-8 25836-8 48558-5 30361-0',
    SDV: '76499-3 76504-0 76500-8 76501-6 76502-4 76503-2 28245-9',
  },
  [RXNORM]: {
    SEX: '1000126 1367439 1605257 389221 748856 748879 749762 751905 757594 807283 831533 978950',
  },
};

/** Classifications whose hierarchy is in the code itself, as prefixes; ICD-10 without its dot. */
const PREFIXES: Record<'icd10' | 'atc', Partial<Record<Sensitivity, RegExp>>> = {
  icd10: {
    ETH: /^(?:F1[2-9]|F55|Z715|Z722|T40)/,
    OPIOIDUD: /^F11/,
    ETHUD: /^(?:F10|Z714|Z721|K70)/,
    PSY: /^(?:F[02-9]|X[67]|X8[0-4]|R45[7-8]|Z133|Z915)/,
    SEX: /^(?:A5[0-9]|A6[0-4]|F52|F6[4-6]|N97|N46|O|Z3[0-9]|Z113|Z202|Z70|Z72[5])/,
    HIV: /^(?:B2[0-4]|Z21|Z114|R75|O987)/,
    SDV: /^(?:T7[46]|X9[2-9]|Y0[0-9]|Z630|Z691)/,
  },
  atc: {
    ETHUD: /^N07BB/,
    OPIOIDUD: /^N07BC/,
    PSY: /^(?:N05A|N05B|N06A|N06B|N06C)/,
    SEX: /^(?:G02B|G03A|G03G|G04BE)/,
    HIV: /^(?:J05AE|J05AF|J05AG|J05AJ|J05AR)/,
  },
};

/** Phrases in displays, texts and notes, English and Chinese. Each is specific enough not to hit "alcohol swab" or "abuse-deterrent". */
export const PHRASES: Record<Sensitivity, readonly string[]> = {
  ETH: [
    'drug abuse',
    'drugs of abuse',
    'substance abuse',
    'substance use',
    'misuses drugs',
    'drug addiction',
    'drug dependen',
    'cocaine',
    'heroin',
    'methamphetamine',
    'cannabis',
    '吸毒',
    '毒品',
    '药物滥用',
    '药物依赖',
    '戒毒',
  ],
  OPIOIDUD: [
    'dependent drug abuse',
    'drug overdose',
    'drug rehabilitation',
    'drug detoxification',
    'opioid abuse',
    'opioid addiction',
    'opioid dependen',
    'opioid use disorder',
    'methadone',
    'buprenorphine',
    'naltrexone',
    '美沙酮',
    '丁丙诺啡',
    '阿片类药物依赖',
  ],
  ETHUD: [
    'alcoholism',
    'alcohol abuse',
    'alcohol depend',
    'alcohol use',
    'alcohol consumption',
    'alcohol withdrawal',
    'alcohol drinking',
    'disulfiram',
    'acamprosate',
    '酒精依赖',
    '酗酒',
    '酒精中毒',
  ],
  PSY: [
    'depression',
    'depressive',
    'anxiety',
    'bipolar',
    'schizo',
    'psychosis',
    'psychiatr',
    'psychological assessment',
    'suicid',
    'self-harm',
    'attention deficit',
    'inattention',
    'post-traumatic',
    'cognitive and behavioral therapy',
    '抑郁',
    '焦虑',
    '精神分裂',
    '双相',
    '自杀',
    '精神病',
    '精神科',
    '注意缺陷',
  ],
  SEX: [
    'contracepti',
    'intrauterine system',
    'drug implant',
    '28 day pack',
    '91 day pack',
    'pregnan',
    'prenatal',
    'antenatal',
    'postnatal',
    'fetal',
    'fetus',
    'miscarriage',
    'abortion',
    'tubal ligation',
    'steriliz',
    'vasectomy',
    'infertil',
    'syphilis',
    'gonorrh',
    'chlamydia',
    'sexually transmitted',
    'sexual orientation',
    'sexual activity',
    'homosexual',
    'bisexual',
    'transgender',
    '避孕',
    '妊娠',
    '怀孕',
    '产前',
    '流产',
    '引产',
    '绝育',
    '不孕',
    '梅毒',
    '淋病',
    '衣原体',
    '性传播',
    '性取向',
  ],
  HIV: [
    'hiv status',
    'hiv antigen',
    'hiv positive',
    'hiv infection',
    'hiv-1',
    'human immunodeficiency virus',
    '艾滋',
    '人类免疫缺陷',
  ],
  SDV: [
    'intimate partner',
    'domestic abuse',
    'domestic violence',
    'reports of violence',
    'sexual assault',
    'rape, and kick',
    'child abuse',
    'ex-partner',
    '家庭暴力',
    '家暴',
    '性侵',
  ],
};

const EXACT: ReadonlyMap<string, readonly Sensitivity[]> = exactTable();

/** The sensitivities that one coding carries. */
export function sensitivitiesOf(system: string, code: string): readonly Sensitivity[] {
  const exact = EXACT.get(`${system} ${code}`);
  if (exact) return exact;
  if (system.includes('icd-10') || system === 'urn:oid:2.16.840.1.113883.6.3')
    return byPrefix('icd10', code.replace('.', ''));
  return system === 'http://www.whocc.no/atc' ? byPrefix('atc', code) : [];
}

function byPrefix(classification: keyof typeof PREFIXES, code: string): Sensitivity[] {
  return entries(PREFIXES[classification])
    .filter(([, pattern]) => pattern.test(code))
    .map(([sensitivity]) => sensitivity);
}

function exactTable(): Map<string, Sensitivity[]> {
  const table = new Map<string, Sensitivity[]>();
  for (const [system, groups] of Object.entries(CODES)) {
    for (const [sensitivity, codes] of entries(groups)) {
      for (const code of codes.split(' ')) {
        const key = `${system} ${code}`;
        table.set(key, [...(table.get(key) ?? []), sensitivity]);
      }
    }
  }
  return table;
}

function entries<Value>(groups: Partial<Record<Sensitivity, Value>>): [Sensitivity, Value][] {
  return Object.entries(groups) as [Sensitivity, Value][];
}
