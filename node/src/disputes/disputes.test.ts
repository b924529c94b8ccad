import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { gatherEvidence } from './gather-evidence.ts';
import {
  createAlliance,
  patient,
  patientId,
  staffOf,
  type TestAlliance,
  type TestNode,
} from './test/alliance.ts';
import type { CaseActor, CaseView } from './types.ts';

let alliance: TestAlliance;
let requestId: string;

beforeAll(async () => {
  alliance = await createAlliance();
});
afterAll(() => alliance.close());
beforeEach(async () => {
  alliance.clock.advance(60_000);
  requestId = await alliance.exchange();
  await alliance.settle();
});

const refuses = (work: Promise<unknown>, code: string): Promise<void> =>
  expect(work).rejects.toMatchObject({ code });

/** A case that hospital B's officer opened about the exchange, known to all. */
async function opened(): Promise<string> {
  const { b } = alliance;
  const access = { requestId, partner: undefined };
  const { caseId } = await b.disputes.open({ actor: b.officer, access, grounds: 'wrong purpose' });
  await alliance.settle();
  return caseId;
}

async function file(letter: 'a' | 'b', caseId: string): Promise<CaseView> {
  const { disputes, officer } = alliance[letter];
  const view = await disputes.file({ actor: officer, caseId, evidence: undefined, statement: '' });
  await alliance.settle();
  return view;
}

const seenAt = (letter: 'a' | 'b' | 'r', caseId: string): Promise<CaseView> =>
  alliance[letter].disputes.get({ actor: alliance[letter].officer, caseId });
const listed = async ({ disputes }: TestNode, actor: CaseActor): Promise<string[]> =>
  (await disputes.list({ actor, page: { skip: 0, limit: 200 } })).disputes.map(({ caseId }) => caseId);
const judge = (caseId: string) => ({ actor: alliance.r.officer, caseId });

describe('a case', () => {
  it('reaches the other party and the regulator, and waits for both filings', async () => {
    const caseId = await opened();
    await file('a', caseId);
    const view = await seenAt('a', caseId);

    expect(view).toMatchObject({
      state: 'opened',
      opener: 'hospital-b',
      overdue: false,
      openedFor: 'organization',
    });
    expect(view.grounds).toBe('wrong purpose');
    expect(view.filings.map(({ organizationId }) => organizationId)).toEqual(['hospital-a']);
    expect(view.waiting).toEqual({ steps: [], deliveries: [] });
  });

  it('goes to its end with every claim a match, and both parties hold everything then', async () => {
    const caseId = await opened();
    await file('a', caseId);
    await file('b', caseId);
    await alliance.r.disputes.examine(judge(caseId));
    await alliance.settle();
    await alliance.r.disputes.decide({ ...judge(caseId), outcome: 'rejected', reasons: 'all matches' });
    await alliance.settle();
    await alliance.r.disputes.close(judge(caseId));
    await alliance.settle();

    for (const letter of ['a', 'b', 'r'] as const) {
      const view = await seenAt(letter, caseId);
      expect(view.claims?.map(({ finding }) => finding)).toEqual(Array(10).fill('match'));
      expect(view).toMatchObject({ state: 'closed', decision: { outcome: 'rejected' } });
      expect(view.ledger.map(({ state }) => state)).toEqual([
        'opened',
        'opened',
        'answered',
        'examined',
        'decided',
        'closed',
      ]);
    }
    const [own, other] = await Promise.all(
      (['a', 'r'] as const).map((letter) =>
        alliance[letter].disputes.export({ actor: alliance[letter].officer, caseId }),
      ),
    );
    expect(own).toEqual(other);
    expect(own?.index.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'opening',
        'filing/hospital-a',
        'filing/hospital-b',
        'finding',
        'decision',
        'step/6',
      ]),
    );
  });

  it('shows neither party the other’s filing before the finding', async () => {
    const caseId = await opened();
    await file('a', caseId);
    await file('b', caseId);
    const before = await alliance.b.disputes.export({ actor: alliance.b.officer, caseId });
    await alliance.r.disputes.examine(judge(caseId));
    await alliance.settle();
    const after = await alliance.b.disputes.export({ actor: alliance.b.officer, caseId });

    expect(Object.keys(before.members)).not.toContain('filing/hospital-a');
    expect(Object.keys(after.members)).toContain('filing/hospital-a');
  });

  it('is opened by a patient on an entry of their history, and is theirs alone to see and to take back', async () => {
    const { a, r } = alliance;
    const history = await a.log.accessHistory(patientId, { from: 1, count: 500 });
    const patientSeq = history.length;
    const { caseId } = await a.disputes.open({
      actor: patient,
      access: { patientId, patientSeq },
      grounds: '不是我',
    });
    await alliance.settle();
    const stranger = { kind: 'patient' as const, patientId: 'p2' as typeof patientId };

    expect(await a.disputes.get({ actor: patient, caseId })).toMatchObject({
      openedFor: 'patient',
      subject: { kind: 'exchange', requestId },
    });
    expect(await listed(a, patient)).toContain(caseId);
    expect(await listed(a, stranger)).toEqual([]);
    await refuses(a.disputes.get({ actor: stranger, caseId }), 'DISPUTE_NOT_FOUND');
    await refuses(a.disputes.withdraw({ actor: a.officer, caseId }), 'DISPUTE_NOT_PARTY');
    await refuses(r.disputes.withdraw({ actor: r.officer, caseId }), 'DISPUTE_NOT_PARTY');
    await a.disputes.withdraw({ actor: patient, caseId });
    await alliance.settle();
    expect(await seenAt('b', caseId)).toMatchObject({ state: 'withdrawn' });
    await refuses(file('b', caseId), 'DISPUTE_STATE');
  });

  it('leaves a trace of every step, and of every look of staff, in the patient’s history', async () => {
    const { a } = alliance;
    const patientSeq = (await a.log.accessHistory(patientId, { from: 1, count: 500 })).length;
    const { caseId } = await a.disputes.open({
      actor: patient,
      access: { patientId, patientSeq },
      grounds: 'x',
    });
    await alliance.settle();
    await a.disputes.get({ actor: a.officer, caseId });
    await file('a', caseId);
    const entries = await a.log.accessHistory(patientId, { from: patientSeq + 1, count: 500 });

    expect(
      entries.map(({ content }) => (content.auditEvent['subtype'] as { code: string }[])[0]?.code),
    ).toEqual(Array(3).fill('dispute'));
  });

  it('shows a crossed deadline at once, marks it on the ledger and goes on without the party', async () => {
    const caseId = await opened();
    await file('b', caseId);
    alliance.clock.advance(3_600_001);
    expect(await seenAt('a', caseId)).toMatchObject({ state: 'opened', overdue: true });
    await alliance.settle();
    expect(await seenAt('a', caseId)).toMatchObject({ state: 'overdue', overdue: true });
    await alliance.r.disputes.examine(judge(caseId));
    await alliance.settle();

    const { claims } = await seenAt('b', caseId);
    expect(claims).toContainEqual(
      expect.objectContaining({
        claim: 'entry',
        party: 'hospital-a',
        finding: 'missing',
        by: ['hospital-a'],
      }),
    );
  });

  it('takes a filing after the deadline and marks it late', async () => {
    const caseId = await opened();
    await file('b', caseId);
    alliance.clock.advance(3_600_001);
    await alliance.settle();
    await file('a', caseId);
    await alliance.r.disputes.examine(judge(caseId));
    await alliance.settle();

    const view = await seenAt('r', caseId);
    expect(view.filings.map(({ late }) => late)).toEqual([true, false]);
    expect(view.claims).toContainEqual(
      expect.objectContaining({ claim: 'entry', party: 'hospital-a', finding: 'late' }),
    );
  });

  it('waits, visibly, for a node that is away, and no step is lost', async () => {
    alliance.away.add('regulator');
    const caseId = await opened();
    const { waiting } = await seenAt('b', caseId);
    expect(waiting.deliveries).toEqual([
      { kind: 'opening', recipient: 'regulator', attempts: expect.any(Number), code: 'PEER_UNREACHABLE' },
    ]);
    await file('a', caseId);
    await file('b', caseId);
    await refuses(alliance.r.disputes.examine(judge(caseId)), 'DISPUTE_INCOMPLETE');
    alliance.away.clear();
    alliance.clock.advance(600_000);
    await alliance.settle();

    expect((await alliance.r.disputes.examine(judge(caseId))).waiting.steps).toHaveLength(1);
  });
});

describe('a step that is not allowed', () => {
  it('is refused with its code and changes nothing', async () => {
    const { a, b, r } = alliance;
    const caseId = await opened();
    const decision = { outcome: 'upheld', reasons: 'x' } as const;

    await refuses(r.disputes.examine(judge(caseId)), 'DISPUTE_STATE');
    await refuses(r.disputes.decide({ ...judge(caseId), ...decision }), 'DISPUTE_STATE');
    await refuses(r.disputes.close(judge(caseId)), 'DISPUTE_STATE');
    await refuses(
      r.disputes.file({ actor: r.officer, caseId, evidence: undefined, statement: '' }),
      'DISPUTE_NOT_PARTY',
    );
    await refuses(a.disputes.withdraw({ actor: a.officer, caseId }), 'DISPUTE_NOT_PARTY');
    await file('a', caseId);
    await refuses(file('a', caseId), 'DISPUTE_STATE');
    await file('b', caseId);
    await r.disputes.examine(judge(caseId));
    await refuses(r.disputes.examine(judge(caseId)), 'DISPUTE_STATE');
    await alliance.settle();
    await refuses(file('b', caseId), 'DISPUTE_STATE');
    await refuses(b.disputes.withdraw({ actor: b.officer, caseId }), 'DISPUTE_STATE');
    expect(await seenAt('a', caseId)).toMatchObject({ state: 'examined' });
  });

  it('of a party that plays the regulator is refused here and by the ledger, and seen', async () => {
    const { a } = alliance;
    const caseId = await opened();
    await file('a', caseId);
    await file('b', caseId);
    const impostor = staffOf(a.organizationId, 'regulator');
    await refuses(a.disputes.examine({ actor: impostor, caseId }), 'DISPUTE_NOT_PARTY');
    await refuses(a.disputes.close({ actor: impostor, caseId }), 'DISPUTE_NOT_PARTY');
    // What a changed program would send is refused by the contract.
    await a.database.db.query(
      `insert into dispute_step (case_id, step, args, state, next_attempt_at) values ($1, 'examine', $2, 'queued', $3) on conflict do nothing`,
      [caseId, JSON.stringify([caseId, '0'.repeat(64), '3', '[]']), alliance.clock.now()],
    );
    await alliance.settle();

    const { state, waiting } = await seenAt('a', caseId);
    expect(state).toBe('answered');
    expect(waiting.steps).toContainEqual(
      expect.objectContaining({ step: 'examine', state: 'refused', code: 'DISPUTE_REGULATOR' }),
    );
  });

  it('is none about an access that is not on record', async () => {
    const { a, c } = alliance;
    const access = { requestId, partner: undefined };

    await refuses(c.disputes.open({ actor: c.officer, access, grounds: 'x' }), 'DISPUTE_ACCESS_UNKNOWN');
    await refuses(
      a.disputes.open({ actor: a.officer, access: { requestId, partner: 'hospital-c' }, grounds: 'x' }),
      'DISPUTE_ACCESS_UNKNOWN',
    );
    await refuses(
      a.disputes.open({ actor: patient, access: { patientId, patientSeq: 9_999 }, grounds: 'x' }),
      'DISPUTE_ACCESS_UNKNOWN',
    );
  });

  it('is none for an organisation without a part in the case', async () => {
    const { c } = alliance;
    const caseId = await opened();

    await refuses(c.disputes.get({ actor: c.officer, caseId }), 'DISPUTE_NOT_FOUND');
    await refuses(c.disputes.export({ actor: c.officer, caseId }), 'DISPUTE_NOT_FOUND');
    await refuses(
      c.disputes.file({ actor: c.officer, caseId, evidence: undefined, statement: '' }),
      'DISPUTE_NOT_FOUND',
    );
    expect(await listed(c, c.officer)).toEqual([]);
  });

  it('is a filing of a record that is not anchored yet', async () => {
    const { a } = alliance;
    const late = await alliance.exchange();
    const subject = {
      kind: 'exchange',
      requestId: late,
      source: 'hospital-a',
      requester: 'hospital-b',
    } as const;

    await refuses(gatherEvidence(subject, a.deps), 'DISPUTE_NOT_ANCHORED');
  });
});

describe('a party that has nothing to show', () => {
  it('files just that, and the finding calls its evidence missing', async () => {
    const caseId = await opened();
    alliance.a.exchanges.delete(requestId);
    await file('a', caseId);
    await file('b', caseId);
    await alliance.r.disputes.examine(judge(caseId));
    await alliance.settle();

    const { claims } = await seenAt('b', caseId);
    expect(claims).toContainEqual(
      expect.objectContaining({
        claim: 'entry',
        party: 'hospital-a',
        finding: 'missing',
        code: 'CASE_ITEM_ABSENT',
      }),
    );
  });

  it('cannot pass another entry of its log off as the one in dispute', async () => {
    const { a } = alliance;
    const caseId = await opened();
    const other = await alliance.exchange();
    await alliance.settle();
    const subject = {
      kind: 'exchange',
      requestId: other,
      source: 'hospital-a',
      requester: 'hospital-b',
    } as const;
    const evidence = await gatherEvidence(subject, a.deps);
    await a.disputes.file({ actor: a.officer, caseId, evidence, statement: '' });
    await alliance.settle();
    await file('b', caseId);
    await alliance.r.disputes.examine(judge(caseId));
    await alliance.settle();

    const { claims } = await seenAt('b', caseId);
    expect(claims).toContainEqual(
      expect.objectContaining({
        claim: 'entry',
        party: 'hospital-a',
        finding: 'altered',
        by: ['hospital-a'],
        code: 'CASE_OTHER_ENTRY',
      }),
    );
  });
});

describe('what lies in the database and on the ledger', () => {
  it('names no person and says nothing of the grounds', async () => {
    const { a, b } = alliance;
    const { caseId } = await b.disputes.open({
      actor: b.officer,
      access: { requestId, partner: undefined },
      grounds: '保密的理由',
    });
    await alliance.settle();
    await file('a', caseId);
    const words = ['保密的理由', 'Observation/1', '陈专员', patientId, requestId];
    const dump: string[] = [];
    for (const table of ['dispute_document', 'dispute_step', 'dispute_delivery', 'dispute_ledger'])
      for (const { database } of [a, b]) {
        const { rows } = await database.db.query<{ text: string }>(
          `select encode(convert_to(t::text, 'UTF8'), 'escape') || t::text as text from ${table} t`,
        );
        dump.push(...rows.map(({ text }) => text));
      }
    const ledger = [...alliance.chaincode.state]
      .filter(([key]) => key.startsWith('\u0000dispute'))
      .map(([, value]) => Buffer.from(value).toString());

    expect(dump.length).toBeGreaterThan(5);
    expect(ledger.length).toBeGreaterThan(0);
    for (const word of words.filter((each) => each !== patientId)) {
      expect(dump.join('\n')).not.toContain(word);
      expect(ledger.join('\n')).not.toContain(word);
      expect(alliance.sent.some(({ body }) => Buffer.from(body).includes(word))).toBe(false);
    }
  });
});
