import { describe, expect, test } from 'vitest';
import { compareVerifiers, findPython } from '../scripts/check-verifiers.ts';
import { corpus } from './corpus/index.ts';

const python = findPython();
if ('reason' in python) console.warn(`SKIPPED, the two verifiers are not compared: ${python.reason}`);

describe.skipIf('reason' in python)('two verifiers, the second written from docs/formats alone', () => {
  test('agree on every file of the corpus: verdict, each check and its code', () => {
    const cases = corpus();

    const { verdicts, differences } = compareVerifiers('command' in python ? python.command : '', cases);

    expect(differences).toEqual([]);
    expect(verdicts.valid).toBeGreaterThan(60);
    expect(verdicts.tampered).toBeGreaterThan(800);
    expect(verdicts.undecided).toBeGreaterThan(40);
  });
});
