import { labels, purposes, typeWords } from './codes.ts';
import type { ConsentTerms, DataPeriod, Exclusion, Text } from './types.ts';

/** Names of organisations, by id. */
export type Names = ReadonlyMap<string, Text>;
type Language = keyof Text;

const beijingOffset = 8 * 3_600_000;

/**
 * What these terms mean, in plain words: who, what for, what, until when, what never, and how to take it back
 * (PIPL art. 14, 15, 17, 29). The patient reads and signs this text together with the Consent.
 */
export function summarize(
  terms: ConsentTerms,
  { names, custodian }: { names: Names; custodian: string },
): Text {
  return { zh: chinese(terms, names, custodian), en: english(terms, names, custodian) };
}

/** Both languages as one text, as it stands in the Consent. */
export function wordsFor(summary: Text): string {
  return `${summary.zh}\n\n${summary.en}\n`;
}

function chinese(terms: ConsentTerms, names: Names, custodian: string): string {
  const language: Language = 'zh';
  const who = nameList(terms.recipients, names, language);
  return [
    `我同意${nameOf(custodian, names, language)}把我的以下资料提供给${who}。`,
    `用途：${wordList(terms.purposes, purposes, language)}。`,
    `资料：${contents(terms, language)}。`,
    `期限：${moment(terms.period.start)}至${moment(terms.period.end)}（北京时间），到期自动失效。`,
    `敏感资料：${terms.labels.length === 0 ? '一律不提供' : `只提供${wordList(terms.labels, labels, language)}`}。`,
    ...terms.exclusions.map((exclusion) => `不提供：${excluded(exclusion, names, language)}。`),
    '其他机构看不到。我可以随时撤回；撤回后立即停止提供，已经提供的无法收回。',
  ].join('\n');
}

function english(terms: ConsentTerms, names: Names, custodian: string): string {
  const language: Language = 'en';
  const who = nameList(terms.recipients, names, language);
  const opened = wordList(terms.labels, labels, language);
  return [
    `I agree that ${nameOf(custodian, names, language)} gives ${who} these records of mine.`,
    `Purpose: ${wordList(terms.purposes, purposes, language)}.`,
    `Records: ${contents(terms, language)}.`,
    `Time: from ${moment(terms.period.start)} to ${moment(terms.period.end)} (UTC+8); then it ends by itself.`,
    `Sensitive records: ${terms.labels.length === 0 ? 'none are given' : `only ${opened}`}.`,
    ...terms.exclusions.map((exclusion) => `Not given: ${excluded(exclusion, names, language)}.`),
    'No other organisation sees them. I can take this back at any time; from then on nothing more is given. What was given before cannot be called back.',
  ].join('\n');
}

type Content = {
  types?: string[] | 'all';
  instances?: string[] | undefined;
  dataPeriod?: DataPeriod | undefined;
};

function contents({ types = 'all', instances, dataPeriod }: Content, language: Language): string {
  const all = language === 'zh' ? '各类资料' : 'all kinds of record';
  const kinds = types === 'all' ? all : wordList(types, typeWords, language);
  return [kinds, ...instanceWords(instances, language), ...dayWords(dataPeriod, language)].join(
    language === 'zh' ? '，' : ', ',
  );
}

function instanceWords(instances: string[] | undefined, language: Language): string[] {
  if (instances === undefined) return [];
  return [
    language === 'zh'
      ? `仅限这 ${instances.length} 条（${instances.join('、')}）`
      : `only these ${instances.length} (${instances.join(', ')})`,
  ];
}

function dayWords(days: DataPeriod | undefined, language: Language): string[] {
  if (days === undefined) return [];
  const span = spanWords(days, language);
  return [language === 'zh' ? `仅限${span}的记录` : `dated ${span} only`];
}

/** A span of days or of moments, which may be open at one end. */
function spanWords({ start, end }: { start?: string; end?: string }, language: Language): string {
  const zh = language === 'zh';
  if (start === undefined) return zh ? ` ${end} 及以前` : `${end} or earlier`;
  if (end === undefined) return zh ? ` ${start} 及以后` : `${start} or later`;
  return zh ? ` ${start} 至 ${end} ` : `${start} to ${end}`;
}

function excluded(exclusion: Exclusion, names: Names, language: Language): string {
  const zh = language === 'zh';
  const parts = [
    contents(exclusion, language),
    ...(exclusion.labels === undefined
      ? []
      : [`${zh ? '敏感类别：' : 'sensitive: '}${wordList(exclusion.labels, labels, language)}`]),
    ...(exclusion.recipients === undefined
      ? []
      : [`${zh ? '对象：' : 'to '}${nameList(exclusion.recipients, names, language)}`]),
    ...(exclusion.purposes === undefined
      ? []
      : [`${zh ? '用途：' : 'for '}${wordList(exclusion.purposes, purposes, language)}`]),
    ...periodWords(exclusion.period, language),
  ];
  return parts.join(zh ? '；' : '; ');
}

function periodWords(period: { start?: string; end?: string } | undefined, language: Language): string[] {
  if (period === undefined) return [];
  const { start, end } = period;
  const moments = {
    ...(start === undefined ? {} : { start: moment(start) }),
    ...(end === undefined ? {} : { end: moment(end) }),
  };
  const span = spanWords(moments, language);
  return [language === 'zh' ? `时间：${span.trim()}` : `time: ${span}`];
}

function wordList(codes: readonly string[], words: Record<string, Text>, language: Language): string {
  return codes
    .map((code) => (Object.hasOwn(words, code) ? words[code]?.[language] : undefined) ?? code)
    .join(language === 'zh' ? '、' : ', ');
}

function nameList(ids: readonly string[], names: Names, language: Language): string {
  return ids.map((id) => nameOf(id, names, language)).join(language === 'zh' ? '、' : ', ');
}

/** Name and id: a name alone could be chosen to look like another's. */
function nameOf(id: string, names: Names, language: Language): string {
  const name = names.get(id)?.[language];
  if (name === undefined) return id;
  return language === 'zh' ? `${name}（${id}）` : `${name} (${id})`;
}

/** Minute in Beijing time, e.g. `2026-03-01 09:30`. */
function moment(instant: string): string {
  return new Date(Date.parse(instant) + beijingOffset).toISOString().slice(0, 16).replace('T', ' ');
}
