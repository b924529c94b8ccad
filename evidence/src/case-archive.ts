import { base64, fromBase64, hex, sha256, utf8 } from './bytes.ts';
import { canonicalJson } from './canonical.ts';
import {
  type CaseDecision,
  type CaseDocument,
  type CaseFiling,
  type CaseFinding,
  type CaseOpening,
  parseCaseDocument,
} from './case-documents.ts';
import { EvidenceError, refusal } from './errors.ts';
import { hasExactly, isJsonObject, type JsonObject } from './strict-shape.ts';

/** The format line of a case archive. */
export const caseArchiveFormat = 'medseal/case/v1';

export type CaseStepPlace = { txId: string; blockNumber: number };
/** What an archive is put together from; a document that the exporter does not hold is left out. */
export type CaseParts = {
  caseId: string;
  opening: CaseDocument<CaseOpening>;
  filings: ReadonlyMap<string, CaseDocument<CaseFiling>>;
  finding: CaseDocument<CaseFinding> | undefined;
  decision: CaseDocument<CaseDecision> | undefined;
  /** The transactions of the steps 1, 2, 3 … */
  steps: readonly CaseStepPlace[];
  /** Where the consents and checkpoints stand that the finding rests on, by the name of their member. */
  references: ReadonlyMap<string, CaseStepPlace>;
  blocks: ReadonlyMap<number, Uint8Array>;
  /** Configuration blocks in ascending order, those that the verifier's policy does not hold. */
  configBlocks: readonly Uint8Array[];
};
/** A case in one file: every member listed by its digest, and nothing beside (docs/formats/case.md). */
export type CaseArchive = {
  format: typeof caseArchiveFormat;
  caseId: string;
  index: { name: string; sha256: string }[];
  members: Record<string, unknown>;
};

const idText = /^[0-9a-f]{32}$/;
const hashText = /^[0-9a-f]{64}$/;
const nameText =
  /^(?:opening|finding|decision|filing\/[a-z][a-z0-9-]{0,62}|(?:step|block|config)\/\d{1,15}|consent\/[0-9a-f]{32}\/[1-9]\d{0,14}|anchor\/[a-z][a-z0-9-]{0,62}\/[1-9]\d{0,14})$/;
const maxMembers = 1024;

/** Puts an archive together; the same parts give the same bytes. */
export function caseArchive(parts: CaseParts): CaseArchive {
  const { caseId, opening, filings, finding, decision, steps, references, blocks, configBlocks } = parts;
  const members: Record<string, unknown> = {
    opening,
    ...Object.fromEntries([...filings].map(([party, filing]) => [`filing/${party}`, filing])),
    ...(finding === undefined ? {} : { finding }),
    ...(decision === undefined ? {} : { decision }),
    ...Object.fromEntries(steps.map((step, place) => [`step/${place + 1}`, step])),
    ...Object.fromEntries(references),
    ...Object.fromEntries([...blocks].map(([number, block]) => [`block/${number}`, base64(block)])),
    ...Object.fromEntries(configBlocks.map((block, place) => [`config/${place}`, base64(block)])),
  };
  const names = Object.keys(members).sort();
  const index = names.map((name) => ({ name, sha256: memberDigest(name, members[name]) }));
  return { format: caseArchiveFormat, caseId, index, members };
}

function memberDigest(name: string, member: unknown): string {
  return hex(sha256(utf8(`medseal/case-member/v1\n${name}\n${canonicalJson(member)}`)));
}

/** Checks that the index lists every member with its digest, and every listed member is there. */
export function parseCaseArchive(value: unknown): CaseArchive {
  if (!isJsonObject(value) || value['format'] !== caseArchiveFormat)
    throw refusal('CASE_UNKNOWN_FORMAT', 'not a case archive of version 1');
  if (!hasExactly(value, ['format', 'caseId', 'index', 'members'])) throw malformed('members');
  const { caseId, index, members } = value;
  if (typeof caseId !== 'string' || !idText.test(caseId)) throw malformed('caseId');
  if (!isJsonObject(members) || !Array.isArray(index) || index.length > maxMembers) throw malformed('index');
  const listed = index.map(lineOf);
  requireCovered(listed, members);
  return { format: caseArchiveFormat, caseId, index: listed, members };
}

function requireCovered(listed: CaseArchive['index'], members: JsonObject): void {
  const names = listed.map(({ name }) => name);
  if (names.some((name, place) => name <= (names[place - 1] ?? ''))) throw malformed('order of the index');
  if (Object.keys(members).some((name) => !names.includes(name)))
    throw refusal('CASE_UNCOVERED', 'a member that the index does not list');
  for (const { name, sha256: digest } of listed) {
    if (!Object.hasOwn(members, name)) throw refusal('CASE_MEMBER_ABSENT', name);
    if (memberDigest(name, members[name]) !== digest) throw refusal('CASE_DIGEST', name);
  }
}

function lineOf(line: unknown): { name: string; sha256: string } {
  if (!hasExactly(line, ['name', 'sha256'])) throw malformed('line of the index');
  const { name, sha256: digest } = line;
  if (typeof name !== 'string' || !nameText.test(name)) throw malformed('name of a member');
  if (typeof digest !== 'string' || !hashText.test(digest)) throw malformed('digest of a member');
  return { name, sha256: digest };
}

/** The parts of an archive, each in its form. Steps and configurations are numbered without a gap. */
export function casePartsOf({ caseId, members }: CaseArchive): CaseParts {
  const filings = named(members, 'filing/').map(
    ([party, member]) => [party, parseCaseDocument(member, 'medseal/case-filing/v1')] as const,
  );
  const blocks = named(members, 'block/').map(
    ([number, member]) => [numberOf(number), bytesOf(member)] as const,
  );
  const optional = <Result>(name: string, parse: (member: unknown) => Result): Result | undefined =>
    Object.hasOwn(members, name) ? parse(members[name]) : undefined;
  if (!Object.hasOwn(members, 'opening')) throw refusal('CASE_MEMBER_ABSENT', 'opening');
  return {
    caseId,
    opening: parseCaseDocument(members['opening'], 'medseal/case-opening/v1'),
    filings: new Map(filings),
    finding: optional('finding', (member) => parseCaseDocument(member, 'medseal/case-finding/v1')),
    decision: optional('decision', (member) => parseCaseDocument(member, 'medseal/case-decision/v1')),
    steps: numbered(members, 'step/', 1).map(placeOf),
    references: new Map(
      Object.entries(members).flatMap(([name, member]) =>
        /^(?:consent|anchor)\//.test(name) ? [[name, placeOf(member)]] : [],
      ),
    ),
    blocks: new Map(blocks),
    configBlocks: numbered(members, 'config/', 0).map(bytesOf),
  };
}

/** The entries of a map in the order of their names, whatever order a file has them in. */
export function inOrder<Value>(entries: ReadonlyMap<string, Value>): [string, Value][] {
  return [...entries].sort(([one], [other]) => (one < other ? -1 : 1));
}

function named(members: JsonObject, start: string): [string, unknown][] {
  return Object.entries(members).flatMap(([name, member]) =>
    name.startsWith(start) ? [[name.slice(start.length), member]] : [],
  );
}

function numbered(members: JsonObject, start: string, first: number): unknown[] {
  const found = named(members, start);
  return found.map((_, place) => {
    const name = `${start}${first + place}`;
    if (!Object.hasOwn(members, name)) throw refusal('CASE_MEMBER_ABSENT', name);
    return members[name];
  });
}

function placeOf(member: unknown): CaseStepPlace {
  if (!hasExactly(member, ['txId', 'blockNumber'])) throw malformed('step');
  const { txId, blockNumber } = member;
  if (typeof txId !== 'string' || !hashText.test(txId) || !Number.isSafeInteger(blockNumber))
    throw malformed('step');
  return { txId, blockNumber: Number(blockNumber) };
}

function numberOf(text: string): number {
  const number = Number(text);
  if (String(number) !== text) throw malformed('number of a block');
  return number;
}

function bytesOf(member: unknown): Uint8Array {
  if (typeof member !== 'string') throw malformed('block');
  try {
    return fromBase64(member);
  } catch (cause) {
    throw new EvidenceError('CASE_MALFORMED', { message: 'encoding', cause });
  }
}

function malformed(part: string): EvidenceError {
  return refusal('CASE_MALFORMED', part);
}
