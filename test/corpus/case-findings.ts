import type { CaseState } from '../../evidence/src/case-state.ts';
import type { TestChannel } from '../../evidence/test/alliance.ts';
import { type CorpusCase, corpusCase } from './case.ts';
import { from } from './case-steps.ts';
import { type Bend, type Dispute, disputeArchive, type Step } from './dispute.ts';
import { accessDispute, exchangeDispute } from './dispute-filings.ts';

type Expected = Parameters<typeof corpusCase>[3];
type Bent = (name: string, bend: Bend, expected: Expected) => CorpusCase;

/** What a finding on the ledger says of itself: on which step it is, and whose filings were never delivered. */
export function findingCases(channel: TestChannel, policy: string): CorpusCase[] {
  const bent: Bent = (name, bend, expected) =>
    corpusCase(
      `case on the ledger: ${name}`,
      disputeArchive(channel, exchangeDispute(), bend),
      policy,
      expected,
    );
  return [...examinedCases(bent), ...withheldCases(channel, policy)];
}

const onFinding = (change: object): Bend => ({
  steps: from(4, ({ finding }) => ({ finding: { ...finding, ...change } })),
});

function examinedCases(bent: Bent): CorpusCase[] {
  const other = 'tampered CASE_STEP_EXAMINED';
  const malformed = 'tampered CASE_STEP_WRITE';
  const party = 'tampered CASE_WITHHELD_PARTY';
  return [
    bent('a finding on an earlier step', onFinding({ step: 2 }), other),
    bent('a finding on its own step', onFinding({ step: 4 }), other),
    bent('a finding on step 0', onFinding({ step: 0 }), other),
    bent('a finding in the opening', { steps: foundFrom(1) }, other),
    bent('a finding on a step that is a text', onFinding({ step: '3' }), malformed),
    bent('a finding on a broken step', onFinding({ step: 2.5 }), malformed),
    bent('a finding with a member more', onFinding({ note: '' }), malformed),
    bent('a finding with nothing about filings', onFinding({ withheld: null }), malformed),
    bent('a filing withheld by nobody', onFinding({ withheld: [null] }), malformed),
    bent('three filings withheld', onFinding({ withheld: ['hospital-a', 'hospital-b', 'x'] }), malformed),
    bent('a filing of a stranger withheld', onFinding({ withheld: ['hospital-c'] }), party),
    bent('a filing withheld twice', onFinding({ withheld: ['hospital-a', 'hospital-a'] }), party),
    bent('filings withheld in another order', onFinding({ withheld: ['hospital-b', 'hospital-a'] }), party),
    bent(
      'a filing called withheld though its document is there',
      onFinding({ withheld: ['hospital-a'] }),
      'tampered CASE_WITHHELD_PRESENT',
    ),
    bent(
      'another step of the finding later',
      { steps: from(5, changedFinding) },
      'tampered CASE_STEP_CHANGED',
    ),
  ];
}

const changedFinding = ({ finding }: CaseState): object => ({ finding: { ...finding, step: 2 } });
/** The finding that stands at the end, from an earlier step on. */
const foundFrom = (number: number) => (steps: Step[]) =>
  from(number, () => ({ finding: { ...(steps.at(-1)?.state.finding as object), step: number - 1 } }))(steps);

/** Filings of which the ledger holds the commitment and no archive the document. */
function withheldCases(channel: TestChannel, policy: string): CorpusCase[] {
  const made = (name: string, dispute: Dispute, bend: Bend, expected: Expected): CorpusCase =>
    corpusCase(`case withheld: ${name}`, disputeArchive(channel, dispute, bend), policy, expected);
  const by = (...withheld: string[]): Dispute => ({ ...exchangeDispute(), withheld });
  const early = (at: string): Bend => onFinding({ at });
  const { deadlineAt } = exchangeDispute();
  return [
    made('by the source', by('hospital-a'), {}, 'valid'),
    made('by the requester', by('hospital-b'), {}, 'valid'),
    made('by both', by('hospital-a', 'hospital-b'), {}, 'valid'),
    made('an own access', { ...accessDispute(), withheld: ['hospital-a'] }, {}, 'valid'),
    made(
      'by one, the other silent',
      { ...exchangeDispute({ requester: null }), withheld: ['hospital-a'] },
      {},
      'valid',
    ),
    made(
      'with its document',
      by('hospital-b'),
      { present: ['hospital-b'] },
      'tampered CASE_WITHHELD_PRESENT',
    ),
    made('not said on the ledger', by('hospital-b'), onFinding({ withheld: [] }), 'undecided'),
    made(
      'by another on the ledger',
      by('hospital-b'),
      onFinding({ withheld: ['hospital-a'] }),
      'tampered CASE_WITHHELD_PRESENT',
    ),
    made(
      'by both on the ledger, one document there',
      by('hospital-b'),
      onFinding({ withheld: ['hospital-a', 'hospital-b'] }),
      'tampered CASE_WITHHELD_PRESENT',
    ),
    made('but called a match', by('hospital-b'), { claims: [] }, 'tampered CASE_FINDING'),
    made('at the deadline', by('hospital-b'), early(deadlineAt), 'tampered CASE_WITHHELD_EARLY'),
    made(
      'before the deadline',
      by('hospital-b'),
      early('2026-03-10T00:00:00.000Z'),
      'tampered CASE_WITHHELD_EARLY',
    ),
    made('just after the deadline', by('hospital-b'), early('2026-03-11T09:00:00.001Z'), 'valid'),
    made(
      'by one that filed nothing',
      { ...exchangeDispute({ requester: null }) },
      { steps: from(3, ({ finding }) => ({ finding: { ...finding, withheld: ['hospital-b'] } })) },
      'tampered CASE_WITHHELD_PARTY',
    ),
  ];
}
