import { hex } from '@medseal/evidence';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { destroyKey, findKeys, patientToken } from '../crypto/index.ts';
import type { PatientId } from '../lib/brand.ts';
import { silentLogger } from '../lib/logger.ts';
import {
  createDecisions,
  type Decision,
  type DecisionRequest,
  projectConsents,
  submitConsents,
  verifyReceipt,
} from './index.ts';
import {
  asking,
  type ConsentFixture,
  createConsentFixture,
  member,
  peer,
  staff,
  tenant,
} from './test/fixture.ts';

type Person = Awaited<ReturnType<ConsentFixture['enrol']>>;

let fixture: ConsentFixture;
beforeAll(async () => {
  fixture = await createConsentFixture();
});
beforeEach(() => {
  fixture.view.freshUntil = fixture.clock.now().getTime() + 30_000;
  fixture.members.set('hospital-b', member('hospital-b'));
});
afterAll(() => fixture.drop());

const terms = {
  recipients: ['hospital-b'],
  purposes: ['TREAT'],
  types: ['Observation', 'MedicationRequest'],
};

function now(request: DecisionRequest): DecisionRequest {
  return { ...request, requestedAt: fixture.clock.now().toISOString() };
}

async function decided(request: DecisionRequest): Promise<Decision> {
  return fixture.decisions.decide(now(request));
}

function rules(decision: Decision): string[] {
  return decision.permit ? [] : decision.reasons.map(({ rule }) => rule);
}

async function project(): Promise<void> {
  const deps = { db: fixture.db, ledger: fixture.ledger, clock: fixture.clock, logger: silentLogger };
  while ((await submitConsents(deps)) > 0);
  for (const transaction of fixture.ledger.transactions) {
    await fixture.db.transaction((tx) => projectConsents(tx, transaction));
  }
}

describe('deciding for a partner', () => {
  it('permits what a signed consent names, with constraints and a receipt', async () => {
    const person = await fixture.enrol();
    const { id } = await fixture.grant(person, {
      ...terms,
      labels: ['PSY'],
      dataPeriod: { start: '2020-01-01' },
      exclusions: [
        { types: ['Observation'], labels: ['HIV'] },
        { labels: ['PSY'], recipients: ['hospital-c'] },
      ],
    });

    const decision = await decided(asking(person.patientId, { types: ['Observation', 'Condition'] }));

    expect(decision).toMatchObject({
      permit: true,
      grants: [
        {
          consentId: id,
          consentVersion: 1,
          types: ['Observation'],
          labels: ['PSY'],
          dataPeriod: { start: '2020-01-01' },
          exclusions: [{ types: ['Observation'], labels: ['HIV'] }],
        },
      ],
      redactions: ['Patient.identifier', 'contained', 'note', 'text'],
      obligations: ['AUDIT', 'CPLYCD', 'ENCRYPT', 'NORDSCLCD'],
      receipt: {
        permit: true,
        ruleIds: ['consent.granted'],
        consents: [{ id, version: 1 }],
        organizationId: tenant,
      },
    });
    expect(decision.receipt.policyDigest).toBe(fixture.policy.digest);
    expect(verifyReceipt(decision.receipt, hex(fixture.keyStore.publicKey('message')))).toBe(true);
  });

  it('denies from the moment a revocation is acknowledged', async () => {
    const person = await fixture.enrol();
    const { id } = await fixture.grant(person, terms);
    expect((await decided(asking(person.patientId))).permit).toBe(true);

    await fixture.revoke(person, id);

    expect(rules(await decided(asking(person.patientId)))).toEqual(['consent.none']);
  });

  it('denies when the ledger says inactive, or something else than what is stored here', async () => {
    const person = await fixture.enrol();
    const { ledger } = await fixture.grant(person, terms);
    await project();
    expect((await decided(asking(person.patientId))).permit).toBe(true);
    const states: [string, string][] = [
      [`status = 'inactive'`, 'consent.ledger-inactive'],
      [`status = 'active', commitment = '\\x${'00'.repeat(32)}'`, 'consent.ledger-mismatch'],
      [`organization_id = 'hospital-c'`, 'consent.ledger-mismatch'],
      [`organization_id = 'hospital-a', version = 7`, 'consent.ledger-mismatch'],
    ];

    for (const [state, finding] of states) {
      await fixture.db.query(`update consent_ledger set ${state} where ledger_id = $1`, [ledger.id]);
      const decision = await decided(asking(person.patientId));
      expect(rules(decision)).toEqual(['consent.none']);
      const replay = await fixture.decisions.replay(decision.receipt.decisionId);
      expect(replay.findings.map(({ rule }) => rule)).toEqual([finding]);
    }
  });

  it('denies when the version put back in the database is older than the ledger knows', async () => {
    const person = await fixture.enrol();
    const { id, ledger } = await fixture.grant(person, terms);
    await fixture.revoke(person, id);
    await project();
    await fixture.db.query('update consent set is_current = (version = 1) where ledger_id = $1', [ledger.id]);

    expect(rules(await decided(asking(person.patientId)))).toEqual(['consent.none']);
  });

  it('denies when a revoked version was marked active in the database', async () => {
    const person = await fixture.enrol();
    const { id, ledger } = await fixture.grant(person, terms);
    await fixture.revoke(person, id);
    await fixture.db.query('update consent set active = true where ledger_id = $1', [ledger.id]);

    expect(rules(await decided(asking(person.patientId)))).toEqual(['consent.none']);
  });

  it('stops counting on a consent that the ledger does not confirm in ten minutes', async () => {
    const person = await fixture.enrol();
    await fixture.grant(person, terms);
    fixture.clock.advance(600_000);
    fixture.view.freshUntil = fixture.clock.now().getTime();
    expect((await decided(asking(person.patientId))).permit).toBe(true);

    fixture.clock.advance(1_000);
    fixture.view.freshUntil = fixture.clock.now().getTime();

    expect(rules(await decided(asking(person.patientId)))).toEqual(['consent.none']);
  });

  it('grants nothing while one of the consents cannot be read', async () => {
    const person = await fixture.enrol();
    await fixture.grant(person, terms);
    const { ledger } = await fixture.grant(person, terms);
    expect((await decided(asking(person.patientId))).permit).toBe(true);
    await fixture.db.query('update consent set body_sealed = $2 where ledger_id = $1', [
      ledger.id,
      Buffer.alloc(99),
    ]);

    expect(rules(await decided(asking(person.patientId)))).toEqual(['consent.none']);
  });

  const faults: [string, Partial<DecisionRequest>, string[]][] = [
    ['an unknown purpose', { purpose: 'MARKETING' }, ['purpose.unknown']],
    ['break-glass', { purpose: 'BTG' }, ['purpose.break-glass']],
    ['a purpose of another type', { purpose: { toString: () => 'TREAT' } as never }, ['request.malformed']],
    ['a missing purpose', { purpose: undefined as never }, ['request.malformed']],
    ['half a surrogate pair', { purpose: 'TREAT\ud800' }, ['request.malformed']],
    ['an unknown action', { action: 'export' as never }, ['action.unknown']],
    ['a write', { action: 'write' }, ['action.not-permitted']],
    ['no types', { types: [] }, ['request.malformed']],
    ['types of another type', { types: [1] as never }, ['request.malformed']],
    ['types as an object', { types: { 0: 'Observation' } as never }, ['request.malformed']],
    ['no role', { actor: peer([]) }, ['role.unknown']],
    ['an unknown role', { actor: peer(['janitor' as never]) }, ['role.unknown']],
    ['a role for something else', { actor: peer(['researcher']) }, ['role.not-permitted']],
    ['a stranger', { actor: peer(['clinician'], 'hospital-x') }, ['member.not-registered']],
    ['itself as a partner', { actor: peer(['clinician'], tenant) }, ['member.not-registered']],
    ['a background job', { actor: { kind: 'system', name: 'job' } }, ['actor.unknown']],
    [
      'an actor of no kind',
      { actor: { kind: 'root', organizationId: 'hospital-b' } as never },
      ['actor.unknown'],
    ],
  ];
  it.each(faults)('denies %s, whatever was consented', async (_what, changes, expected) => {
    const person = await fixture.enrol();
    await fixture.grant(person, terms);

    expect(rules(await decided(asking(person.patientId, changes)))).toEqual(expected);
  });

  it.each(['', 'soon', 'NaN', '-1', '275761-01-01T00:00:00Z', '+275760-09-13T00:00:00.000Z'])(
    'denies a request at the time %j',
    async (requestedAt) => {
      const person = await fixture.enrol();
      await fixture.grant(person, terms);

      expect(rules(await fixture.decisions.decide(asking(person.patientId, { requestedAt })))).toEqual([
        'request.malformed',
      ]);
    },
  );

  it('denies before the period, after it, and while the ledger view is stale', async () => {
    const person = await fixture.enrol();
    const start = new Date(fixture.clock.now().getTime() + 1_000).toISOString();
    const end = new Date(fixture.clock.now().getTime() + 5_000).toISOString();
    await fixture.grant(person, { ...terms, period: { start, end } });

    expect(rules(await decided(asking(person.patientId)))).toEqual(['consent.none']);
    fixture.clock.advance(1_000);
    expect((await decided(asking(person.patientId))).permit).toBe(true);
    fixture.view.freshUntil = fixture.clock.now().getTime() - 1_000;
    expect(rules(await decided(asking(person.patientId)))).toEqual(['ledger.stale']);
    fixture.view.freshUntil = 0;
    expect(rules(await decided(asking(person.patientId)))).toEqual(['ledger.stale']);
    fixture.clock.advance(5_000);
    fixture.view.freshUntil = fixture.clock.now().getTime();
    expect(rules(await decided(asking(person.patientId)))).toEqual(['consent.none']);
  });

  it.each(['saved', 'disabled', 'deleted'] as const)('denies a member that is %s', async (state) => {
    const person = await fixture.enrol();
    await fixture.grant(person, terms);
    fixture.members.set('hospital-b', member('hospital-b', state));

    expect(rules(await decided(asking(person.patientId)))).toEqual(['member.not-registered']);
  });

  it('answers alike, byte for byte, whether a patient is absent or has not consented to this', async () => {
    const erased = await fixture.enrol();
    await fixture.grant(erased, terms);
    await fixture.db.transaction((tx) =>
      destroyKey(tx, patientToken(fixture.keyStore, erased.patientId), fixture.clock.now()),
    );
    const [plain, elsewhere, otherPurpose, otherTypes, excluded, revoked] = await Promise.all(
      Array.from({ length: 6 }, () => fixture.enrol()),
    );
    if (!plain || !elsewhere || !otherPurpose || !otherTypes || !excluded || !revoked)
      throw new Error('enrolment');
    await fixture.grant(elsewhere, { ...terms, recipients: ['hospital-c'] });
    await fixture.grant(otherPurpose, { ...terms, purposes: ['HRESCH'] });
    await fixture.grant(otherTypes, { ...terms, types: ['Condition'] });
    const { id } = await fixture.grant(revoked, terms);
    await fixture.revoke(revoked, id);
    await fixture.grant(excluded, terms);
    await fixture.grant(excluded, {
      ...terms,
      types: ['Condition'],
      exclusions: [{ types: ['Observation'] }],
    });
    const people = [
      undefined,
      'nobody-here' as PatientId,
      plain,
      elsewhere,
      otherPurpose,
      otherTypes,
      revoked,
      erased,
    ];

    const answers = await Promise.all(
      people.map((person) => decided(asking(typeof person === 'object' ? person.patientId : person))),
    );

    const shown = answers.map((decision) => {
      const {
        decisionId: _id,
        at: _at,
        inputDigest: _input,
        signature: _signature,
        ...receipt
      } = decision.receipt;
      return JSON.stringify({ ...decision, receipt });
    });
    expect(new Set(shown).size).toBe(1);
    expect(shown[0]).toContain('consent.none');
    const lengths = answers.map(({ receipt }) => JSON.stringify(receipt).length);
    expect(new Set(lengths).size).toBe(1);
  });

  it('does not let a partner guess the input from the receipt', async () => {
    const person = await fixture.enrol();
    const twice = await Promise.all([decided(asking(person.patientId)), decided(asking(person.patientId))]);

    expect(twice[0].receipt.inputDigest).not.toBe(twice[1].receipt.inputDigest);
  });
});

describe('deciding in the house', () => {
  it('lets staff work by role, and patients read their own', async () => {
    const { patientId } = await fixture.enrol();
    const clinician = asking(patientId, { actor: staff(['clinician']), types: 'all', action: 'everything' });
    const own = { actor: { kind: 'patient' as const, patientId }, purpose: 'PATRQT' };

    expect(await decided(clinician)).toMatchObject({
      permit: true,
      redactions: [],
      grants: [{ types: 'all', labels: 'all', exclusions: [] }],
      receipt: { ruleIds: ['role.clinician'], consents: [] },
    });
    expect((await decided(asking(patientId, own))).permit).toBe(true);
    expect(rules(await decided(asking('somebody-else' as PatientId, own)))).toEqual(['patient.not-own']);
    expect(rules(await decided(asking(undefined, own)))).toEqual(['patient.not-own']);
    expect(rules(await decided(asking(patientId, { actor: staff(['clinician'], 'hospital-b') })))).toEqual([
      'actor.foreign',
    ]);
    expect(rules(await decided(asking(patientId, { actor: staff(['administrator']) })))).toEqual([
      'role.not-permitted',
    ]);
  });
});

describe('a policy that does not answer', () => {
  const answers: [string, () => unknown][] = [
    [
      'throws',
      () => {
        throw new RangeError('memory');
      },
    ],
    ['gives nothing', () => undefined],
    ['says true', () => true],
    [
      'permits without grants',
      () => ({ permit: true, rules: ['x'], grants: [], exclusions: [], redactions: [], obligations: [] }),
    ],
    [
      'permits with a member nobody knows',
      () => ({
        permit: true,
        rules: ['x'],
        grants: [{ types: 'all', labels: 'all', scope: 'all' }],
        exclusions: [],
        redactions: [],
        obligations: [],
      }),
    ],
    ['permits in words', () => ({ permit: 'true', rules: ['x'] })],
    ['denies without a reason', () => ({ permit: false, rules: ['x'], reasons: [], findings: [] })],
  ];
  it.each(answers)('denies when it %s', async (_what, evaluate) => {
    const { patientId } = await fixture.enrol();
    const decisions = await createDecisions({
      db: fixture.db,
      journal: fixture.db,
      keyStore: fixture.keyStore,
      clock: fixture.clock,
      tenant,
      members: { get: async (id) => fixture.members.get(id) },
      ledgerView: { freshUntil: () => fixture.view.freshUntil },
      logger: silentLogger,
      policy: { ...fixture.policy, evaluate },
    });

    const decision = await decisions.decide(now(asking(patientId, { actor: staff(['clinician']) })));

    expect(rules(decision)).toEqual(['policy.unavailable']);
    expect(decision.receipt.permit).toBe(false);
  });

  it('releases nothing when the decision cannot be written', async () => {
    const { patientId } = await fixture.enrol();
    const decisions = await createDecisions({
      db: fixture.db,
      journal: { ...fixture.db, transaction: () => Promise.reject(new Error('disk full')) },
      keyStore: fixture.keyStore,
      clock: fixture.clock,
      tenant,
      members: { get: async (id) => fixture.members.get(id) },
      ledgerView: { freshUntil: () => fixture.view.freshUntil },
      logger: silentLogger,
      policy: fixture.policy,
    });

    await expect(decisions.decide(now(asking(patientId, { actor: staff(['clinician']) })))).rejects.toThrow(
      'disk full',
    );
  });
});

describe('a decision that becomes durable with something else', () => {
  const kept = async (decisionId: string): Promise<boolean> => {
    const { rowCount } = await fixture.db.query('select from decision where decision_id = $1', [decisionId]);
    return rowCount === 1;
  };

  it('is not kept before its record is written, and can be replayed then', async () => {
    const { patientId } = await fixture.enrol();
    const { decision, record } = await fixture.decisions.prepare(
      now(asking(patientId, { actor: staff(['clinician']) })),
    );
    const { decisionId } = decision.receipt;
    expect(decision.permit).toBe(true);
    expect(await kept(decisionId)).toBe(false);

    await fixture.db.transaction((tx) => record.write(tx, [record.entry]));

    expect(await kept(decisionId)).toBe(true);
    expect(await fixture.decisions.replay(decisionId)).toMatchObject({
      checks: { sameOutcome: true, receiptHolds: true },
    });
  });

  it('is kept under the key it was given, and together with others in one statement', async () => {
    const { patientId } = await fixture.enrol();
    const [key] = (
      await findKeys(fixture.db, [patientToken(fixture.keyStore, patientId)], { keyStore: fixture.keyStore })
    ).values();
    const request = now(asking(patientId, { actor: staff(['clinician']) }));
    const prepared = await Promise.all([
      fixture.decisions.prepare(request, key),
      fixture.decisions.prepare(request),
      fixture.decisions.prepare(now(asking(undefined))),
    ]);
    const [first] = prepared;

    await fixture.db.transaction((tx) =>
      first.record.write(
        tx,
        prepared.map(({ record }) => record.entry),
      ),
    );

    for (const { decision } of prepared) {
      expect(await fixture.decisions.replay(decision.receipt.decisionId)).toMatchObject({
        checks: { sameOutcome: true, receiptHolds: true },
      });
    }
  });
});

describe('holding a decision until the release is committed', () => {
  it('holds while the consent stands, and not once it was revoked', async () => {
    const person = await fixture.enrol();
    const { id } = await fixture.grant(person, terms);
    const decision = await decided(asking(person.patientId));
    const holds = (): Promise<boolean> =>
      fixture.db.transaction((tx) => fixture.decisions.stillHolds(tx, decision));

    expect(await holds()).toBe(true);
    await fixture.revoke(person, id);
    expect(await holds()).toBe(false);
    expect(
      await fixture.db.transaction(async (tx) =>
        fixture.decisions.stillHolds(tx, await decided(asking(undefined))),
      ),
    ).toBe(true);
  });

  const erase = (person: { patientId: PatientId }): Promise<boolean> =>
    fixture.db.transaction((tx) =>
      destroyKey(tx, patientToken(fixture.keyStore, person.patientId), fixture.clock.now()),
    );

  it('does not hold once the patient was erased', async () => {
    const person = await fixture.enrol();
    await fixture.grant(person, terms);
    const decision = await decided(asking(person.patientId));

    await erase(person);

    expect(await fixture.db.transaction((tx) => fixture.decisions.stillHolds(tx, decision))).toBe(false);
  });

  it.each([
    ['a revocation', (person: Person, id: string): Promise<unknown> => fixture.revoke(person, id)],
    ['an erasure', (person: Person): Promise<unknown> => erase(person)],
  ])('makes %s wait for a release that is being committed', async (_what, end) => {
    const person = await fixture.enrol();
    const { id } = await fixture.grant(person, terms);
    const decision = await decided(asking(person.patientId));
    const order: string[] = [];
    let revocation: Promise<void> = Promise.resolve();

    await fixture.db.transaction(async (tx) => {
      expect(await fixture.decisions.stillHolds(tx, decision)).toBe(true);
      revocation = end(person, id).then(() => {
        order.push('revoked');
      });
      // It is at the lock when PostgreSQL says that it waits.
      for (let waiting = 0; waiting === 0; ) {
        const { rows } = await fixture.db.query<{ waiting: string }>(
          `select count(*) as waiting from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        );
        waiting = Number(rows[0]?.waiting);
      }
      order.push('released');
    });
    await revocation;

    expect(order).toEqual(['released', 'revoked']);
  });
});

describe('replaying a decision', () => {
  it('gives the same outcome from the sealed input and the policy of the day', async () => {
    const person = await fixture.enrol();
    await fixture.grant(person, terms);
    const requests = [
      asking(person.patientId),
      asking(person.patientId, { types: ['Condition'] }),
      asking(undefined),
    ];

    for (const request of requests) {
      const { receipt } = await decided(request);
      expect(await fixture.decisions.replay(receipt.decisionId)).toMatchObject({
        receipt,
        patientId: request.patient ?? null,
        checks: { receiptHolds: true, policyKept: true, sameOutcome: true },
      });
    }
  });

  it('keeps decisions append-only, and says so when one was altered all the same', async () => {
    const person = await fixture.enrol();
    const { receipt } = await decided(asking(person.patientId));
    const change = 'update decision set body_sealed = $2 where decision_id = $1';
    const values = [receipt.decisionId, Buffer.alloc(64)];
    await expect(fixture.db.query(change, values)).rejects.toThrow('append-only');
    await fixture.db.transaction(async (tx) => {
      await tx.query('alter table decision disable trigger decision_append_only');
      await tx.query(change, values);
      await tx.query('alter table decision enable trigger decision_append_only');
    });

    await expect(fixture.decisions.replay(receipt.decisionId)).rejects.toThrow('DECISION_UNREADABLE');
  });

  it('forgets with the patient, but not a decision about nobody', async () => {
    const person = await fixture.enrol();
    const about = await decided(asking(person.patientId));
    const nobody = await decided(asking(undefined));
    await fixture.db.transaction((tx) =>
      destroyKey(tx, patientToken(fixture.keyStore, person.patientId), fixture.clock.now()),
    );

    await expect(fixture.decisions.replay(about.receipt.decisionId)).rejects.toThrow('DECISION_NOT_FOUND');
    expect((await fixture.decisions.replay(nobody.receipt.decisionId)).checks.sameOutcome).toBe(true);
    await expect(fixture.decisions.replay('00000000-0000-4000-8000-000000000000')).rejects.toThrow(
      'DECISION_NOT_FOUND',
    );
  });

  it('writes many decisions in few transactions, one leaf each', async () => {
    const { patientId } = await fixture.enrol();
    const count = async (): Promise<number[]> => {
      const { rows } = await fixture.db.query<{ decisions: string; leaves: string }>(
        'select (select count(*) from decision) as decisions, (select count(*) from evidence_leaf where kind = 3) as leaves',
      );
      return [Number(rows[0]?.decisions), Number(rows[0]?.leaves)];
    };
    const before = await count();

    await Promise.all(
      Array.from({ length: 300 }, () => decided(asking(patientId, { actor: staff(['clinician']) }))),
    );

    const after = await count();
    expect(after.map((value, at) => value - (before[at] ?? 0))).toEqual([300, 300]);
  });
});
