import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  type Changes,
  decision,
  entryOf,
  logOf,
  type Question,
  question,
  receiptOf,
} from '../test/case-question.ts';
import type { CaseClaim, CaseFiling, CaseSubject, ClaimName, LoggedItem } from './case-documents.ts';
import { examineCase } from './case-examine.ts';

let asked: Question;
const about = (subject: CaseSubject): void => {
  asked = { ...asked, opening: { ...asked.opening, subject } };
};
const filingOf = (party: string): CaseFiling => asked.filings.get(party) as CaseFiling;
const itemOf = (party: string, name: 'access' | 'decision' = 'access'): LoggedItem =>
  filingOf(party)[name] as LoggedItem;
const claim = (name: ClaimName, party: string | null = null): Omit<CaseClaim, 'claim' | 'party'> => {
  const found = examineCase(asked).claims.find((each) => each.claim === name && each.party === party);
  const { claim: _, party: __, ...rest } = found as CaseClaim;
  return rest;
};

/** A party that the ledger has no filing of. */
const unfiled = (party: string): void => {
  asked.filings.delete(party);
  const filings = asked.state.filings.filter(({ organizationId }) => organizationId !== party);
  asked = { ...asked, state: { ...asked.state, filings } };
};

beforeEach(() => {
  asked = question();
});

describe('the finding of a case', () => {
  it('is a match throughout where both sides hold the same', () => {
    expect(examineCase(asked).claims.map(({ finding }) => finding)).toEqual(Array(10).fill('match'));
  });

  it('says who filed nothing, and compares nothing then', () => {
    unfiled('hospital-b');

    const missing = { finding: 'missing', by: ['hospital-b'] };
    expect(claim('entry', 'hospital-b')).toEqual({ ...missing, code: 'CASE_NOT_FILED' });
    expect(claim('purpose')).toEqual({ ...missing, code: 'CASE_NOT_FILED' });
    expect(claim('receipt')).toEqual({ ...missing, code: 'CASE_ITEM_ABSENT' });
    expect(claim('entry', 'hospital-a').finding).toBe('match');
  });

  it('says whose filing on the ledger was never delivered, and compares nothing then', () => {
    asked.filings.delete('hospital-b');

    const withheld = { finding: 'withheld', by: ['hospital-b'], code: 'CASE_FILING_WITHHELD' };
    for (const name of ['request', 'person', 'purpose', 'outcome', 'records', 'receipt'] as const)
      expect(claim(name)).toEqual(withheld);
    expect(claim('entry', 'hospital-b')).toEqual(withheld);
    for (const name of ['entry', 'decision', 'consent'] as const)
      expect(claim(name, 'hospital-a').finding).toBe('match');
  });

  it('rests nothing on a source that withholds its filing, and names it before one that filed nothing', () => {
    asked.filings.delete('hospital-a');
    unfiled('hospital-b');

    const withheld = { finding: 'withheld', by: ['hospital-a'], code: 'CASE_FILING_WITHHELD' };
    for (const name of ['entry', 'decision', 'consent'] as const)
      expect(claim(name, 'hospital-a')).toEqual(withheld);
    expect(claim('entry', 'hospital-b')).toMatchObject({ finding: 'missing', code: 'CASE_NOT_FILED' });
    expect(claim('purpose')).toEqual(withheld);
    expect(claim('receipt')).toEqual(withheld);
  });

  it('names both where both withhold, and makes no claim a match', () => {
    asked.filings.clear();

    const { claims } = examineCase(asked);
    expect(claims.map(({ finding }) => finding)).toEqual(Array(10).fill('withheld'));
    expect(claim('receipt').by).toEqual(['hospital-a', 'hospital-b']);
  });

  it('names the step that was examined', () => {
    expect(examineCase({ ...asked, state: { ...asked.state, step: 7 } }).step).toBe(7);
  });

  const alterations: [string, () => void, string][] = [
    [
      'other content',
      () => Object.assign(itemOf('hospital-b'), { content: entryOf('hospital-b', { purpose: 'HPAYMT' }) }),
      'CASE_CONTENT',
    ],
    ['another salt', () => Object.assign(itemOf('hospital-b'), { salt: '8'.repeat(64) }), 'CASE_CONTENT'],
    [
      'a leaf of another organisation',
      () => Object.assign(itemOf('hospital-b'), itemOf('hospital-a')),
      'CASE_OTHER_LEAF',
    ],
    [
      'a leaf of another kind',
      () =>
        Object.assign(itemOf('hospital-b'), {
          leaf: { ...(itemOf('hospital-b').leaf as object), kind: 'record' },
        }),
      'CASE_OTHER_LEAF',
    ],
    [
      'a proof that leads elsewhere',
      () => itemOf('hospital-b').inclusionProof.splice(0, 1, '0'.repeat(64)),
      'CASE_NOT_IN_LOG',
    ],
    ['another place', () => Object.assign(itemOf('hospital-b'), { leafIndex: 1 }), 'CASE_NOT_IN_LOG'],
    [
      'a place beyond the log',
      () => Object.assign(itemOf('hospital-b'), { leafIndex: 9 }),
      'CASE_NOT_IN_LOG',
    ],
    [
      'something else',
      () => Object.assign(filingOf('hospital-b'), { access: 'none' }),
      'CASE_ITEM_MALFORMED',
    ],
    ['no leaf at all', () => Object.assign(itemOf('hospital-b'), { leaf: null }), 'CASE_ITEM_MALFORMED'],
  ];
  it.each(alterations)('calls %s altered, by the party that filed it', (_what, alter, code) => {
    alter();

    const altered = { finding: 'altered', by: ['hospital-b'], code };
    expect(claim('entry', 'hospital-b')).toEqual(altered);
    expect(claim('records')).toEqual(altered);
    expect(claim('entry', 'hospital-a').finding).toBe('match');
  });

  it('calls an entry about another request, and another decision, altered', () => {
    asked = question({ requestId: '3b5d1c1e-8a51-4c39-9d5a-2f7f3b1c0002' });
    expect(claim('entry', 'hospital-a')).toMatchObject({ finding: 'altered', code: 'CASE_OTHER_ENTRY' });

    asked = question();
    const { items, rootHash: root } = logOf('hospital-a', [
      ['access', entryOf('hospital-a')],
      ['decision', { ...decision, decisionId: 'decision-2' }],
    ]);
    Object.assign(filingOf('hospital-a'), { access: items[0], decision: items[1] });
    Object.assign(asked.state.filings[0] ?? {}, { rootHash: root });
    expect(claim('decision', 'hospital-a')).toMatchObject({
      finding: 'altered',
      code: 'CASE_OTHER_DECISION',
    });
  });

  it('calls late what was logged after the opening, and what was filed after the deadline', () => {
    Object.assign(asked.state.parties[1] ?? {}, { treeSize: 0 });
    expect(claim('entry', 'hospital-b')).toEqual({
      finding: 'late',
      by: ['hospital-b'],
      code: 'CASE_LOGGED_AFTER_OPENING',
    });
    expect(claim('person').finding).toBe('late');

    asked = question();
    Object.assign(asked.state.filings[1] ?? {}, { filedAt: '2026-03-11T09:00:00.001Z' });
    expect(claim('entry', 'hospital-b')).toEqual({
      finding: 'late',
      by: ['hospital-b'],
      code: 'CASE_FILED_LATE',
    });
    expect(claim('receipt')).toMatchObject({ finding: 'late', by: ['hospital-b'] });
  });

  it.each<[ClaimName, Changes]>([
    ['person', { staff: 'b-18' }],
    ['purpose', { purpose: 'HRESCH' }],
    ['outcome', { outcome: '4' }],
    ['records', { references: ['Observation/3/_history/1'] }],
  ])('names nobody where two sound records contradict each other about the %s', (name, changes) => {
    asked = question({}, changes);

    expect(claim(name)).toEqual({ finding: 'altered', by: [], code: 'CASE_CONTRADICTION' });
    expect(claim('entry', 'hospital-b').finding).toBe('match');
  });

  it('lets a requester show its staff less than it was given', () => {
    asked = question({}, { references: ['Observation/1/_history/1'] });
    expect(claim('records').finding).toBe('match');
  });

  it.each<[string, string, Record<string, unknown>, string[], string]>([
    [
      'a forged copy',
      'hospital-b',
      { ...receiptOf(), permit: false },
      ['hospital-b'],
      'CASE_RECEIPT_SIGNATURE',
    ],
    ['a copy without signature', 'hospital-a', {}, ['hospital-a'], 'CASE_RECEIPT_SIGNATURE'],
    ['two receipts', 'hospital-b', receiptOf({ purpose: 'HRESCH' }), ['hospital-a'], 'CASE_TWO_RECEIPTS'],
  ])('sees %s', (...[, party, receipt, by, code]) => {
    Object.assign(filingOf(party), { receipt });

    expect(claim('receipt')).toEqual({ finding: 'altered', by, code });
  });

  it.each([
    [{ purpose: 'HRESCH' }, 'CASE_RECEIPT_CONTENT'],
    [{ records: [] }, 'CASE_RECEIPT_CONTENT'],
    [{ requester: 'hospital-c' }, 'CASE_RECEIPT_CONTENT'],
    [{ decisionDigest: '0'.repeat(64) }, 'CASE_RECEIPT_DECISION'],
  ])('holds the receipt against the source’s log: %j', (changes, code) => {
    for (const party of ['hospital-a', 'hospital-b'])
      Object.assign(filingOf(party), { receipt: receiptOf(changes) });

    expect(claim('receipt')).toEqual({ finding: 'altered', by: ['hospital-a'], code });
  });

  it('is refused where the parties on the ledger are others', () => {
    about({ kind: 'access', accessId: 'x', custodian: 'hospital-a' });
    expect(() => examineCase(asked)).toThrow('CASE_SUBJECT');
  });

  it('is about one hospital alone where the access was its own', () => {
    about({ kind: 'access', accessId: 'event-hospital-a', custodian: 'hospital-a' });
    Object.assign(asked.state, { parties: asked.state.parties.slice(0, 1) });

    expect(examineCase(asked).claims.map(({ claim: name, finding }) => [name, finding])).toEqual([
      ['entry', 'match'],
      ['decision', 'match'],
    ]);
    Object.assign(asked.opening.subject, { accessId: 'event-other' });
    expect(claim('entry', 'hospital-a')).toMatchObject({ finding: 'altered', code: 'CASE_OTHER_ENTRY' });
  });

  it('never fails and never calls it a match, whatever a party files', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { minLength: 4, maxLength: 4 }), (filed) => {
        asked = question();
        const [access, decided, receipt, consent] = filed;
        Object.assign(filingOf('hospital-a'), { access, decision: decided, receipt, consents: [consent] });
        const { claims } = examineCase(asked);
        const rest = claims.filter(({ claim: name, party }) => !(name === 'entry' && party === 'hospital-b'));
        for (const { finding, by } of rest) {
          expect(['altered', 'missing']).toContain(finding);
          expect(by).toEqual(['hospital-a']);
        }
      }),
    );
  });
});

describe('the recorded findings', () => {
  const file = new URL('../test/vectors/case-claims.json', import.meta.url);
  type Vector = { name: string; question: Omit<Question, 'filings'> & { filings: object }; claims: unknown };
  const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vector[];

  it.each(vectors)('come out again: $name', ({ question: stated, claims }) => {
    const filings = new Map(Object.entries(stated.filings) as [string, CaseFiling][]);
    expect(examineCase({ ...stated, filings }).claims).toEqual(claims);
  });

  it('are of every kind', () => {
    const found = vectors.flatMap(({ claims }) => (claims as CaseClaim[]).map(({ finding }) => finding));
    expect(new Set(found)).toEqual(new Set(['match', 'altered', 'missing', 'late', 'withheld']));
  });
});
