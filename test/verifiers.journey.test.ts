import { describe, expect, test } from 'vitest';
import { compareVerifiers, findPython } from '../scripts/check-verifiers.ts';
import { corpus } from './corpus/index.ts';

const everyClaimCode = [
  'CASE_CONSENT_AFTER_ACCESS',
  'CASE_CONSENT_EXPIRED',
  'CASE_CONSENT_NONE',
  'CASE_CONSENT_NOT_ON_LEDGER',
  'CASE_CONSENT_REVOKED',
  'CASE_CONSENT_SCOPE',
  'CASE_CONSENT_STATE',
  'CASE_CONTENT',
  'CASE_CONTRADICTION',
  'CASE_ENTRY_DIFFERS',
  'CASE_ENTRY_WITHHELD',
  'CASE_FILED_LATE',
  'CASE_FILING_WITHHELD',
  'CASE_ITEM_ABSENT',
  'CASE_ITEM_MALFORMED',
  'CASE_LOGGED_AFTER_OPENING',
  'CASE_NOT_FILED',
  'CASE_NOT_IN_LOG',
  'CASE_OTHER_CONSENT',
  'CASE_OTHER_DECISION',
  'CASE_OTHER_ENTRY',
  'CASE_OTHER_LEAF',
  'CASE_RECEIPT_CONTENT',
  'CASE_RECEIPT_DECISION',
  'CASE_RECEIPT_SIGNATURE',
  'CASE_TWO_RECEIPTS',
];
const python = findPython();
if ('reason' in python) console.warn(`SKIPPED, the two verifiers are not compared: ${python.reason}`);

describe.skipIf('reason' in python)('two verifiers, the second written from docs/formats alone', () => {
  test('agree on every file of the corpus: verdict, each check and its code, the finding of a case', () => {
    const cases = corpus();

    const { verdicts, claimCodes, differences } = compareVerifiers(
      'command' in python ? python.command : '',
      cases,
    );

    expect(differences).toEqual([]);
    expect(verdicts.valid).toBeGreaterThan(700);
    expect(verdicts.tampered).toBeGreaterThan(2000);
    expect(verdicts.undecided).toBeGreaterThan(100);
    expect(verdicts.fork).toBeGreaterThan(8);
    expect(verdicts['no-proof']).toBeGreaterThan(60);
    expect(claimCodes).toEqual(everyClaimCode);
  }, 900_000);
});
