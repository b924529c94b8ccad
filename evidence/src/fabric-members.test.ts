import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type ChainCase, certificateCases } from '../test/chain-cases.ts';
import { changedCertificates } from '../test/changed-certificates.ts';
import { changedAuthorities, changedLists, changedTexts, tangledChains } from '../test/changed-chains.ts';
import { signLedger } from '../test/organizations.ts';
import { ruleCases } from '../test/rule-cases.ts';
import { utf8 } from './bytes.ts';
import { EvidenceError } from './errors.ts';
import { identify, isSignedBy, parseMsp } from './fabric-msp.ts';

const message = utf8('message');
/**
 * Which roles Fabric 3.1.1 gives each of these, null for whom it does not take, or that it does not take the organisation's
 * rules, so that no channel has them (network/fabric/test/members-judged.journey.test.ts asks it).
 */
const judged: Record<string, string | null> = JSON.parse(
  readFileSync(new URL('../test/vectors/members-judged.json', import.meta.url), 'utf8'),
);

/** The member's roles; null where it is none. */
function rolesOf({ msp, serialized, key }: ChainCase): string | null {
  try {
    const rules = parseMsp(msp, ['ecdsa', 'ed25519']);
    const member = identify(new Map([[rules.mspId, rules]]), serialized, undefined);
    return isSignedBy(member, message, signLedger(key, message)) ? member.roles.join(' ') : null;
  } catch (error) {
    if (error instanceof EvidenceError) return null;
    throw error;
  }
}

describe('a member', () => {
  test('is who Fabric takes for one and nobody else, with the same roles, whatever is written of it', () => {
    const cases = [...certificateCases(), ...ruleCases()].filter(({ name }) => judged[name] !== 'no rules');

    const answers = cases.map((of) => [of.name, rolesOf(of)]);
    expect(answers.length).toBeGreaterThan(700);
    expect(answers.filter(([, roles]) => roles !== null).length).toBeGreaterThan(300);
    expect(answers.filter(([name = '', roles]) => judged[name ?? ''] !== roles)).toEqual([]);
  });

  test('whose certificate, authorities, list or text are changed anywhere makes nobody stumble', () => {
    for (const changed of [
      changedCertificates,
      changedAuthorities,
      changedLists,
      tangledChains,
      changedTexts,
    ]) {
      const answers = changed({ amount: 300, seed: 20261201 }).map(rolesOf);
      expect(answers.filter((roles) => roles?.includes('client') === true).length).toBeGreaterThan(15);
      expect(answers.filter((roles) => roles === null).length).toBeGreaterThan(15);
    }
  });
});

test('many authorities of one name, each of which issued the next, are not walked through without end', () => {
  const started = performance.now();
  const [many] = ruleCases().filter(({ name }) => name === 'too many intermediates of one name');

  expect(many && rolesOf(many)).toBeNull();
  expect(performance.now() - started).toBeLessThan(20_000);
});
