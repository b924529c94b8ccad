import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { entryOf, logOf, type Question, question } from '../test/case-question.ts';
import type { CaseClaim, CaseExhibit, CaseFiling } from './case-documents.ts';
import { examineCase } from './case-examine.ts';

let asked: Question;

/** An entry as its holder got it from a party, with the checkpoint that the ledger holds. */
function kept(tenant = 'hospital-a', content = entryOf(tenant)): CaseExhibit {
  const { items, rootHash } = logOf(tenant, [['access', content]]);
  const anchors = [...asked.ledger.anchors, { organizationId: tenant, treeSize: 3, rootHash }];
  asked = { ...asked, ledger: { ...asked.ledger, anchors } };
  return { ...(items[0] as CaseExhibit), treeSize: 3 };
}
const withExhibit = (exhibit: unknown): void => {
  asked = { ...asked, opening: { ...asked.opening, exhibits: [exhibit] } };
};
const filingOf = (party: string): CaseFiling => asked.filings.get(party) as CaseFiling;
const claims = (): CaseClaim[] => examineCase(asked).claims.filter(({ claim }) => claim === 'exhibit');
const altered = (code: string, party: string | null = 'hospital-a', by: string[] = []) => [
  { claim: 'exhibit', party, finding: 'altered', by, code },
];

beforeEach(() => {
  asked = question();
});

describe('an entry that a patient kept', () => {
  it('is a match where the party whose log it is in filed the same', () => {
    withExhibit(kept());
    expect(claims()).toEqual([
      { claim: 'exhibit', party: 'hospital-a', finding: 'match', by: [], code: null },
    ]);
  });

  it('tells that a party withholds an entry which its own log holds', () => {
    withExhibit(kept());
    const withheld = [
      {
        claim: 'exhibit',
        party: 'hospital-a',
        finding: 'missing',
        by: ['hospital-a'],
        code: 'CASE_ENTRY_WITHHELD',
      },
    ];
    Object.assign(filingOf('hospital-a'), { access: null });
    expect(claims()).toEqual(withheld);
    asked.filings.delete('hospital-a');
    expect(claims()).toEqual(withheld);
  });

  it('tells that a party filed another entry than the one it gave out', () => {
    withExhibit(kept('hospital-a', entryOf('hospital-a', { purpose: 'HRESCH' })));
    expect(claims()).toEqual([
      {
        claim: 'exhibit',
        party: 'hospital-a',
        finding: 'altered',
        by: ['hospital-a'],
        code: 'CASE_ENTRY_DIFFERS',
      },
    ]);
    Object.assign(filingOf('hospital-a'), { access: 'none' });
    expect(claims()).toMatchObject([{ code: 'CASE_ENTRY_DIFFERS' }]);
  });

  it.each<[string, (exhibit: CaseExhibit) => unknown, string, string | null]>([
    ['no exhibit', () => 'seen', 'CASE_ITEM_MALFORMED', null],
    ['without size', ({ treeSize: _, ...item }) => item, 'CASE_ITEM_MALFORMED', null],
    ['of an empty log', (exhibit) => ({ ...exhibit, treeSize: 0 }), 'CASE_ITEM_MALFORMED', null],
    [
      'of a stranger’s log',
      (exhibit) => ({ ...exhibit, leaf: { ...(exhibit.leaf as object), tenant: 'hospital-c' } }),
      'CASE_OTHER_LEAF',
      null,
    ],
    [
      'of another kind',
      (exhibit) => ({ ...exhibit, leaf: { ...(exhibit.leaf as object), kind: 'record' } }),
      'CASE_OTHER_LEAF',
      'hospital-a',
    ],
    [
      'with other content',
      (exhibit) => ({ ...exhibit, content: entryOf('hospital-a', { outcome: '4' }) }),
      'CASE_CONTENT',
      'hospital-a',
    ],
    [
      'under a checkpoint that the ledger does not hold',
      (exhibit) => ({ ...exhibit, treeSize: 4 }),
      'CASE_NOT_IN_LOG',
      'hospital-a',
    ],
    ['at another place', (exhibit) => ({ ...exhibit, leafIndex: 2 }), 'CASE_NOT_IN_LOG', 'hospital-a'],
  ])('%s is altered, and not the doing of a party', (_what, change, code, party) => {
    const exhibit = kept();
    withExhibit(change(exhibit));
    Object.assign(filingOf('hospital-a'), { access: null });

    expect(claims()).toEqual(altered(code, party));
  });

  it.each([
    ['another request', entryOf('hospital-a', { requestId: '3b5d1c1e-8a51-4c39-9d5a-2f7f3b1c0009' })],
    ['another observer', entryOf('hospital-b')],
  ])('about %s says nothing about this access', (_what, content) => {
    withExhibit(kept('hospital-a', content));
    expect(claims()).toEqual(altered('CASE_OTHER_ENTRY'));
  });

  it('that a party files of the other’s log is judged alike, and rests on who filed it', () => {
    Object.assign(filingOf('hospital-b'), { exhibits: [kept(), 'x'] });
    Object.assign(filingOf('hospital-a'), { access: null });

    expect(claims()).toEqual([
      {
        claim: 'exhibit',
        party: 'hospital-a',
        finding: 'missing',
        by: ['hospital-a'],
        code: 'CASE_ENTRY_WITHHELD',
      },
      ...altered('CASE_ITEM_MALFORMED', null, ['hospital-b']),
    ]);
    asked = { ...asked, opening: { ...asked.opening, openedFor: 'organization', exhibits: ['x'] } };
    expect(claims()[0]).toEqual(altered('CASE_ITEM_MALFORMED', null, ['hospital-a'])[0]);
  });

  it('of a hospital’s own access is judged in the same way', () => {
    const subject = { kind: 'access' as const, accessId: 'event-hospital-a', custodian: 'hospital-a' };
    Object.assign(asked.state, { parties: asked.state.parties.slice(0, 1) });
    asked = { ...asked, opening: { ...asked.opening, subject } };
    withExhibit(kept());
    Object.assign(filingOf('hospital-a'), { access: null });

    expect(claims()).toMatchObject([{ finding: 'missing', by: ['hospital-a'], code: 'CASE_ENTRY_WITHHELD' }]);
  });

  it('never breaks the examination, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        withExhibit(value);
        expect(claims()).toMatchObject([{ finding: 'altered', by: [] }]);
      }),
    );
  });
});
