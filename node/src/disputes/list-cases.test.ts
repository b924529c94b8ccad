import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaseFilter } from './list-store.ts';
import { createAlliance, type Letter, patient, patientId, type TestAlliance } from './test/alliance.ts';
import type { CaseActor, CaseList } from './types.ts';

let alliance: TestAlliance;
let caseId: string;
let requestId: string;

const list = (letter: Letter, filter: CaseFilter = {}, actor?: CaseActor): Promise<CaseList> => {
  const { disputes, officer } = alliance[letter];
  return disputes.list({ actor: actor ?? officer, page: { skip: 0, limit: 50, ...filter } });
};
const ids = async (...asked: Parameters<typeof list>): Promise<string[]> =>
  (await list(...asked)).disputes.map((line) => line.caseId);
const look = (letter: Letter, actor?: CaseActor) =>
  alliance[letter].disputes.get({ actor: actor ?? alliance[letter].officer, caseId });
const file = async (letter: 'a' | 'b'): Promise<void> => {
  const { disputes, officer } = alliance[letter];
  await disputes.file({ actor: officer, caseId, evidence: undefined, statement: '' });
};

beforeAll(async () => {
  alliance = await createAlliance();
  requestId = await alliance.exchange();
  await alliance.settle();
  const { a } = alliance;
  const patientSeq = (await a.log.accessHistory(patientId, { from: 1, count: 500 })).length;
  const access = { patientId, patientSeq };
  ({ caseId } = await a.disputes.open({ actor: patient, access, grounds: '保密的理由' }));
});
afterAll(() => alliance.close());

// The tests follow one case from its opening to its end.
describe('the list of cases', () => {
  it('shows a case that the ledger does not hold yet to those who opened it, and to nobody else', async () => {
    expect(await list('a', {}, patient)).toMatchObject({
      disputes: [{ caseId, state: 'pending', unseen: true }],
      counts: { total: 1, open: 1, awaitingUs: 0 },
      tasks: [],
    });
    expect(await ids('a')).toEqual([caseId]);
    expect(await ids('b')).toEqual([]);
    await alliance.settle();
  });

  it('tells each party of a new case, until when it has to file, and in both languages', async () => {
    const { disputes, counts, tasks, summary } = await list('b');

    expect(disputes).toEqual([
      {
        ...{ caseId, state: 'opened', overdue: false, soon: true, unseen: true, opener: 'hospital-a' },
        ...{ parties: ['hospital-a', 'hospital-b'], awaited: ['hospital-a', 'hospital-b'] },
        openedAt: '2026-03-01T08:00:00.000Z',
        deadlineAt: '2026-03-01T09:00:00.000Z',
        ...{ undelivered: [], withheld: [], notices: [] },
        summary: expect.objectContaining({ zh: expect.stringMatching(/\p{Script=Han}/u) }),
        next: expect.objectContaining({ en: expect.stringMatching(/[a-z]/) }),
        task: tasks[0],
      },
    ]);
    expect(counts).toEqual({ total: 1, open: 1, overdue: 0, soon: 1, awaitingUs: 1, unseen: 1 });
    expect(tasks).toEqual([
      {
        ...{ caseId, act: 'file', overdue: false, deadlineAt: '2026-03-01T09:00:00.000Z' },
        text: { zh: expect.stringContaining('期限前'), en: expect.stringContaining('before the deadline') },
      },
    ]);
    expect(summary).toEqual({
      zh: expect.stringContaining('待本机构处理 1 件'),
      en: expect.stringContaining('waiting for this organisation: 1'),
    });
  });

  it('shows nothing of what the documents say, and leaves no look on record', async () => {
    const before = (await alliance.a.log.accessHistory(patientId, { from: 1, count: 500 })).length;
    expect(JSON.stringify([await list('a'), await list('r')])).not.toMatch(/保密|Observation|p1"/);
    expect(await alliance.a.log.accessHistory(patientId, { from: 1, count: 500 })).toHaveLength(before);
  });

  it('tells the regulator of the case, but not that it is the regulator’s turn', async () => {
    expect(await list('r')).toMatchObject({ counts: { total: 1, awaitingUs: 0 }, tasks: [] });
    expect(await ids('r', { awaiting: 'us' })).toEqual([]);
  });

  it('has no news once somebody has looked, until the next step; staff’s look is not the patient’s', async () => {
    await look('a');
    expect(await ids('a', { unseen: 'yes' })).toEqual([]);
    expect(await ids('a', { unseen: 'yes' }, patient)).toEqual([caseId]);
    await look('a', patient);
    expect(await ids('a', { unseen: 'yes' }, patient)).toEqual([]);
    await file('b');
    // What is on its way to the ledger is no longer to be done.
    expect(await list('b')).toMatchObject({ counts: { awaitingUs: 0 }, tasks: [] });
    await alliance.settle();

    expect(await ids('a', { unseen: 'yes' })).toEqual([caseId]);
    expect(await ids('a', { unseen: 'yes' }, patient)).toEqual([caseId]);
    expect((await list('a')).disputes[0]?.awaited).toEqual(['hospital-a']);
  });

  it('tells of a crossed deadline, before and after the ledger says so', async () => {
    alliance.clock.advance(3_600_001);
    const crossed = {
      disputes: [{ caseId, overdue: true, soon: false }],
      counts: { overdue: 1, soon: 0, awaitingUs: 1 },
      tasks: [{ act: 'file', overdue: true, text: { zh: expect.stringContaining('期限已过') } }],
    };
    expect(await list('a', { due: 'overdue' })).toMatchObject(crossed);
    await alliance.settle();
    expect(await list('a', { due: 'overdue', states: ['overdue'] })).toMatchObject(crossed);
    expect(await list('r')).toMatchObject({
      tasks: [
        { act: 'examine', overdue: true, text: { en: expect.stringContaining('without what is missing') } },
      ],
    });
    expect(await ids('a', { due: 'soon' })).toEqual([]);
    expect(await list('a', {}, patient)).toMatchObject({
      disputes: [{ caseId, overdue: true, summary: { zh: expect.stringContaining('期限已过') } }],
      counts: { overdue: 1 },
      summary: { zh: expect.stringContaining('已过期限 1 件') },
    });
  });

  it('follows the regulator’s turns to the end', async () => {
    const judging = { actor: alliance.r.officer, caseId };
    await file('a');
    await alliance.settle();
    expect((await list('r')).tasks).toMatchObject([{ act: 'examine', overdue: false }]);
    await alliance.r.disputes.examine(judging);
    expect((await list('r')).tasks).toEqual([]);
    await alliance.settle();
    expect((await list('r')).tasks).toMatchObject([{ act: 'decide' }]);
    await alliance.r.disputes.decide({ ...judging, outcome: 'rejected', reasons: 'all matches' });
    await alliance.settle();
    expect((await list('r')).tasks).toMatchObject([{ act: 'close' }]);
    await alliance.r.disputes.close(judging);
    await alliance.settle();

    expect(await list('r')).toMatchObject({ counts: { total: 1, open: 0, awaitingUs: 0 }, tasks: [] });
    expect(await alliance.a.disputes.counts()).toMatchObject({ total: 1, open: 0, overdue: 0 });
  });

  it('is cut into pages, newest first, and counts what is on none of them', async () => {
    const access = { requestId, partner: undefined };
    alliance.clock.advance(60_000);
    const opening = { actor: alliance.b.officer, access, grounds: 'x' };
    const { caseId: newer } = await alliance.b.disputes.open(opening);
    await alliance.settle();
    const page = async (skip: number) =>
      alliance.b.disputes.list({ actor: alliance.b.officer, page: { skip, limit: 1 } });

    expect((await page(0)).disputes.map((line) => line.caseId)).toEqual([newer]);
    expect((await page(1)).disputes.map((line) => line.caseId)).toEqual([caseId]);
    expect(await page(2)).toMatchObject({ disputes: [], counts: { total: 2, open: 1 } });
    expect(await ids('b', { states: ['closed', 'withdrawn'] })).toEqual([caseId]);
  });

  it('is empty for a member without a part and for another patient, however it is narrowed', async () => {
    const stranger = { kind: 'patient' as const, patientId: 'p2' as typeof patientId };
    const nothing = { total: 0, open: 0, overdue: 0, soon: 0, awaitingUs: 0, unseen: 0 };
    for (const filter of [
      {},
      { due: 'overdue' },
      { states: ['closed'] },
      { unseen: 'yes' },
    ] as CaseFilter[]) {
      expect(await list('c', filter)).toMatchObject({ disputes: [], counts: nothing, tasks: [] });
      expect(await list('a', filter, stranger)).toMatchObject({ disputes: [], counts: nothing, tasks: [] });
    }
  });
});
