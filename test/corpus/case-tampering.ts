import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import type { CaseArchive } from '../../evidence/src/case-archive.ts';
import type { TestChannel } from '../../evidence/test/alliance.ts';
import { type CorpusCase, corpusCase } from './case.ts';
import { claimCases } from './case-claims.ts';
import { consentCases } from './case-consents.ts';
import { exhibitCases } from './case-exhibits.ts';
import { findingCases } from './case-findings.ts';
import { stepCases } from './case-steps.ts';
import { disputeArchive, reindexed } from './dispute.ts';
import { exchangeDispute } from './dispute-filings.ts';
import { type Place, placesIn, replace, withCharacter } from './mutations.ts';

type Expected = Parameters<typeof corpusCase>[3];
type Recorded = { policy: Record<string, unknown> } & Record<
  'matching' | 'missing' | 'withheld' | 'undelivered',
  CaseArchive
>;
type Members = Record<string, unknown>;

const text = readFileSync(new URL('../../evidence/test/vectors/case-solo.json', import.meta.url), 'utf8');

/** Archives of cases: recorded ones and ones made for it, valid and tampered with. */
export function caseCases(channel: TestChannel, policy: string, amount: number): CorpusCase[] {
  const recorded = JSON.parse(text) as Recorded;
  const solo = JSON.stringify(recorded.policy);
  const archive = disputeArchive(channel, exchangeDispute());
  return [
    corpusCase('case: recorded, matching', recorded.matching, solo, 'valid'),
    corpusCase('case: recorded, an answer missing', recorded.missing, solo, 'valid'),
    corpusCase('case: recorded, an entry withheld', recorded.withheld, solo, 'valid'),
    corpusCase('case: recorded, a filing never delivered', recorded.undelivered, solo, 'valid'),
    ...trustCases(recorded),
    ...claimCases(channel, policy),
    ...shapeCases(archive, policy),
    ...memberCases(archive, policy),
    ...stepCases(channel, policy),
    ...findingCases(channel, policy),
    ...consentCases(channel, policy),
    ...exhibitCases(channel, policy),
    ...mutationCases('recorded', recorded.matching, { policy: solo, amount, seed: 20261128 }),
    ...mutationCases('made', archive, { policy, amount, seed: 20261129 }),
  ];
}

function trustCases({ policy, matching }: Recorded): CorpusCase[] {
  const asked = (name: string, changes: object, expected: Expected): CorpusCase =>
    corpusCase(`case: ${name}`, matching, JSON.stringify({ ...policy, ...changes }), expected);
  const logs = policy['logs'] as { organizationId: string; mspId: string }[];
  const { genesisBlock: _, ...bare } = policy;
  const others = logs.map((log) =>
    log.organizationId === 'hospital-b' ? { ...log, mspId: 'OtherMSP' } : log,
  );
  return [
    asked('another ledger', { genesisHash: '0'.repeat(64) }, 'tampered GENESIS_HASH'),
    asked('another channel', { channel: 'other' }, 'tampered CHANNEL_MISMATCH'),
    asked(
      'another chaincode',
      { chaincode: { name: 'medseal', versions: ['2.0'] } },
      'tampered CASE_CHAINCODE',
    ),
    asked('more endorsers', { endorsement: { minimum: 9 } }, 'tampered ENDORSEMENT_POLICY'),
    asked('a real ledger', { ledger: 'fabric' }, 'tampered LEDGER_KIND'),
    asked('another MSP', { logs: others }, 'tampered CASE_SUBMITTER'),
    asked('a party unknown', { logs: logs.slice(0, 1) }, 'undecided'),
    asked('confirmations required', { confirmation: 'required' }, 'valid'),
    corpusCase('case: no genesis block', matching, JSON.stringify(bare), 'undecided'),
    corpusCase(
      'case: a genesis block that is none',
      reindexed(matching, (members) => Object.assign(members, { 'config/0': 'AQID' })),
      JSON.stringify(bare),
      'tampered BLOCK_MALFORMED',
    ),
  ];
}

/** The file's own shape. */
function shapeCases(archive: CaseArchive, policy: string): CorpusCase[] {
  const bent = (name: string, change: object, expected: Expected): CorpusCase =>
    corpusCase(`case: ${name}`, { ...archive, ...change }, policy, expected);
  const { index, members } = archive;
  const [first, ...rest] = index;
  const without = Object.fromEntries(Object.entries(members).filter(([name]) => name !== 'finding'));
  return [
    corpusCase('case: made', archive, policy, 'valid'),
    bent('another version', { format: 'medseal/case/v2' }, 'undecided'),
    bent('a member beside', { note: '' }, 'tampered CASE_MALFORMED'),
    bent('no id', { caseId: '' }, 'tampered CASE_MALFORMED'),
    bent('another id', { caseId: 'f'.repeat(32) }, 'tampered CASE_STEP_WRITE'),
    bent('an index that is none', { index: {} }, 'tampered CASE_MALFORMED'),
    bent('members that are none', { members: [] }, 'tampered CASE_MALFORMED'),
    bent('an index in another order', { index: [...rest, first] }, 'tampered CASE_MALFORMED'),
    bent('a line twice', { index: [first, ...index] }, 'tampered CASE_MALFORMED'),
    bent('a line left out', { index: rest }, 'tampered CASE_UNCOVERED'),
    bent(
      'a line of another name',
      { index: [...index, { name: 'z', sha256: '0'.repeat(64) }] },
      'tampered CASE_MALFORMED',
    ),
    bent(
      'a line too many',
      { index: [...index, { name: 'step/9', sha256: '0'.repeat(64) }] },
      'tampered CASE_MEMBER_ABSENT',
    ),
    bent(
      'a digest in capitals',
      { index: [{ ...first, sha256: 'A'.repeat(64) }, ...rest] },
      'tampered CASE_MALFORMED',
    ),
    bent('a member left out', { members: without }, 'tampered CASE_MEMBER_ABSENT'),
    bent('a member changed', { members: { ...members, decision: {} } }, 'tampered CASE_DIGEST'),
    bent('1,025 lines', { index: Array.from({ length: 1025 }, () => first) }, 'tampered CASE_MALFORMED'),
  ];
}

/** Members exchanged, with an index that fits. */
function memberCases(archive: CaseArchive, policy: string): CorpusCase[] {
  const bent = (name: string, change: (members: Members) => void, expected: Expected): CorpusCase =>
    corpusCase(`case: ${name}`, reindexed(archive, change), policy, expected);
  const set =
    (name: string, value: unknown) =>
    (members: Members): void => {
      members[name] = value;
    };
  const document = (name: string, changes: object) => (members: Members) => {
    const { content, salt } = members[name] as { content: object; salt: string };
    members[name] = { content: { ...content, ...changes }, salt };
  };
  const drop =
    (...names: string[]) =>
    (members: Members) => {
      for (const name of names) delete members[name];
    };
  return [
    bent('other grounds', document('opening', { grounds: '' }), 'tampered CASE_COMMITMENT'),
    bent(
      'another subject',
      document('opening', { subject: { kind: 'access', accessId: '', custodian: '' } }),
      'tampered CASE_COMMITMENT',
    ),
    bent(
      'a subject that is none',
      document('opening', { subject: { kind: 'other' } }),
      'tampered CASE_MALFORMED',
    ),
    bent('a document with a member more', document('opening', { note: '' }), 'tampered CASE_MALFORMED'),
    bent('another statement', document('filing/hospital-b', { statement: 'x' }), 'tampered CASE_COMMITMENT'),
    bent('a kinder finding', document('finding', { claims: [] }), 'tampered CASE_COMMITMENT'),
    bent('another decision', document('decision', { outcome: 'rejected' }), 'tampered CASE_COMMITMENT'),
    bent(
      'a document of another kind',
      (members) => Object.assign(members, { finding: members['decision'] }),
      'tampered CASE_MALFORMED',
    ),
    bent(
      'a filing of nobody',
      (members) => Object.assign(members, { 'filing/hospital-c': members['filing/hospital-a'] }),
      'tampered CASE_UNCOVERED',
    ),
    bent('no opening', drop('opening'), 'tampered CASE_MEMBER_ABSENT'),
    bent('no filing', drop('filing/hospital-a'), 'undecided'),
    bent('no finding', drop('finding'), 'undecided'),
    bent('no decision', drop('decision'), 'undecided'),
    bent(
      'no steps',
      drop(...Object.keys(archive.members).filter((name) => /^(step|block)/.test(name))),
      'tampered CASE_MEMBER_ABSENT',
    ),
    bent('a step that is none', set('step/1', {}), 'tampered CASE_MALFORMED'),
    bent(
      'a step of a broken number',
      set('step/1', { txId: '0'.repeat(64), blockNumber: 1.5 }),
      'tampered CASE_MALFORMED',
    ),
    bent(
      'a step of another transaction',
      set('step/1', { txId: '0'.repeat(64), blockNumber: 1 }),
      'tampered ANCHOR_TX_ABSENT',
    ),
    bent(
      'a gap in the steps',
      (members) => {
        members['step/9'] = members['step/6'];
        delete members['step/6'];
      },
      'tampered CASE_MEMBER_ABSENT',
    ),
    bent('the last step left out', drop('step/6', 'block/6'), 'undecided'),
    bent(
      'the first step left out',
      (members) => {
        for (let at = 1; at < 6; at += 1) members[`step/${at}`] = members[`step/${at + 1}`];
        drop('step/6', 'block/1')(members);
      },
      'tampered CASE_STEP_ORDER',
    ),
    bent('a block left out', drop('block/3'), 'tampered CASE_MEMBER_ABSENT'),
    bent(
      'a block too many',
      (members) => Object.assign(members, { 'block/0': members['config/0'] }),
      'tampered CASE_UNCOVERED',
    ),
    bent(
      'one block for another',
      (members) => Object.assign(members, { 'block/3': members['block/2'] }),
      'tampered ANCHOR_BLOCK',
    ),
    bent(
      'a block number with a zero before',
      (members) => {
        members['block/03'] = members['block/3'];
        drop('block/3')(members);
      },
      'tampered CASE_MALFORMED',
    ),
    bent('a block that is no base64', set('block/3', 'A'), 'tampered CASE_MALFORMED'),
    bent('a block that is none', set('block/3', 'AQID'), 'tampered BLOCK_MALFORMED'),
    bent('a genesis block that is none', set('config/0', 'AQID'), 'tampered BLOCK_MALFORMED'),
    bent('no genesis block', drop('config/0'), 'undecided'),
    bent(
      'a gap in the configurations',
      (members) => Object.assign(members, { 'config/2': members['config/0'] }),
      'tampered CASE_MEMBER_ABSENT',
    ),
  ];
}

type Amount = { policy: string; amount: number; seed: number };

/** Random changes of an archive, of its text or (with an index that fits) of a value, always the same for one seed. */
function mutationCases(label: string, archive: CaseArchive, { policy, amount, seed }: Amount): CorpusCase[] {
  const change = fc.tuple(fc.constantFrom('value', 'character'), fc.nat(), fc.nat({ max: 9 }));
  return fc.sample(change, { numRuns: amount, seed }).map(([kind, at, what], number) => {
    const name = `case mutation ${label} ${number}: ${kind} ${at} ${what}`;
    if (kind === 'character')
      return corpusCase(name, withCharacter(JSON.stringify(archive), at, what), policy);
    const changed = reindexed(archive, (members) => {
      const places = placesIn(members);
      const { holder, name: place } = places[at % places.length] as Place;
      replace(holder, place, what);
    });
    return corpusCase(name, changed, policy);
  });
}
