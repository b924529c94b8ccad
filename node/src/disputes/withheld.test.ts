import type { LedgerDispute } from '@medseal/chaincode/rules';
import { canonicalJson, caseCommitment, fromHex, utf8, verifyEd25519 } from '@medseal/evidence';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { examineMoved } from './examine-case.ts';
import { createAlliance, type Letter, type TestAlliance } from './test/alliance.ts';
import type { CaseLine, CaseView } from './types.ts';

let alliance: TestAlliance;
let caseId: string;

beforeAll(async () => {
  alliance = await createAlliance();
});
afterAll(() => alliance.close());
beforeEach(async () => {
  alliance.clock.advance(60_000);
  const requestId = await alliance.exchange();
  await alliance.settle();
  const { b } = alliance;
  const access = { requestId, partner: undefined };
  ({ caseId } = await b.disputes.open({ actor: b.officer, access, grounds: 'x' }));
  await alliance.settle();
});

const refuses = (work: Promise<unknown>, code: string): Promise<void> =>
  expect(work).rejects.toMatchObject({ code });
/** Files, and says nothing to the ledger yet. */
const file = (letter: 'a' | 'b'): Promise<CaseView> =>
  alliance[letter].disputes.file({
    ...{ actor: alliance[letter].officer, caseId, evidence: undefined, statement: '' },
  });
const examine = (...without: string[]): Promise<CaseView> =>
  alliance.r.disputes.examine({ actor: alliance.r.officer, caseId, without });
const seenAt = (letter: Letter): Promise<CaseView> =>
  alliance[letter].disputes.get({ actor: alliance[letter].officer, caseId });
/** The case as the chaincode holds it. */
const seenLedger = async (): Promise<LedgerDispute> =>
  JSON.parse(await alliance.chaincode.invoke('hospital-c-msp', 'dispute:get', caseId));
const archiveAt = (letter: Letter) =>
  alliance[letter].disputes.export({ actor: alliance[letter].officer, caseId });
const listedAt = async (letter: Letter): Promise<CaseLine | undefined> => {
  const { disputes, officer } = alliance[letter];
  const list = await disputes.list({ actor: officer, page: { skip: 0, limit: 200 } });
  return list.disputes.find((line) => line.caseId === caseId);
};
const passDeadline = async (): Promise<void> => {
  alliance.clock.advance(3_600_001);
  await alliance.settle();
};
const claimOf = ({ claims }: CaseView, claim: string, party: string | null): object | undefined =>
  claims?.find((each) => each.claim === claim && each.party === party);

/** A party's program keeps the document of its filing from leaving, or lets it go after all. */
const hold = (letter: 'a' | 'b', state: 'delivered' | 'queued' = 'delivered'): Promise<unknown> =>
  alliance[letter].database.db.query(
    "update dispute_delivery set state = $2, next_attempt_at = 'epoch' where case_id = $1 and kind = 'filing'",
    [caseId, state],
  );
const findingsKept = async (): Promise<number[]> =>
  (
    await alliance.r.database.db.query<{ attempt: number }>(
      "select attempt from dispute_document where case_id = $1 and kind = 'finding' order by attempt",
      [caseId],
    )
  ).rows.map(({ attempt }) => attempt);

describe('a party that files on the ledger and never delivers its document', () => {
  const withhold = async (): Promise<void> => {
    await file('a');
    await hold('a');
    await file('b');
    await alliance.settle();
  };

  it('holds the case up until the deadline, and everybody is told who has to do what', async () => {
    await withhold();

    await refuses(examine(), 'DISPUTE_INCOMPLETE');
    await refuses(examine('hospital-a'), 'DISPUTE_EARLY');
    const { state, notices } = await seenAt('r');
    expect(state).toBe('answered');
    expect(notices).toEqual([
      {
        zh: expect.stringMatching(/hospital-a .*尚未送达监管方.*须由 hospital-a 的节点交付.*期限/),
        en: expect.stringMatching(/hospital-a .*has not reached the regulator.*After the deadline/),
      },
    ]);
    expect(await listedAt('r')).toMatchObject({
      ...{ undelivered: ['hospital-a'], withheld: [], notices },
      task: { act: 'examine', text: { en: expect.stringContaining('hospital-a has not arrived') } },
    });
  });

  it('is found against after the deadline; the archive is the same everywhere and has no such document', async () => {
    await withhold();
    await passDeadline();
    await refuses(examine(), 'DISPUTE_INCOMPLETE');
    await examine('hospital-a');
    await alliance.settle();

    for (const letter of ['a', 'b', 'r'] as const) {
      const view = await seenAt(letter);
      const withheld = { finding: 'withheld', by: ['hospital-a'], code: 'CASE_FILING_WITHHELD' };
      for (const [claim, party] of [
        ['entry', 'hospital-a'],
        ['decision', 'hospital-a'],
        ['purpose', null],
        ['receipt', null],
      ] as const)
        expect(claimOf(view, claim, party)).toMatchObject(withheld);
      expect(claimOf(view, 'entry', 'hospital-a')).toMatchObject({
        result: { zh: '扣留未交', en: 'WITHHELD' },
      });
      expect(claimOf(view, 'entry', 'hospital-b')).toMatchObject({ finding: 'match' });
      expect(view.filings.map(({ withheld: is }) => is)).toEqual([true, false]);
      expect(view.notices).toEqual([
        {
          zh: expect.stringContaining('hospital-a：已在账本登记'),
          en: expect.stringContaining('not delivered'),
        },
      ]);
      expect(await listedAt(letter)).toMatchObject({ withheld: ['hospital-a'], undelivered: [] });
    }
    const [own, other, judged] = await Promise.all([archiveAt('a'), archiveAt('b'), archiveAt('r')]);
    expect(own).toEqual(judged);
    expect(other).toEqual(judged);
    const names = judged.index.map(({ name }) => name);
    expect(names).toContain('filing/hospital-b');
    expect(names).not.toContain('filing/hospital-a');
  });

  it('has the regulator’s receipt where it did deliver, which anybody checks with its document', async () => {
    await file('a');
    await alliance.settle();
    const { disputes, officer } = alliance.a;
    const { document, receipts } = await disputes.filing({ actor: officer, caseId });
    const [{ signature = '', ...content } = {}] = receipts;
    const [filing] = (await seenLedger()).filings;

    expect(receipts).toHaveLength(1);
    expect(content).toEqual({
      ...{ v: 1, caseId, kind: 'filing', author: 'hospital-a', recipient: 'regulator' },
      ...{ commitment: filing?.commitment, at: alliance.clock.now().toISOString() },
    });
    expect(caseCommitment(document)).toBe(filing?.commitment);
    const message = utf8(`medseal/case-delivery/v1\n${canonicalJson(content)}`);
    const key = fromHex(alliance.r.member.messageKey);
    expect(verifyEd25519(Buffer.from(signature, 'base64'), message, key)).toBe(true);
    await refuses(alliance.b.disputes.filing({ actor: alliance.b.officer, caseId }), 'DISPUTE_NOT_FILED');
    await refuses(alliance.c.disputes.filing({ actor: alliance.c.officer, caseId }), 'DISPUTE_NOT_FOUND');
  });

  it('has not delivered to one who signs nothing for it', async () => {
    const { peers } = alliance.a.deps;
    alliance.a.deps.peers = {
      send: async (request) => ({ ...(await peers.send(request)), body: utf8('{"v":1}') }),
    };
    await file('a');
    await alliance.settle();
    alliance.a.deps.peers = peers;
    expect((await seenAt('a')).waiting.deliveries).toMatchObject([
      { kind: 'filing', recipient: 'regulator', code: 'DISPUTE_RECEIPT_INVALID' },
    ]);
    alliance.clock.advance(600_000);
    await alliance.settle();

    expect((await seenAt('a')).waiting.deliveries).toEqual([]);
  });

  it('hands it over once more when asked to, and keeps the receipt that it has', async () => {
    await file('a');
    await hold('a');
    await alliance.settle();
    const { disputes, officer } = alliance.a;
    expect((await listedAt('r'))?.undelivered).toEqual(['hospital-a']);
    await disputes.deliver({ actor: officer, caseId });
    await alliance.settle();
    const { receipts } = await disputes.filing({ actor: officer, caseId });
    alliance.away.add('regulator');
    await disputes.deliver({ actor: officer, caseId });
    await alliance.settle();
    alliance.away.delete('regulator');

    expect(receipts).toHaveLength(1);
    expect((await listedAt('r'))?.undelivered).toEqual([]);
    expect((await disputes.filing({ actor: officer, caseId })).receipts).toEqual(receipts);
    const { b, c } = alliance;
    await refuses(b.disputes.deliver({ actor: b.officer, caseId }), 'DISPUTE_NOT_FILED');
    await refuses(c.disputes.deliver({ actor: c.officer, caseId }), 'DISPUTE_NOT_FOUND');
  });

  it('gets the same receipt for the same document again, with the time it first came', async () => {
    await file('a');
    await alliance.settle();
    const { disputes, officer } = alliance.a;
    const before = await disputes.filing({ actor: officer, caseId });
    alliance.clock.advance(120_000);
    await hold('a', 'queued');
    await alliance.settle();

    expect(await disputes.filing({ actor: officer, caseId })).toEqual(before);
  });

  it('can still hand it over: it is kept and shown, and no archive is changed by it', async () => {
    await withhold();
    await passDeadline();
    await examine('hospital-a');
    await alliance.settle();
    const before = await archiveAt('r');
    await hold('a', 'queued');
    await alliance.settle();

    expect((await seenAt('r')).notices).toContainEqual({
      zh: expect.stringMatching(/hospital-a .*比对之后才送达/),
      en: expect.stringMatching(/hospital-a arrived after the finding/),
    });
    expect(await archiveAt('r')).toEqual(before);
  });

  it('is not called so where it delivered, filed nothing, is a stranger or is named twice', async () => {
    await withhold();
    await passDeadline();
    for (const named of [
      ['hospital-b'],
      ['hospital-c'],
      ['hospital-a', 'hospital-b'],
      ['hospital-a', 'hospital-a'],
    ])
      await refuses(examine(...named), 'DISPUTE_NOT_WITHHELD');
    await hold('a', 'queued');
    await alliance.settle();

    await refuses(examine('hospital-a'), 'DISPUTE_NOT_WITHHELD');
    await examine();
    await alliance.settle();
    expect(claimOf(await seenAt('b'), 'entry', 'hospital-a')).toMatchObject({ finding: 'match' });
  });

  it('sees in its own list that its document was not taken', async () => {
    alliance.away.add('regulator');
    await file('a');
    await alliance.settle();
    alliance.away.delete('regulator');

    expect(await listedAt('a')).toMatchObject({ undelivered: ['hospital-a'] });
    expect((await seenAt('a')).notices).toHaveLength(1);
    expect((await seenAt('b')).notices).toEqual([]);
    alliance.clock.advance(600_000);
    await alliance.settle();
    expect((await seenAt('a')).notices).toEqual([]);
  });
});

describe('a case that moves on while it is examined', () => {
  it('is examined again by the node itself as it stands then, which says so', async () => {
    await file('b');
    await passDeadline();
    await examine();
    // A files late; its step commits before the finding's.
    await file('a');
    await alliance.settle();
    const { state, waiting, notices } = await seenAt('r');
    expect(state).toBe('answered');
    expect(notices).toMatchObject([{ en: expect.stringContaining('the ledger refused the finding') }]);
    expect(waiting.steps).toMatchObject([{ step: 'examine', state: 'refused', code: 'DISPUTE_MOVED' }]);
    alliance.clock.advance(61_000);
    await alliance.settle();

    const view = await seenAt('r');
    expect(view).toMatchObject({ state: 'examined', waiting: { steps: [] } });
    expect(claimOf(view, 'entry', 'hospital-a')).toMatchObject({ finding: 'late', code: 'CASE_FILED_LATE' });
    expect(view.notices).toContainEqual({
      zh: expect.stringContaining('重新比对'),
      en: expect.stringContaining('examined it again'),
    });
    expect(await findingsKept()).toEqual([1, 2]);
    const { members } = await archiveAt('b');
    expect(members['finding']).toMatchObject({ content: { step: view.ledger.length - 1 } });
    expect(await archiveAt('r')).toEqual(await archiveAt('b'));
  });

  it('waits, when examined again, for the document of the new filing, and never calls it withheld by itself', async () => {
    await file('b');
    await passDeadline();
    await examine();
    await file('a');
    await hold('a');
    await alliance.settle();
    alliance.clock.advance(61_000);
    await alliance.settle();
    const view = await seenAt('r');
    expect(view.state).toBe('answered');
    expect(view.claims).toBeUndefined();
    expect(await findingsKept()).toEqual([1]);
    await examine('hospital-a');
    await alliance.settle();

    expect(claimOf(await seenAt('b'), 'entry', 'hospital-a')).toMatchObject({ finding: 'withheld' });
  });

  it('is the staff’s to examine when it has moved on twice', async () => {
    await passDeadline();
    await examine();
    await file('a');
    await alliance.settle();
    alliance.clock.advance(61_000);
    expect(await examineMoved(alliance.r.deps)).toBe(1);
    await file('b');
    await alliance.settle();
    alliance.clock.advance(600_000);
    await alliance.settle();
    expect(await seenAt('r')).toMatchObject({ state: 'answered' });
    expect(await findingsKept()).toEqual([1, 2]);
    expect((await listedAt('r'))?.task).toMatchObject({ act: 'examine' });
    await examine();
    await alliance.settle();

    expect(await seenAt('r')).toMatchObject({ state: 'examined' });
    expect(await findingsKept()).toEqual([1, 2, 3]);
    expect(await archiveAt('a')).toEqual(await archiveAt('r'));
  });

  it('is not examined again once it was withdrawn, nor is a step that was refused for another reason', async () => {
    await passDeadline();
    await examine();
    await alliance.b.disputes.withdraw({ actor: alliance.b.officer, caseId });
    await alliance.settle();
    alliance.clock.advance(600_000);
    await alliance.settle();

    expect(await seenAt('r')).toMatchObject({
      state: 'withdrawn',
      waiting: { steps: [{ step: 'examine', state: 'refused', code: 'DISPUTE_STATE' }] },
    });
    await refuses(examine(), 'DISPUTE_STATE');
    expect(await findingsKept()).toEqual([1]);
  });
});
