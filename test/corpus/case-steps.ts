import type { CaseState } from '../../evidence/src/case-state.ts';
import { hospitalA, hospitalB, regulator, type TestChannel } from '../../evidence/test/alliance.ts';
import { type CorpusCase, corpusCase } from './case.ts';
import { type Bend, caseId, disputeArchive, type Step } from './dispute.ts';
import { accessDispute, exchangeDispute } from './dispute-filings.ts';

type Expected = Parameters<typeof corpusCase>[3];

const key = `\u0000dispute\u0000${caseId}\u0000`;
const text = (value: unknown): Uint8Array =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

/** What was written on the ledger is not how a case goes: the orderers and endorsers signed it all the same. */
export function stepCases(channel: TestChannel, policy: string): CorpusCase[] {
  const bent = (name: string, bend: Bend, expected: Expected): CorpusCase =>
    corpusCase(
      `case on the ledger: ${name}`,
      disputeArchive(channel, exchangeDispute(), bend),
      policy,
      expected,
    );
  return [
    ...stateCases(bent),
    ...submitterCases(bent),
    ...transactionCases(bent),
    bent('a finding that does not follow', { claims: [] }, 'tampered CASE_FINDING'),
    corpusCase(
      'case on the ledger: a party too many',
      disputeArchive(channel, accessDispute(), { steps: withParties }),
      policy,
      'tampered CASE_SUBJECT',
    ),
  ];
}

const withParties = (steps: Step[]): Step[] =>
  steps.map(({ state, submitter }) => {
    const [party] = state.parties;
    const parties = [
      ...state.parties,
      { organizationId: 'hospital-b', treeSize: 3, messageKey: party?.messageKey ?? '' },
    ];
    return { state: { ...state, parties }, submitter };
  });

type Bent = (name: string, bend: Bend, expected: Expected) => CorpusCase;

/** Changes the states from the step with this number on. */
export const from =
  (number: number, change: (state: CaseState) => object) =>
  (steps: Step[]): Step[] =>
    steps.map(({ state, submitter }) => ({
      state: state.step < number ? state : { ...state, ...change(state) },
      submitter,
    }));
const withStep = (at: number, change: (step: Step) => Step) => (steps: Step[]) =>
  steps.map((step, place) => (place === at ? change(step) : step));

function stateCases(bent: Bent): CorpusCase[] {
  const changed = 'tampered CASE_STEP_CHANGED';
  return [
    bent('another opener later', { steps: from(3, () => ({ opener: 'hospital-b' })) }, changed),
    bent(
      'another deadline later',
      { steps: from(3, () => ({ deadlineAt: '2027-01-01T00:00:00.000Z' })) },
      changed,
    ),
    bent('another opening later', { steps: from(2, () => ({ commitment: '0'.repeat(64) })) }, changed),
    bent(
      'a larger log later',
      { steps: from(2, ({ parties }) => ({ parties: parties.map((party) => ({ ...party, treeSize: 9 })) })) },
      changed,
    ),
    bent('a filing withdrawn', { steps: from(4, ({ filings }) => ({ filings: filings.slice(1) })) }, changed),
    bent(
      'a filing changed',
      {
        steps: from(4, ({ filings }) => ({ filings: filings.map((filing) => ({ ...filing, treeSize: 4 })) })),
      },
      changed,
    ),
    bent(
      'another finding later',
      { steps: from(5, ({ finding }) => ({ finding: { ...finding, at: '2026-03-13T09:00:00.000Z' } })) },
      changed,
    ),
    bent('the decision withdrawn', { steps: from(6, () => ({ decision: null })) }, changed),
    bent(
      'the same filings in another order',
      { steps: from(4, ({ filings }) => ({ filings: [...filings].reverse() })) },
      'valid',
    ),
    bent(
      'a step of another number',
      { steps: from(4, ({ step }) => ({ step: step + 1 })) },
      'tampered CASE_STEP_ORDER',
    ),
    bent('a number that is none', { steps: from(4, () => ({ step: 4.5 })) }, 'tampered CASE_STEP_WRITE'),
    bent('a member more', { steps: from(4, () => ({ note: '' })) }, 'tampered CASE_STEP_WRITE'),
    bent('a state that is none', { steps: from(4, () => ({ state: null })) }, 'tampered CASE_STEP_WRITE'),
    bent(
      'three filings',
      { steps: from(4, ({ filings }) => ({ filings: [...filings, filings[0]] })) },
      'tampered CASE_STEP_WRITE',
    ),
    bent(
      'a filing with a member more',
      { steps: from(3, ({ filings }) => ({ filings: filings.map((filing) => ({ ...filing, note: '' })) })) },
      'tampered CASE_STEP_WRITE',
    ),
    bent(
      'a finding that is a text',
      { steps: from(4, () => ({ finding: 'x' })) },
      'tampered CASE_STEP_WRITE',
    ),
    bent('another case', { steps: from(1, () => ({ id: 'f'.repeat(32) })) }, 'tampered CASE_STEP_WRITE'),
  ];
}

function submitterCases(bent: Bent): CorpusCase[] {
  const by = (at: number, submitter: Step['submitter']): Bend => ({
    steps: withStep(at, ({ state }) => ({ state, submitter })),
  });
  const other = 'tampered CASE_SUBMITTER';
  return [
    bent('opened by the other side', by(0, hospitalB), other),
    bent('filed by the other side', by(1, hospitalB), other),
    bent('filed by the regulator', by(2, regulator), other),
    bent('examined by a party', by(3, hospitalA), other),
    bent('closed by a party', by(5, hospitalB), other),
    bent('withdrawn by the opener', { steps: ended('withdrawn', hospitalA) }, undefined),
    bent('withdrawn by the regulator', { steps: ended('withdrawn', regulator) }, other),
    bent('marked as overdue by a party', { steps: ended('overdue', hospitalB) }, 'undecided'),
    bent('an opener without a log', { steps: from(1, () => ({ opener: 'hospital-z' })) }, other),
  ];
}

const ended = (state: string, submitter: Step['submitter']) => (steps: Step[]) =>
  steps.map((step, at) => (at === steps.length - 1 ? { state: { ...step.state, state }, submitter } : step));

function transactionCases(bent: Bent): CorpusCase[] {
  const at = (step: number, options: object): Bend => ({ transaction: { step, options } });
  return [
    bent('a step that read another version', at(3, { reads: [[key, 2, 0]] }), 'tampered CASE_STEP_READ'),
    bent('a step that read another transaction', at(3, { reads: [[key, 3, 1]] }), 'tampered CASE_STEP_READ'),
    bent('a step that read nothing', at(3, { reads: [] }), 'tampered CASE_STEP_READ'),
    bent(
      'a step that read twice',
      at(3, {
        reads: [
          [key, 3, 0],
          [key, 3, 0],
        ],
      }),
      'tampered CASE_STEP_READ',
    ),
    bent('a step that wrote nothing', at(3, { writes: [] }), 'tampered CASE_STEP_WRITE'),
    bent('a step that wrote no JSON', at(3, { writes: [[key, text('{')]] }), 'tampered JSON_INVALID'),
    bent(
      'a step that wrote a member twice',
      at(3, { writes: [[key, text('{"id":1,"id":1}')]] }),
      'tampered JSON_DUPLICATE_KEY',
    ),
    bent(
      'a step that wrote no text',
      at(3, { writes: [[key, Uint8Array.of(0xff)]] }),
      'tampered BYTES_INVALID',
    ),
    bent(
      'a step that wrote twice',
      at(3, {
        writes: [
          [key, text({})],
          [key, text({})],
        ],
      }),
      'tampered CASE_STEP_WRITE',
    ),
    bent(
      'a step that wrote another key',
      at(3, { writes: [[`${key}x`, text({})]] }),
      'tampered CASE_STEP_WRITE',
    ),
    bent(
      'a step of another chaincode',
      at(3, { chaincode: { name: 'other', version: '1.0' } }),
      'tampered CASE_CHAINCODE',
    ),
    bent('a step of another channel', at(3, { channelId: 'other' }), 'tampered CHANNEL_MISMATCH'),
    bent(
      'a step that one organisation endorsed',
      at(3, { endorsers: [hospitalA.peer] }),
      'tampered ENDORSEMENT_POLICY',
    ),
    bent('a step that failed', at(3, { bend: { status: 500 } }), 'tampered TX_RESPONSE'),
    bent('a step marked invalid', { mark: { step: 3, code: 11 } }, 'tampered CASE_STEP_INVALID'),
  ];
}
