import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { accessAt, consentOf, decision, type Question, question, recorded } from '../test/case-question.ts';
import type { CaseClaim, LoggedItem } from './case-documents.ts';
import { examineCase } from './case-examine.ts';
import type { ConsentVersion } from './case-references.ts';

let asked: Question;

const filedConsent = (): LoggedItem => asked.filings.get('hospital-a')?.consents[0] as LoggedItem;
const claim = (): CaseClaim | undefined => examineCase(asked).claims.find((each) => each.claim === 'consent');
/** The ledger as it is with these versions of the filed consent. */
const onLedger = (...changes: Partial<ConsentVersion>[]): void => {
  const consents = changes.map((change) => recorded(filedConsent(), change));
  asked = { ...asked, ledger: { ...asked.ledger, consents } };
};
const ended = (at: string) => ({ version: 2, status: 'inactive', commitment: '2'.repeat(64), at });
const bySource = (finding: string, code: string) => ({
  claim: 'consent',
  party: 'hospital-a',
  finding,
  by: ['hospital-a'],
  code,
});

beforeEach(() => {
  asked = question();
});

describe('the consent of a case', () => {
  it('is a match where the ledger held it when the records were given', () => {
    expect(claim()).toEqual({ claim: 'consent', party: 'hospital-a', finding: 'match', by: [], code: null });
  });

  it('stays a match where it ended at or after that moment, or was recorded a little later', () => {
    onLedger({}, ended(accessAt));
    expect(claim()?.finding).toBe('match');
    onLedger({ at: '2026-03-01T08:10:00.000Z' });
    expect(claim()?.finding).toBe('match');
  });

  it('is late where it was revoked before', () => {
    onLedger({}, ended('2026-03-01T07:59:59.999Z'));
    expect(claim()).toEqual(bySource('late', 'CASE_CONSENT_REVOKED'));
  });

  it('is late where the ledger learned of it only afterwards', () => {
    onLedger({ at: '2026-03-01T08:10:00.001Z' });
    expect(claim()).toEqual(bySource('late', 'CASE_CONSENT_AFTER_ACCESS'));
  });

  it.each([
    ['2026-03-01T07:59:59.999Z', 'late'],
    ['2026-03-01T08:00:00.000Z', 'match'],
  ])('that ends at %s is: %s', (end, finding) => {
    const consent = consentOf({ period: { start: '2026-02-01T00:00:00.000Z', end } });
    asked = question({}, {}, { consent });
    expect(claim()?.finding).toBe(finding);
    if (finding === 'late') expect(claim()?.code).toBe('CASE_CONSENT_EXPIRED');
  });

  it('is missing where the ledger holds none, or another organisation’s', () => {
    onLedger();
    expect(claim()).toEqual(bySource('missing', 'CASE_CONSENT_NOT_ON_LEDGER'));
    onLedger({ commitment: '3'.repeat(64) });
    expect(claim()).toEqual(bySource('missing', 'CASE_CONSENT_NOT_ON_LEDGER'));
    onLedger({ organizationId: 'hospital-c' });
    expect(claim()).toEqual(bySource('missing', 'CASE_CONSENT_NOT_ON_LEDGER'));
  });

  it.each([[{ status: 'inactive' }], [{ version: 2 }]])(
    'is altered where the ledger holds the same with %j',
    (change) => {
      onLedger(change);
      expect(claim()).toEqual(bySource('altered', 'CASE_CONSENT_STATE'));
    },
  );

  it('is judged by all that the source recorded: a second, standing copy does not hide the end of the first', () => {
    onLedger({}, ended('2026-03-01T07:00:00.000Z'), { id: 'd'.repeat(32) });
    expect(claim()).toEqual(bySource('late', 'CASE_CONSENT_REVOKED'));
  });

  it.each([
    ['another requester', { recipient: 'hospital-c' }],
    ['another purpose', { purpose: 'HRESCH' }],
    ['another hospital’s records', { custodian: 'hospital-c' }],
    ['a denial', { type: 'deny' }],
    ['a later time', { period: { start: '2026-03-01T08:00:01.000Z', end: '2026-04-01T00:00:00.000Z' } }],
    ['no time', { period: { start: 'always', end: 'never' } }],
  ])('is missing where what was filed is for %s', (_what, changes) => {
    asked = question({}, {}, { consent: consentOf(changes) });
    expect(claim()).toEqual(bySource('missing', 'CASE_CONSENT_SCOPE'));
  });

  it.each([
    ['another consent', { id: 'consent-2' }],
    ['another version', { version: 2 }],
    ['a revocation', { revocation: { at: accessAt } }],
  ])('is altered where %s was filed than the decision names', (_what, changes) => {
    asked = question({}, {}, { consent: consentOf(changes) });
    expect(claim()).toEqual(bySource('altered', 'CASE_OTHER_CONSENT'));
  });

  it.each<[string, () => void, string, string]>([
    ['was not filed', () => asked.filings.get('hospital-a')?.consents.pop(), 'missing', 'CASE_ITEM_ABSENT'],
    [
      'is no item',
      () => asked.filings.get('hospital-a')?.consents.splice(0, 1, 'granted'),
      'altered',
      'CASE_ITEM_MALFORMED',
    ],
    [
      'is not what its leaf commits to',
      () => Object.assign(filedConsent(), { content: consentOf({ recipient: 'hospital-c' }) }),
      'altered',
      'CASE_CONTENT',
    ],
    [
      'is a leaf of another kind',
      () => Object.assign(filedConsent(), { leaf: { ...(filedConsent().leaf as object), kind: 'access' } }),
      'altered',
      'CASE_OTHER_LEAF',
    ],
    [
      'is not in the log',
      () => Object.assign(filedConsent(), { leafIndex: 1 }),
      'altered',
      'CASE_NOT_IN_LOG',
    ],
  ])('that %s is judged like every other item', (_what, change, finding, code) => {
    change();
    expect(claim()).toEqual(bySource(finding, code));
  });

  it('is missing where the decision permits and names none', () => {
    const { decisionId, permit } = decision;
    const named = [[], null, 'consent-1', {}].map((consents) => ({ decisionId, permit, consents }));
    for (const decided of [...named, { decisionId, permit }]) {
      asked = question({}, {}, { decided });
      expect(claim()).toEqual(bySource('missing', 'CASE_CONSENT_NONE'));
    }
  });

  it('is no claim where the decision denies', () => {
    asked = question({}, {}, { decided: { ...decision, permit: false, consents: [] } });
    expect(claim()).toBeUndefined();
  });

  it('is as weak as the entry and the decision that it hangs on', () => {
    Object.assign(asked.filings.get('hospital-a') ?? {}, { access: null });
    expect(claim()).toEqual(bySource('missing', 'CASE_ITEM_ABSENT'));
    asked = question();
    Object.assign(asked.filings.get('hospital-a')?.decision ?? {}, { salt: '8'.repeat(64) });
    expect(claim()).toEqual(bySource('altered', 'CASE_CONTENT'));
  });

  it('is as weak as the weakest of several', () => {
    const named = [
      { id: 'consent-1', version: 1 },
      { id: 'consent-2', version: 1 },
    ];
    asked = question({}, {}, { decided: { ...decision, consents: named } });
    expect(claim()).toEqual(bySource('missing', 'CASE_ITEM_ABSENT'));
  });

  it('is never a match whatever a decision names beside it, and never breaks the examination', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (name) => {
        asked = question({}, {}, { decided: { ...decision, consents: [name] } });
        expect(claim()?.finding).toBe('altered');
      }),
    );
  });
});
