import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CaseArchive, caseArchive, casePartsOf, parseCaseArchive } from './case-archive.ts';
import { caseReport } from './case-report.ts';
import { type CaseVerdict, verifyCase } from './case-verify.ts';
import { parseTrustPolicy } from './trust-policy.ts';

type Recorded = { policy: Record<string, unknown> } & Record<
  'matching' | 'missing' | 'withheld' | 'undelivered',
  CaseArchive
>;

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
    expect(result.case?.claims?.map(({ finding }) => finding)).toEqual(Array(11).fill('match'));
    for (const { zh, en } of result.checks)
      expect([zh, en]).toEqual([expect.stringMatching(/\p{Script=Han}/u), expect.stringMatching(/[a-z]/)]);
  });

  it('is valid where a party never answered, and says that its evidence is missing', () => {
    const result = verifyCase(copyOf(recorded.missing), policy);

    expect(result.verdict).toBe('valid');
    expect(result.case?.claims).toContainEqual({
      claim: 'entry',
      party: 'hospital-a',
      finding: 'missing',
      by: ['hospital-a'],
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

  it('is refused where its genesis block is none, whether the policy holds it or not', () => {
    const archive = forged(() => ({ configBlocks: [Uint8Array.of(1, 2, 3)] }));
    const { genesisBlock: _, ...bare } = recorded.policy;

    for (const trusted of [policy, parseTrustPolicy(bare)]) {
      const result = verifyCase(archive, trusted);
      expect(result.verdict).toBe('tampered');
      expect(failed(result)).toEqual(['case-channel BLOCK_MALFORMED']);
    }
  });

  it('is valid where a hospital withholds an entry that the patient kept, and says so', () => {
    const result = verifyCase(copyOf(recorded.withheld), policy);

    expect(result.verdict).toBe('valid');
    expect(result.case?.claims).toContainEqual({
      ...{ claim: 'exhibit', party: 'hospital-a', finding: 'missing', by: ['hospital-a'] },
      code: 'CASE_ENTRY_WITHHELD',
    });
  });

  it('is valid without a filing that was never delivered, and says so in both languages', () => {
    const result = verifyCase(copyOf(recorded.undelivered), policy);
    const names = recorded.undelivered.index.map(({ name }) => name);

    expect(failed(result)).toEqual([]);
    expect(result.verdict).toBe('valid');
    expect(names).not.toContain('filing/hospital-a');
    expect(result.case?.withheld).toEqual(['hospital-a']);
    expect(result.case?.claims).toContainEqual({
      ...{ claim: 'entry', party: 'hospital-a', finding: 'withheld', by: ['hospital-a'] },
      code: 'CASE_FILING_WITHHELD',
    });
    expect(caseReport(result, { json: false, show: false })).toMatch(
      /未将材料交付监管方 · .*not delivered.*: hospital-a\n.*扣留未交 · WITHHELD – hospital-a/s,
    );
  });

  it('is refused with the document of a filing that its finding calls withheld, and with no such finding', () => {
    const filings = casePartsOf(copyOf()).filings;
    const parts = casePartsOf(copyOf(recorded.undelivered));
    const put = (change: Partial<Parts>): CaseArchive =>
      JSON.parse(JSON.stringify(caseArchive({ ...parts, ...change })));
    const present = put({ filings: new Map([...parts.filings, ...filings]) });
    const left = put({ filings: new Map() });

    expect(failed(verifyCase(present, policy))).toEqual(['case-documents CASE_WITHHELD_PRESENT']);
    // The other party's filing is left out, too, though the finding rests on it.
    expect(verifyCase(left, policy).verdict).toBe('undecided');
  });

  const referenceOf = (
    { references }: Parts,
    kind: string,
  ): [string, { txId: string; blockNumber: number }] => {
    const found = [...references].find(([name]) => name.startsWith(kind));
    if (found === undefined) throw new Error(`no ${kind}`);
    return found;
  };
  /** With other references, and exactly the blocks that they and the steps need. */
  const referring = (parts: Parts, references: Parts['references']): Partial<Parts> => {
    const needed = new Set([...parts.steps, ...references.values()].map(({ blockNumber }) => blockNumber));
    return { references, blocks: new Map([...parts.blocks].filter(([number]) => needed.has(number))) };
  };
  it('carries the consent with its end, and the checkpoint of the exhibit', () => {
    const names = [...casePartsOf(copyOf()).references.keys()].sort();
    expect(names.map((name) => name.replace(/[0-9a-f]{32}|\d+$/g, '…'))).toEqual([
      'anchor/hospital-a/…',
      'consent/…/…',
      'consent/…/…',
    ]);
  });

  it.each<[string, (parts: Parts) => Partial<Parts>, string]>([
    [
      'without the consent on the ledger',
      (parts) => referring(parts, new Map([referenceOf(parts, 'anchor/')])),
      'case-finding CASE_FINDING',
    ],
    [
      'without the checkpoint of the exhibit',
      (parts) => {
        const [anchor] = referenceOf(parts, 'anchor/');
        return referring(parts, new Map([...parts.references].filter(([name]) => name !== anchor)));
      },
      'case-finding CASE_FINDING',
    ],
    [
      'with the end of the consent in the place of its beginning',
      (parts) => {
        const ended = [...parts.references.values()].at(-1) ?? { txId: '', blockNumber: 0 };
        const swapped = [...parts.references].map(
          ([name, place]) => [name, name.endsWith('/1') ? ended : place] as const,
        );
        return referring(parts, new Map(swapped));
      },
      'case-references CASE_REFERENCE_WRITE',
    ],
    [
      'with a consent of another id',
      (parts) => {
        const [, place] = referenceOf(parts, 'consent/');
        return referring(parts, new Map([...parts.references, [`consent/${'0'.repeat(32)}/1`, place]]));
      },
      'case-references CASE_REFERENCE_WRITE',
    ],
    [
      'with a checkpoint that no exhibit names',
      (parts) => {
        const [, place] = referenceOf(parts, 'anchor/');
        return referring(parts, new Map([...parts.references, ['anchor/hospital-a/1', place]]));
      },
      'case-references CASE_UNCOVERED',
    ],
    [
      'with the place of a step as that of a checkpoint',
      (parts) => {
        const [name] = referenceOf(parts, 'anchor/');
        const step = parts.steps[0] ?? { txId: '', blockNumber: 0 };
        return referring(parts, new Map([...parts.references, [name, step]]));
      },
      'case-references CASE_REFERENCE_WRITE',
    ],
    [
      'with a reference to what came after the examination',
      (parts) => {
        const [name] = referenceOf(parts, 'consent/');
        const last = parts.steps.at(-1) ?? { txId: '', blockNumber: 0 };
        return referring(parts, new Map([...parts.references, [name, last]]));
      },
      'case-references CASE_UNCOVERED',
    ],
    [
      'with a reference that is not in its block',
      (parts) => {
        const [name, place] = referenceOf(parts, 'consent/');
        return referring(parts, new Map([...parts.references, [name, { ...place, txId: '0'.repeat(64) }]]));
      },
      'case-references ANCHOR_TX_ABSENT',
    ],
  ])('refuses a case %s, though the index fits', (_what, change, code) => {
    const result = verifyCase(forged(change), policy);

    expect(result.verdict).toBe('tampered');
    expect(failed(result)).toContain(code);
  });

  it('takes no consent into account before there is a finding', () => {
    const result = verifyCase(
      forged((parts) => {
        const steps = parts.steps.slice(0, 3);
        return {
          ...referring({ ...parts, steps }, parts.references),
          steps,
          finding: undefined,
          decision: undefined,
        };
      }),
      policy,
    );
    expect(failed(result)).toEqual(['case-references CASE_UNCOVERED']);
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
    const { steps } = casePartsOf(archive);
    const trimmed = code.startsWith('case-steps')
      ? forged((parts) => ({ ...change(parts), ...referring({ ...parts, steps }, parts.references) }))
      : archive;
    const result = verifyCase(trimmed, policy);

    expect(result.verdict).toBe('tampered');
    expect(failed(result)).toContain(code);
  });

  it('cannot be told of an incomplete export, and of a last step that nobody has read', () => {
    const partial = verifyCase(
      forged((parts) => ({
        ...referring(parts, new Map([referenceOf(parts, 'anchor/')])),
        filings: new Map(),
      })),
      policy,
    );
    const open = forged((parts) => {
      const steps = parts.steps.slice(0, -1);
      return { steps, ...referring({ ...parts, steps }, parts.references) };
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
