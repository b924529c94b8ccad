import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CaseArchive, caseArchive, casePartsOf, parseCaseArchive } from './case-archive.ts';
import { caseReport } from './case-report.ts';
import { type CaseVerdict, verifyCase } from './case-verify.ts';
import { parseTrustPolicy } from './trust-policy.ts';

type Recorded = { policy: Record<string, unknown>; matching: CaseArchive; missing: CaseArchive };

// Recorded from a running alliance on the solo ledger: genuine blocks of four organisations.
const text = readFileSync(new URL('../test/vectors/case-solo.json', import.meta.url), 'utf8');
const recorded = JSON.parse(text) as Recorded;
const copyOf = (archive = recorded.matching): CaseArchive => JSON.parse(JSON.stringify(archive));
const policyWith = (changes: object = {}) => parseTrustPolicy({ ...recorded.policy, ...changes });
const policy = policyWith();

const failed = ({ checks }: CaseVerdict): string[] =>
  checks.flatMap(({ name, status, code }) => (status === 'failed' ? [`${name} ${code}`] : []));
const skipped = ({ checks }: CaseVerdict): string[] =>
  checks.flatMap(({ name, status }) => (status === 'skipped' ? [name] : []));

type Parts = ReturnType<typeof casePartsOf>;
/** An archive with other parts and an index that fits them, as a forger would write it. */
function forged(change: (parts: Parts) => Partial<Parts>): CaseArchive {
  const parts = casePartsOf(copyOf());
  return JSON.parse(JSON.stringify(caseArchive({ ...parts, ...change(parts) })));
}

describe('a case archive', () => {
  it('is valid with the finding that it records, and says so in both languages', () => {
    const result = verifyCase(copyOf(), policy);

    expect(failed(result)).toEqual([]);
    expect(skipped(result)).toEqual(['case-independence']);
    expect(result.verdict).toBe('valid');
    expect(result.case).toMatchObject({ state: 'closed', parties: ['hospital-a', 'hospital-b'] });
    expect(result.case?.claims?.map(({ finding }) => finding)).toEqual(Array(9).fill('match'));
    for (const { zh, en } of result.checks)
      expect([zh, en]).toEqual([expect.stringMatching(/\p{Script=Han}/u), expect.stringMatching(/[a-z]/)]);
  });

  it('is valid where a party never answered, and says that its evidence is missing', () => {
    const result = verifyCase(copyOf(recorded.missing), policy);

    expect(result.verdict).toBe('valid');
    expect(result.case?.claims).toContainEqual({
      claim: 'entry',
      party: 'hospital-b',
      finding: 'missing',
      by: ['hospital-b'],
      code: 'CASE_NOT_FILED',
    });
  });

  it('is the same bytes when it is put together again', () => {
    expect(JSON.stringify(forged(() => ({})))).toBe(JSON.stringify(recorded.matching));
  });

  it('shows what its documents say only when asked to', () => {
    const result = verifyCase(copyOf(), policy);
    const word = '我没有去过仁和医院';

    expect(caseReport(result, { json: false, show: false })).toContain('VALID');
    for (const json of [true, false]) {
      expect(caseReport(result, { json, show: false })).not.toContain(word);
      expect(caseReport(result, { json, show: true })).toContain(word);
    }
  });

  it('refuses an attachment that the index does not list, and one that is listed but not there', () => {
    const attached = copyOf();
    attached.members['filing/hospital-c'] = attached.members['filing/hospital-a'];
    const gone = copyOf();
    delete gone.members['finding'];
    const beside = { ...copyOf(), note: 'see also' };

    expect(failed(verifyCase(attached, policy))).toEqual(['case-format CASE_UNCOVERED']);
    expect(failed(verifyCase(gone, policy))).toEqual(['case-format CASE_MEMBER_ABSENT']);
    expect(failed(verifyCase(beside, policy))).toEqual(['case-format CASE_MALFORMED']);
  });

  it('refuses every member that was changed without its digest', () => {
    for (const { name } of recorded.matching.index) {
      const archive = copyOf();
      archive.members[name] = { changed: archive.members[name] };
      expect(failed(verifyCase(archive, policy))).toEqual(['case-format CASE_DIGEST']);
    }
  });

  const forgeries: [string, (parts: Parts) => Partial<Parts>, string][] = [
    [
      'other grounds',
      ({ opening }) => ({ opening: { ...opening, content: { ...opening.content, grounds: 'other' } } }),
      'case-documents CASE_COMMITMENT',
    ],
    [
      'another filing',
      ({ filings }) => ({
        filings: new Map(
          [...filings].map(([party, { content, salt }]) => [
            party,
            { content: { ...content, statement: 'other' }, salt },
          ]),
        ),
      }),
      'case-documents CASE_COMMITMENT',
    ],
    [
      'the filings exchanged',
      ({ filings }) => {
        const [[one, first], [other, second]] = [...filings] as [[string, never], [string, never]];
        return {
          filings: new Map([
            [one, second],
            [other, first],
          ]),
        };
      },
      'case-documents CASE_COMMITMENT',
    ],
    [
      'a filing of nobody',
      ({ filings }) => ({
        filings: new Map([...filings, ['hospital-c', [...filings.values()][0] as never]]),
      }),
      'case-documents CASE_UNCOVERED',
    ],
    [
      'a kinder finding',
      ({ finding }) => ({ finding: finding && { ...finding, content: { ...finding.content, claims: [] } } }),
      'case-documents CASE_COMMITMENT',
    ],
    [
      'another decision',
      ({ decision }) => ({
        decision: decision && { ...decision, content: { ...decision.content, outcome: 'upheld' } },
      }),
      'case-documents CASE_COMMITMENT',
    ],
    [
      'a step left out',
      ({ steps }) => ({ steps: steps.filter((_, at) => at !== 2) }),
      'case-steps CASE_STEP_ORDER',
    ],
    ['the opening left out', ({ steps }) => ({ steps: steps.slice(1) }), 'case-steps CASE_STEP_ORDER'],
    [
      'steps in another order',
      ({ steps }) => ({ steps: [...steps].reverse() }),
      'case-steps CASE_STEP_ORDER',
    ],
    [
      'a step twice',
      ({ steps }) => ({ steps: [...steps, ...steps.slice(-1)] }),
      'case-steps CASE_STEP_ORDER',
    ],
    [
      'a block too many',
      ({ blocks }) => ({
        blocks: new Map([...blocks, [0, Buffer.from(String(recorded.policy['genesisBlock']), 'base64')]]),
      }),
      'case-blocks CASE_UNCOVERED',
    ],
    [
      'one block for another',
      ({ blocks }) => {
        const [first] = blocks.values();
        return { blocks: new Map([...blocks].map(([number]) => [number, first as Uint8Array])) };
      },
      'case-blocks ANCHOR_BLOCK',
    ],
    [
      'a transaction that is not there',
      ({ steps }) => ({ steps: steps.map((step) => ({ ...step, txId: '0'.repeat(64) })) }),
      'case-transactions ANCHOR_TX_ABSENT',
    ],
  ];
  it.each(forgeries)('refuses %s, though the index fits', (...[, change, code]) => {
    const archive = forged(change);
    // A step that is left out leaves its block without one.
    const needed = new Set(casePartsOf(archive).steps.map(({ blockNumber }) => blockNumber));
    const trimmed = code.startsWith('case-steps')
      ? forged((parts) => ({
          ...change(parts),
          blocks: new Map([...parts.blocks].filter(([number]) => needed.has(number))),
        }))
      : archive;
    const result = verifyCase(trimmed, policy);

    expect(result.verdict).toBe('tampered');
    expect(failed(result)).toContain(code);
  });

  it('cannot be told of an incomplete export, and of a last step that nobody has read', () => {
    const partial = verifyCase(
      forged(() => ({ filings: new Map() })),
      policy,
    );
    const open = forged((parts) => {
      const steps = parts.steps.slice(0, -1);
      const needed = new Set(steps.map(({ blockNumber }) => blockNumber));
      return { steps, blocks: new Map([...parts.blocks].filter(([number]) => needed.has(number))) };
    });

    expect(partial.verdict).toBe('undecided');
    expect(skipped(partial)).toContain('case-documents');
    expect(verifyCase(open, policy).verdict).toBe('valid');
    expect(verifyCase(open, policyWith({ confirmation: 'required' })).verdict).toBe('undecided');
    expect(verifyCase(copyOf(), policyWith({ confirmation: 'required' })).verdict).toBe('valid');
  });

  it.each([
    ['another ledger', { genesisHash: '0'.repeat(64) }, 'case-channel GENESIS_HASH'],
    ['another channel', { channel: 'other' }, 'case-channel CHANNEL_MISMATCH'],
    [
      'another chaincode',
      { chaincode: { name: 'medseal', versions: ['2.0'] } },
      'case-transactions CASE_CHAINCODE',
    ],
    ['more endorsers', { endorsement: { minimum: 9 } }, 'case-transactions ENDORSEMENT_POLICY'],
    ['a real ledger', { ledger: 'fabric' }, 'case-independence LEDGER_KIND'],
  ])('is not for a verifier that asks for %s', (_what, changes, code) => {
    const result = verifyCase(copyOf(), policyWith(changes));

    expect(result.verdict).toBe('tampered');
    expect(failed(result)).toContain(code);
  });

  it('is refused where another organisation stands under a party’s name', () => {
    const logs = (recorded.policy['logs'] as { organizationId: string; mspId: string }[]).map((log) =>
      log.organizationId === 'hospital-b' ? { ...log, mspId: 'HospitalCMSP' } : log,
    );

    expect(failed(verifyCase(copyOf(), policyWith({ logs })))).toEqual(['case-submitters CASE_SUBMITTER']);
  });

  it('cannot be judged without trust material, or where it is something else', () => {
    const [log] = recorded.policy['logs'] as object[];
    const { genesisBlock: _, ...bare } = recorded.policy;

    expect(verifyCase(copyOf(), policyWith({ logs: [log] })).verdict).toBe('undecided');
    expect(verifyCase(copyOf(), parseTrustPolicy(bare)).verdict).toBe('undecided');
    for (const other of [undefined, null, [], 'x', {}, { format: 'medseal/case/v2' }])
      expect(verifyCase(other, policy).verdict).toBe('undecided');
  });

  it('is never accepted with a changed character, and never breaks the verifier', () => {
    const whole = JSON.stringify(recorded.matching);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.constantFrom(...'0aZ"{}[],:+/'), (at, character) => {
        const changed = whole.slice(0, at) + character + whole.slice(at + 1);
        if (changed === whole) return;
        let value: unknown;
        try {
          value = JSON.parse(changed);
        } catch {
          return;
        }
        expect(verifyCase(value, policy).verdict).not.toBe('valid');
      }),
      { numRuns: 300 },
    );
  });

  it('is refused whatever part of its shape is replaced', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...recorded.matching.index.map(({ name }) => name)),
        fc.jsonValue(),
        (name, value) => {
          const archive = copyOf();
          archive.members[name] = value;
          const parsed = () => casePartsOf(parseCaseArchive(archive));
          expect(parsed).toThrow(/^CASE_/);
        },
      ),
      { numRuns: 100 },
    );
  });
});
