import { canonicalJson } from './canonical.ts';
import { type CaseParts, casePartsOf, inOrder, parseCaseArchive } from './case-archive.ts';
import { type CaseCheck, type CaseCheckList, type CaseCheckName, caseCheckList } from './case-checks.ts';
import { type CaseClaim, type CaseContent, type CaseDocument, caseCommitment } from './case-documents.ts';
import { examineCase } from './case-examine.ts';
import { checkCaseLedger } from './case-ledger.ts';
import type { CaseLedger } from './case-references.ts';
import type { CaseState } from './case-state.ts';
import { type EvidenceErrorCode, refusal } from './errors.ts';
import { soloSentence } from './ledger-texts.ts';
import type { TrustPolicy } from './trust-policy.ts';

/** The answer to a case archive. What the documents say is given only with `valid`, and printed only when asked for. */
export type CaseVerdict = {
  verdict: 'valid' | 'tampered' | 'undecided';
  ledger: TrustPolicy['ledger'];
  checks: CaseCheck[];
  sentence: { zh: string; en: string };
  case?: {
    caseId: string;
    state: string;
    opener: string;
    parties: string[];
    openedAt: string;
    deadlineAt: string;
    /** Whose filings were never delivered, as the finding on the ledger has it. */
    withheld: string[];
    claims: CaseClaim[] | null;
  };
  documents?: CaseContent[];
};

/**
 * Verifies a case archive against the verifier's own trust policy: every part is covered, every step stands on the
 * ledger, every document is the one committed to, and comparing both sides again gives the recorded finding. Pure, like
 * `verifyBundle`; whatever the archive holds, the answer is a verdict.
 */
export function verifyCase(archive: unknown, policy: TrustPolicy): CaseVerdict {
  const list = caseCheckList();
  const parts = list.run('case-format', () => ({ result: casePartsOf(parseCaseArchive(archive)) }));
  if (parts === undefined) return verdictOf(list, policy);
  const found = checkCaseLedger(list, parts, policy);
  if (found === undefined) {
    list.skip('case-documents');
    list.skip('case-finding');
    return verdictOf(list, policy);
  }
  const { state, examined, references } = found;
  const complete = checkDocuments(list, parts, state);
  if (!complete || examined === undefined || references === undefined) list.skip('case-finding');
  else checkFinding(list, parts, { state: examined, ledger: references });
  return verdictOf(list, policy, { parts, state });
}

/**
 * Each document is the one that the ledger committed to. True when none is missing but those of filings that the finding
 * calls withheld, which must not be there: a finding that had the document may not call it so.
 */
function checkDocuments(list: CaseCheckList, parts: CaseParts, state: CaseState): boolean {
  const committed = committedIn(state);
  const documents = documentsOf(parts);
  const missing = [...committed].filter(([name, { withheld }]) => !withheld && !documents.has(name));
  const present = [...documents];
  const wrong = present.some(
    ([name, document]) => faultOf(document, committed.get(name), state) !== undefined,
  );
  if (!wrong && missing.length > 0) {
    list.skip('case-documents');
    return false;
  }
  list.run('case-documents', () => {
    for (const [name, document] of present) {
      const fault = faultOf(document, committed.get(name), state);
      if (fault !== undefined) throw refusal(fault, name);
    }
    return { result: undefined, detail: present.map(([name]) => name).join(', ') };
  });
  return !wrong;
}

/** A document as the ledger has it. */
type Committed = { commitment: string; withheld: boolean };

function committedIn({ commitment, filings, finding, decision }: CaseState): Map<string, Committed> {
  const given = (act: { commitment: string }): Committed => ({ commitment: act.commitment, withheld: false });
  const filed = filings.map(({ organizationId, ...filing }): [string, Committed] => [
    `filing/${organizationId}`,
    { ...given(filing), withheld: finding?.withheld.includes(organizationId) ?? false },
  ]);
  return new Map<string, Committed>([
    ['opening', given({ commitment })],
    ...filed,
    ...(finding === null ? [] : [['finding', given(finding)] as const]),
    ...(decision === null ? [] : [['decision', given(decision)] as const]),
  ]);
}

function documentsOf({ opening, filings, finding, decision }: CaseParts): Map<string, CaseDocument> {
  const filed = inOrder(filings).map(
    ([party, filing]) => [`filing/${party}`, filing] as [string, CaseDocument],
  );
  return new Map<string, CaseDocument>([
    ['opening', opening],
    ...filed,
    ...(finding === undefined ? [] : [['finding', finding] as [string, CaseDocument]]),
    ...(decision === undefined ? [] : [['decision', decision] as [string, CaseDocument]]),
  ]);
}

function faultOf(
  document: CaseDocument,
  committed: Committed | undefined,
  state: CaseState,
): EvidenceErrorCode | undefined {
  if (committed === undefined) return 'CASE_UNCOVERED';
  if (committed.withheld) return 'CASE_WITHHELD_PRESENT';
  if (caseCommitment(document) !== committed.commitment) return 'CASE_COMMITMENT';
  return document.content.caseId === state.id ? undefined : 'CASE_OTHER_CASE';
}

function checkFinding(
  list: CaseCheckList,
  { opening, filings, finding }: CaseParts,
  { state, ledger }: { state: CaseState; ledger: CaseLedger },
): void {
  list.run('case-finding', () => {
    const filed = new Map([...filings].map(([party, { content }]) => [party, content]));
    const again = examineCase({ opening: opening.content, state, filings: filed, ledger });
    if (canonicalJson(again) !== canonicalJson(finding?.content))
      throw refusal('CASE_FINDING', 'another finding');
    return { result: undefined, detail: again.claims.map((claim) => claim.finding).join(', ') };
  });
}

type Answer = { parts: CaseParts; state: CaseState };

function verdictOf(list: CaseCheckList, policy: TrustPolicy, answer?: Answer): CaseVerdict {
  const { checks } = list;
  const verdict = decide(checks, { policy, state: answer?.state });
  const report = { verdict, ledger: policy.ledger, checks, sentence: sentences[verdict] };
  if (verdict !== 'valid' || answer === undefined) return report;
  const { state, parts } = answer;
  return {
    ...report,
    sentence: policy.ledger === 'solo' ? soloSentence : sentences.valid,
    case: {
      caseId: state.id,
      state: state.state,
      opener: state.opener,
      parties: state.parties.map(({ organizationId }) => organizationId),
      openedAt: state.openedAt,
      deadlineAt: state.deadlineAt,
      withheld: [...(state.finding?.withheld ?? [])],
      claims: parts.finding?.content.claims ?? null,
    },
    documents: [...documentsOf(parts).values()].map(({ content }) => content),
  };
}

function decide(
  checks: readonly CaseCheck[],
  { policy, state }: { policy: TrustPolicy; state: CaseState | undefined },
): CaseVerdict['verdict'] {
  if (checks.some(({ code }) => code === 'CASE_UNKNOWN_FORMAT')) return 'undecided';
  if (checks.some(({ status }) => status === 'failed')) return 'tampered';
  const needed = (name: CaseCheckName): boolean => {
    if (name === 'case-effect') return policy.confirmation === 'required';
    // A case that nobody has examined yet has no finding to hold against.
    if (name === 'case-finding') return state?.finding !== null;
    return name !== 'case-independence';
  };
  return checks.some(({ status, name }) => status === 'skipped' && needed(name)) ? 'undecided' : 'valid';
}

const sentences: Record<CaseVerdict['verdict'], { zh: string; en: string }> = {
  valid: {
    zh: '卷宗完整且未被改动，比对结论可由卷宗本身重新得出。这不证明各方所述属实。',
    en: 'The archive is complete and unaltered, and its finding follows from it again. This does not prove that what the parties say is true.',
  },
  tampered: {
    zh: '不可采信：至少一项检查未通过，卷宗被改动过，或并非来自所声称的账本。',
    en: 'Not to be relied on: at least one check failed; the archive was altered or is not from the ledger it claims.',
  },
  undecided: {
    zh: '无法判断：卷宗缺少部分文件或后续步骤，或验证方缺少作出判断所需的信任材料。',
    en: 'Cannot decide: a document or a later step is missing from the archive, or trust material on the verifier’s side.',
  },
};
