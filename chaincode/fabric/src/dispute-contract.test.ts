import { createHash } from 'node:crypto';
import { canonicalJson, formatCheckpoint, rootHash } from '@medseal/evidence';
import { beforeEach, describe, expect, it } from 'vitest';
import { createChaincode, type TestChaincode } from '../test/chaincode.ts';
import { createMember, registerAll, regulator, type TestMember } from '../test/members.ts';
import { logOrigin } from './rules/index.ts';

const [a, b, c] = [createMember('hospital-a'), createMember('hospital-b'), createMember('hospital-c')];
const id = '0123456789abcdef0123456789abcdef';
const parties = '["hospital-a","hospital-b"]';
const opened = '2026-03-01T08:00:00.000Z';
const deadline = '2026-03-11T08:00:00.000Z';
const afterwards = '2026-03-11T08:00:00.001Z';
const one = '1'.repeat(64);
const two = '2'.repeat(64);
const leaves = [0, 1, 2].map((at) => createHash('sha256').update(`leaf ${at}`).digest());

let chaincode: TestChaincode;
const call = (member: TestMember, name: string, ...args: string[]): Promise<string> =>
  chaincode.invoke(member.mspId, `dispute:${name}`, id, ...args);
const open = (member = a): Promise<string> => call(member, 'open', parties, deadline, one);
const parsed = async (answer: Promise<string>) => JSON.parse(await answer);
const refuses = (answer: Promise<string>, code: string): Promise<void> =>
  expect(answer).rejects.toThrow(new RegExp(`^${code}: `));

async function anchor(member: TestMember): Promise<void> {
  const origin = logOrigin(member.content.organizationId);
  const note = member.signNote(formatCheckpoint({ origin, treeSize: 3, rootHash: rootHash(leaves) }));
  await chaincode.invoke(member.mspId, 'anchor:append', note, '0', '[]');
}

async function answered(): Promise<void> {
  await open();
  await call(a, 'file', one, '3');
  await call(b, 'file', two, '3');
}

const examine = (step: number, ...withheld: TestMember[]): Promise<string> => {
  const ids = withheld.map(({ content }) => content.organizationId);
  return call(regulator, 'examine', one, String(step), JSON.stringify(ids));
};

beforeEach(async () => {
  chaincode = createChaincode();
  await registerAll(chaincode, a, b, c);
  await anchor(a);
  await anchor(b);
});

describe('a case on the ledger', () => {
  it('goes from the opening over both filings and the finding to the decision and its end', async () => {
    await answered();
    await examine(3);
    await call(regulator, 'decide', two);
    const last = await parsed(call(regulator, 'close'));

    const size = { treeSize: 3, rootHash: Buffer.from(rootHash(leaves)).toString('hex') };
    const filing = { filedAt: opened, ...size };
    expect(last).toEqual({
      id,
      step: 6,
      state: 'closed',
      opener: 'hospital-a',
      parties: [a, b].map(({ content: { organizationId, messageKey } }) => ({
        organizationId,
        messageKey,
        treeSize: 3,
      })),
      openedAt: opened,
      deadlineAt: deadline,
      changedAt: opened,
      commitment: one,
      filings: [
        { organizationId: 'hospital-a', commitment: one, ...filing },
        { organizationId: 'hospital-b', commitment: two, ...filing },
      ],
      finding: { commitment: one, at: opened, step: 3, withheld: [] },
      decision: { commitment: two, at: opened },
    });
    expect(await call(c, 'get')).toBe(canonicalJson(last));
  });

  it('shows a crossed deadline and takes what is filed later, with its time', async () => {
    await open();
    await call(a, 'file', one, '3');
    await refuses(call(regulator, 'lapse'), 'DISPUTE_EARLY');
    chaincode.setTime(afterwards);
    expect(await parsed(call(b, 'lapse'))).toMatchObject({ state: 'overdue', changedAt: afterwards });

    const { state, filings } = await parsed(call(b, 'file', two, '3'));

    expect(state).toBe('answered');
    expect(filings[1].filedAt > deadline).toBe(true);
  });

  it('is examined without a party that lets the deadline pass, and not before', async () => {
    await open();
    await refuses(examine(1), 'DISPUTE_STATE');
    chaincode.setTime(afterwards);
    await call(regulator, 'lapse');

    expect(await parsed(examine(2))).toMatchObject({ state: 'examined', filings: [] });
    await refuses(call(b, 'file', two, '3'), 'DISPUTE_STATE');
  });

  it('is not examined as it was before a filing that committed meanwhile, but is as it is now', async () => {
    await open();
    chaincode.setTime(afterwards);
    await call(regulator, 'lapse');
    await call(b, 'file', two, '3');

    for (const step of [1, 2, 4]) await refuses(examine(step), 'DISPUTE_MOVED');
    expect(await parsed(call(c, 'get'))).toMatchObject({ state: 'overdue', step: 3, finding: null });
    expect(await parsed(examine(3))).toMatchObject({ state: 'examined', step: 4, finding: { step: 3 } });
  });

  it('says that it is over, not that it has moved, where it was withdrawn meanwhile', async () => {
    await answered();
    await call(a, 'withdraw');

    await refuses(examine(3), 'DISPUTE_STATE');
  });

  it('is examined after the deadline without the document of a filing, and never before', async () => {
    await answered();
    await refuses(examine(3, b), 'DISPUTE_EARLY');
    chaincode.setTime(deadline);
    await refuses(examine(3, b), 'DISPUTE_EARLY');
    chaincode.setTime(afterwards);

    expect(await parsed(examine(3, b))).toMatchObject({ finding: { step: 3, withheld: ['hospital-b'] } });
    expect(await examine(3, b)).toBe(await call(c, 'get'));
  });

  it('can have both filings withheld, but none that was never made, and each named once', async () => {
    await open();
    await call(a, 'file', one, '3');
    chaincode.setTime(afterwards);
    await call(regulator, 'lapse');
    for (const named of [[b], [a, b], [c], [a, a]]) await refuses(examine(3, ...named), 'DISPUTE_WITHHELD');
    await call(b, 'file', two, '3');
    await refuses(examine(4, b, a), 'DISPUTE_WITHHELD');

    expect(await parsed(examine(4, a, b))).toMatchObject({
      finding: { withheld: ['hospital-a', 'hospital-b'] },
    });
  });

  it.each([
    [one, '0', '[]'],
    [one, '3.0', '[]'],
    [one, '-1', '[]'],
    [one, '3', ''],
    [one, '3', '{}'],
    [one, '3', '["hospital-a", "hospital-b"]'],
    [one, '3', '["hospital-a","hospital-b","hospital-c"]'],
  ])('refuses the arguments %s %s %s of a finding', async (...args) => {
    await answered();
    await expect(call(regulator, 'examine', ...args)).rejects.toThrow('Unable to validate parameter');
  });

  it('is withdrawn by its opener until it is examined', async () => {
    await open();
    await refuses(call(b, 'withdraw'), 'DISPUTE_PARTY');
    expect(await parsed(call(a, 'withdraw'))).toMatchObject({ state: 'withdrawn' });
    await refuses(call(b, 'file', two, '3'), 'DISPUTE_STATE');
  });

  it('answers a repeated step with the stored state and writes nothing', async () => {
    const steps: [TestMember, string, string[]][] = [
      [a, 'open', [parties, deadline, one]],
      [a, 'file', [one, '3']],
      [b, 'file', [two, '3']],
      [regulator, 'examine', [one, '3', '[]']],
      [regulator, 'decide', [two]],
      [regulator, 'close', []],
    ];
    for (const [member, name, args] of steps) {
      const first = await call(member, name, ...args);
      expect(await call(member, name, ...args)).toBe(first);
      expect(chaincode.written()).toEqual([]);
    }
  });

  it('refuses the same step with other content', async () => {
    await answered();
    await refuses(call(a, 'open', parties, deadline, two), 'DISPUTE_CONFLICT');
    await refuses(call(b, 'open', parties, deadline, one), 'DISPUTE_CONFLICT');
    await refuses(call(a, 'file', two, '3'), 'DISPUTE_CONFLICT');
    await examine(3);
    await refuses(call(regulator, 'examine', two, '3', '[]'), 'DISPUTE_CONFLICT');
    await refuses(examine(2), 'DISPUTE_CONFLICT');
    await refuses(examine(3, a), 'DISPUTE_CONFLICT');
  });

  it('lets nobody file for another, and only the regulator judge', async () => {
    await open();
    await refuses(call(c, 'file', one, '3'), 'DISPUTE_CHECKPOINT');
    await anchor(c);
    await refuses(call(c, 'file', one, '3'), 'DISPUTE_PARTY');
    await refuses(call(regulator, 'file', one, '3'), 'DISPUTE_CHECKPOINT');
    await refuses(call(c, 'lapse'), 'DISPUTE_PARTY');
    await call(a, 'file', one, '3');
    await call(b, 'file', two, '3');
    for (const [name, ...args] of [['examine', one, '3', '[]'], ['decide', one], ['close']] as const)
      for (const member of [a, b, c]) await refuses(call(member, name, ...args), 'DISPUTE_REGULATOR');
    await refuses(call(regulator, 'decide', one), 'DISPUTE_STATE');
    await refuses(call(regulator, 'close'), 'DISPUTE_STATE');
  });

  it('refuses proofs that lead to a checkpoint which is not on the ledger', async () => {
    await open();
    await refuses(call(a, 'file', one, '4'), 'DISPUTE_CHECKPOINT');
  });

  it.each([
    ['for others', c, parties, deadline, 'DISPUTE_PARTY'],
    ['against a stranger', a, '["hospital-a","hospital-z"]', deadline, 'DISPUTE_PARTIES'],
    ['against the regulator', a, '["hospital-a","regulator"]', deadline, 'DISPUTE_PARTIES'],
    ['in another order', a, '["hospital-b","hospital-a"]', deadline, 'DISPUTE_PARTIES'],
    ['with one party twice', a, '["hospital-a","hospital-a"]', deadline, 'DISPUTE_PARTIES'],
    ['with a deadline that has passed', a, parties, opened, 'DISPUTE_DEADLINE'],
    ['with a deadline of years', a, parties, '2028-03-01T08:00:00.000Z', 'DISPUTE_DEADLINE'],
    ['with a day that is none', a, parties, '2026-03-32T08:00:00.000Z', 'DISPUTE_DEADLINE'],
  ])('refuses to be opened %s', async (...[, member, partyIds, until, code]) => {
    await refuses(call(member, 'open', partyIds, until, one), code);
  });

  it('is closed to a stranger and to a disabled member', async () => {
    await refuses(chaincode.invoke('X', 'dispute:open', id, parties, deadline, one), 'MEMBER_NOT_REGISTERED');
    await open();
    await chaincode.invoke(regulator.mspId, 'member:disable', 'hospital-b');
    await refuses(call(b, 'file', two, '3'), 'MEMBER_NOT_REGISTERED');
  });

  it.each([
    ['Z'.repeat(32), parties, deadline, one],
    [id, '["hospital-a", "hospital-b"]', deadline, one],
    [id, '[]', deadline, one],
    [id, '["hospital-a","hospital-b","hospital-c"]', deadline, one],
    [id, parties, 'tomorrow', one],
    [id, parties, deadline, 'Wang Fang'],
  ])('refuses the arguments %s %s %s %s', async (...args) => {
    await expect(chaincode.invoke(a.mspId, 'dispute:open', ...args)).rejects.toThrow(
      'Unable to validate parameter',
    );
  });

  it('says so when a case is not there', async () => {
    await refuses(call(c, 'get'), 'DISPUTE_ABSENT');
    await refuses(call(regulator, 'decide', one), 'DISPUTE_ABSENT');
  });
});
