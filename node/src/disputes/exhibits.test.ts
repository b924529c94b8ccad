import { type CaseExhibit, parseCheckpoint } from '@medseal/evidence';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAlliance, patient, patientId, type TestAlliance } from './test/alliance.ts';
import type { CaseView } from './types.ts';

let alliance: TestAlliance;
let requestId: string;
let exhibit: CaseExhibit;

beforeAll(async () => {
  alliance = await createAlliance();
});
afterAll(() => alliance.close());
beforeEach(async () => {
  alliance.clock.advance(60_000);
  requestId = await alliance.exchange();
  await alliance.settle();
  exhibit = await lastEntry();
});

/** The newest entry of the patient's history as the patient exports it. */
async function lastEntry(): Promise<CaseExhibit> {
  const history = await alliance.a.log.accessHistory(patientId, { from: 1, count: 500 });
  const { content, salt, evidence } = history.at(-1) ?? {};
  if (content === undefined || salt === undefined || evidence?.state !== 'anchored')
    throw new Error('no anchored entry');
  const { leaf, leafIndex, inclusionProof, checkpoint } = evidence;
  const { treeSize } = parseCheckpoint(checkpoint.slice(0, checkpoint.indexOf('\n\n') + 1));
  return { content, salt, leaf, leafIndex, inclusionProof, treeSize };
}

const refuses = (work: Promise<unknown>, code: string): Promise<void> =>
  expect(work).rejects.toMatchObject({ code });
const openBy = (kept: CaseExhibit, actor = patient): Promise<CaseView> =>
  alliance.a.disputes.open({
    actor,
    access: { patientId: actor.patientId, exhibit: kept },
    grounds: 'x',
    exhibits: [kept],
  });
const openByOfficer = async (): Promise<string> => {
  const { b } = alliance;
  const access = { requestId, partner: undefined };
  const { caseId } = await b.disputes.open({ actor: b.officer, access, grounds: 'x' });
  await alliance.settle();
  return caseId;
};
const file = async (letter: 'a' | 'b', caseId: string, exhibits: CaseExhibit[] = []): Promise<void> => {
  const { disputes, officer } = alliance[letter];
  await disputes.file({ actor: officer, caseId, evidence: undefined, exhibits, statement: '' });
  await alliance.settle();
};
async function claimsOf(caseId: string): Promise<string[]> {
  const { disputes, officer } = alliance.r;
  await disputes.examine({ actor: officer, caseId });
  await alliance.settle();
  const { claims = [] } = await disputes.get({ actor: officer, caseId });
  return claims.map(({ claim, party, finding, code }) => [claim, party, finding, code].join(' '));
}

describe('an entry that a patient kept', () => {
  it('opens a case on its own, though the hospital has dropped every trace of the exchange', async () => {
    alliance.a.exchanges.delete(requestId);
    const { caseId, subject } = await openBy(exhibit);
    await alliance.settle();
    await file('a', caseId);
    await file('b', caseId);

    expect(subject).toEqual({ kind: 'exchange', requestId, source: 'hospital-a', requester: 'hospital-b' });
    expect(await claimsOf(caseId)).toEqual(
      expect.arrayContaining([
        'entry hospital-a missing CASE_ITEM_ABSENT',
        'exhibit hospital-a missing CASE_ENTRY_WITHHELD',
      ]),
    );
  });

  it('is filed by an institution, too, and is a match where the source files the same', async () => {
    const caseId = await openByOfficer();
    await file('a', caseId);
    await file('b', caseId, [exhibit]);
    const names = Object.keys(
      (await alliance.b.disputes.export({ actor: alliance.b.officer, caseId })).members,
    );

    expect(names.some((name) => name.startsWith('anchor/'))).toBe(false);
    expect(await claimsOf(caseId)).toContain('exhibit hospital-a match ');
    const { members } = await alliance.b.disputes.export({ actor: alliance.b.officer, caseId });
    expect(Object.keys(members)).toContain(`anchor/hospital-a/${exhibit.treeSize}`);
  });

  it.each<[string, (kept: CaseExhibit) => CaseExhibit]>([
    ['with other content', (kept) => ({ ...kept, content: { ...(kept.content as object), patientSeq: 99 } })],
    ['at another place', (kept) => ({ ...kept, leafIndex: kept.leafIndex + 1 })],
    ['under another checkpoint', (kept) => ({ ...kept, treeSize: kept.treeSize + 1_000 })],
    [
      'of a member that has no such log',
      (kept) => ({ ...kept, leaf: { ...(kept.leaf as object), tenant: 'hospital-c' } }),
    ],
    ['without a leaf', (kept) => ({ ...kept, leaf: null })],
  ])('is refused %s, and nothing is opened or filed', async (_what, change) => {
    const caseId = await openByOfficer();
    const { total } = await alliance.a.disputes.counts();

    await refuses(openBy(change(exhibit)), 'DISPUTE_EXHIBIT_INVALID');
    await refuses(file('b', caseId, [change(exhibit)]), 'DISPUTE_EXHIBIT_INVALID');
    expect(await alliance.a.disputes.counts()).toMatchObject({ total });
    await file('b', caseId);
  });

  it('is refused where it is about another access', async () => {
    const other = exhibit;
    requestId = await alliance.exchange();
    await alliance.settle();
    await refuses(file('b', await openByOfficer(), [other]), 'DISPUTE_EXHIBIT_INVALID');
  });

  it('of somebody else tells as little as one that is not there', async () => {
    const stranger = { kind: 'patient' as const, patientId: 'p2' as typeof patientId };
    const access = { patientId: stranger.patientId, patientSeq: 1 };

    await refuses(openBy(exhibit, stranger), 'DISPUTE_ACCESS_UNKNOWN');
    await refuses(
      alliance.a.disputes.open({ actor: stranger, access, grounds: 'x' }),
      'DISPUTE_ACCESS_UNKNOWN',
    );
  });
});

// Last, for it ends the consent that the others rest on.
describe('the consent that a source claims', () => {
  it('is late where records were given after the ledger had learned of its end, and a match where before', async () => {
    const before = await openByOfficer();
    await alliance.revoke();
    await alliance.settle();
    alliance.clock.advance(60_000);
    requestId = await alliance.exchange();
    await alliance.settle();
    const after = await openByOfficer();
    for (const caseId of [before, after]) {
      await file('a', caseId);
      await file('b', caseId);
    }

    expect(await claimsOf(before)).toContain('consent hospital-a match ');
    expect(await claimsOf(after)).toContain('consent hospital-a late CASE_CONSENT_REVOKED');
    const { members } = await alliance.b.disputes.export({ actor: alliance.b.officer, caseId: after });
    expect(Object.keys(members).filter((name) => name.startsWith('consent/'))).toHaveLength(2);
  });

  it('is missing where the source’s log has it and the ledger was never told', async () => {
    const caseId = await openByOfficer();
    await file('a', caseId);
    await file('b', caseId);
    await alliance.r.database.db.query('delete from consent_ledger_version');

    expect(await claimsOf(caseId)).toContain('consent hospital-a missing CASE_CONSENT_NOT_ON_LEDGER');
  });
});
