import { fromHex, hex } from './bytes.ts';
import { commit } from './commitment.ts';
import { type EvidenceError, refusal } from './errors.ts';
import { hasExactly, isJsonObject, type JsonObject } from './strict-shape.ts';

/** What the access in dispute is: one exchange between two members, or one entry of a member's own record of accesses. */
export type CaseSubject =
  | { kind: 'exchange'; requestId: string; source: string; requester: string }
  | { kind: 'access'; accessId: string; custodian: string };

/** Something that a party's log commits to, opened: `content` with `salt` gives the leaf's digest. Hashes are hex. */
export type LoggedItem = {
  content: unknown;
  salt: string;
  leaf: unknown;
  leafIndex: number;
  inclusionProof: string[];
};

/** An access entry that somebody was given by a party, with the size of the anchored checkpoint that its proof leads to. */
export type CaseExhibit = LoggedItem & { treeSize: number };

export type CaseOpening = {
  format: 'medseal/case-opening/v1';
  caseId: string;
  subject: CaseSubject;
  openedFor: 'patient' | 'organization';
  grounds: string;
  exhibits: unknown[];
};
export type CaseFiling = {
  format: 'medseal/case-filing/v1';
  caseId: string;
  organizationId: string;
  access: LoggedItem | null;
  decision: LoggedItem | null;
  receipt: JsonObject | null;
  /** In the order in which the decision names them. */
  consents: unknown[];
  exhibits: unknown[];
  statement: string;
};
export type CaseDecision = {
  format: 'medseal/case-decision/v1';
  caseId: string;
  outcome: 'upheld' | 'partly-upheld' | 'rejected';
  reasons: string;
};

/** How a claim came out. */
export type ClaimFinding = 'match' | 'altered' | 'missing' | 'late' | 'withheld';
export type ClaimName =
  | 'entry'
  | 'decision'
  | 'consent'
  | 'request'
  | 'person'
  | 'purpose'
  | 'outcome'
  | 'records'
  | 'receipt'
  | 'exhibit';
/** `by`: the parties it rests on, where the evidence tells; empty where two sound records contradict each other. */
export type CaseClaim = {
  claim: ClaimName;
  party: string | null;
  finding: ClaimFinding;
  by: string[];
  code: string | null;
};
export type CaseFinding = {
  format: 'medseal/case-finding/v1';
  caseId: string;
  /** Of the case, as it was examined. */
  step: number;
  claims: CaseClaim[];
};

export type CaseContent = CaseOpening | CaseFiling | CaseFinding | CaseDecision;
/** A document of a case with the salt of its commitment on the ledger, hex. */
export type CaseDocument<Content extends CaseContent = CaseContent> = { content: Content; salt: string };

const saltText = /^[0-9a-f]{64}$/;
/** As many as a decision receipt can name. */
export const maxCaseConsents = 100;
export const maxCaseExhibits = 4;
const contentMembers: Record<CaseContent['format'], readonly string[]> = {
  'medseal/case-opening/v1': ['format', 'caseId', 'subject', 'openedFor', 'grounds', 'exhibits'],
  'medseal/case-filing/v1': [
    'format',
    'caseId',
    'organizationId',
    'access',
    'decision',
    'receipt',
    'consents',
    'exhibits',
    'statement',
  ],
  'medseal/case-finding/v1': ['format', 'caseId', 'step', 'claims'],
  'medseal/case-decision/v1': ['format', 'caseId', 'outcome', 'reasons'],
};

/** The commitment to a document that stands on the ledger, hex. */
export function caseCommitment({ content, salt }: CaseDocument): string {
  return hex(commit('statement', content, fromHex(salt)));
}

/** `value` as a document of one format with exactly its members; what a filing holds is judged, not refused. */
export function parseCaseDocument<Format extends CaseContent['format']>(
  value: unknown,
  format: Format,
): CaseDocument<Extract<CaseContent, { format: Format }>> {
  if (!hasExactly(value, ['content', 'salt'])) throw malformed('document');
  const { content, salt } = value;
  if (typeof salt !== 'string' || !saltText.test(salt)) throw malformed('salt');
  if (!hasExactly(content, contentMembers[format]) || content['format'] !== format)
    throw malformed('content of the document');
  if (format === 'medseal/case-opening/v1') requireSubject(content['subject']);
  if ('exhibits' in content) requireList(content['exhibits'], maxCaseExhibits);
  if ('consents' in content) requireList(content['consents'], maxCaseConsents);
  return { content: content as Extract<CaseContent, { format: Format }>, salt };
}

function requireSubject(subject: unknown): void {
  const known =
    hasExactly(subject, ['kind', 'requestId', 'source', 'requester']) && subject['kind'] === 'exchange'
      ? [subject['requestId'], subject['source'], subject['requester']]
      : hasExactly(subject, ['kind', 'accessId', 'custodian']) && subject['kind'] === 'access'
        ? [subject['accessId'], subject['custodian']]
        : undefined;
  if (known === undefined || !known.every((text) => typeof text === 'string')) throw malformed('subject');
}

function requireList(value: unknown, max: number): void {
  if (!Array.isArray(value) || value.length > max) throw malformed('list of the document');
}

/** `value` as an item of a filing; undefined for anything else. */
export function loggedItemOf(value: unknown): LoggedItem | undefined {
  if (!hasExactly(value, ['content', 'salt', 'leaf', 'leafIndex', 'inclusionProof'])) return undefined;
  const { content, salt, leaf, leafIndex, inclusionProof } = value;
  if (typeof salt !== 'string' || !saltText.test(salt) || !Number.isSafeInteger(leafIndex)) return undefined;
  if (!Array.isArray(inclusionProof) || inclusionProof.length > 53 || !isJsonObject(content))
    return undefined;
  if (!inclusionProof.every((text) => typeof text === 'string' && saltText.test(text))) return undefined;
  return { content, salt, leaf, leafIndex: Number(leafIndex), inclusionProof: inclusionProof as string[] };
}

/** `value` as an exhibit; undefined for anything else. */
export function exhibitOf(value: unknown): CaseExhibit | undefined {
  if (!isJsonObject(value)) return undefined;
  const { treeSize, ...rest } = value;
  const item = loggedItemOf(rest);
  if (item === undefined || !Number.isSafeInteger(treeSize) || Number(treeSize) < 1) return undefined;
  return { ...item, treeSize: Number(treeSize) };
}

function malformed(part: string): EvidenceError {
  return refusal('CASE_MALFORMED', part);
}
