import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Resource } from '../fhir/index.ts';
import type { PatientId, Pseudonym } from '../lib/brand.ts';
import { type Inquiry, requestRecords } from './request.ts';
import { createAlliance, type TestAlliance, type TestNode } from './test/alliance.ts';

let alliance: TestAlliance;
let a: TestNode;
let b: TestNode;
let patientId: PatientId;
let pseudonym: Pseudonym;

const observation = (value: number): Resource => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'glucose' },
  valueQuantity: { value, unit: 'mmol/L' },
  effectiveDateTime: `2025-03-${String(value + 1).padStart(2, '0')}`,
  note: [{ text: 'secret note' }],
  _note: [{ extension: [{ url: 'https://example.org/x', valueString: 'secret note beside' }] }],
});

beforeAll(async () => {
  alliance = await createAlliance();
  ({ a, b } = alliance);
  const resources = [
    ...Array.from({ length: 20 }, (_, place) => observation(place)),
    { resourceType: 'MedicationRequest', status: 'active', intent: 'order' },
    { resourceType: 'Patient', name: [{ family: '王' }] },
  ];
  ({ patientId, pseudonym } = await a.records.add(resources));
  await alliance.anchor();
});
afterAll(() => alliance.close());
beforeEach(() => {
  grant();
});

function grant(version = 1, types = ['Observation', 'Patient']): void {
  a.consent.grants.set(patientId, { id: 'c1', version, recipient: 'hospital-b', types });
}

function inquiry(change: Partial<Inquiry> = {}): Inquiry {
  return {
    staff: b.staff,
    person: { pseudonym },
    sources: ['hospital-a'],
    types: ['Observation', 'MedicationRequest'],
    purpose: 'TREAT',
    count: 100,
    ...change,
  };
}

async function ask(change: Partial<Inquiry> = {}) {
  const result = await requestRecords(inquiry(change), b.requester);
  if (result.outcome !== 'asked') throw new Error('denied by own policy');
  return { requestId: result.requestId, source: result.sources[0] };
}

async function count(node: TestNode, statement: string): Promise<number> {
  const { rows } = await node.database.db.query<{ count: string }>(
    `select count(*) as count from ${statement}`,
  );
  return Number(rows[0]?.count);
}

describe('a consented exchange', () => {
  it('brings exactly what was granted, redacted, with every check passed', async () => {
    const { source } = await ask();

    expect(source).toMatchObject({ organizationId: 'hospital-a', outcome: 'permitted' });
    if (source?.outcome !== 'permitted') return;
    const { records, checks, obligations, checkpoint, pending, omitted, receipt } = source.reply;
    expect(records).toHaveLength(20);
    expect(new Set(records.map(({ type }) => type))).toEqual(new Set(['Observation']));
    expect(records[3]?.resource).toMatchObject({
      status: 'final',
      valueQuantity: { value: 3 },
      subject: { reference: `Patient/${patientId}` },
    });
    expect(records[3]?.withheld).toEqual(['_note', 'note']);
    expect(JSON.stringify(source)).not.toContain('secret note');
    expect(checks.map(({ name }) => name)).toEqual([
      'signature',
      'seal',
      'receipt',
      'decision',
      'scope',
      'digests',
      'inclusion',
      'checkpoint',
      'anchor',
    ]);
    expect({ obligations, pending, omitted }).toEqual({ obligations: ['ENCRYPT'], pending: 0, omitted: 0 });
    expect(checkpoint).toMatchObject({ txId: 'tx-1', blockNumber: 1 });
    expect(receipt).toMatchObject({
      source: 'hospital-a',
      requester: 'hospital-b',
      permit: true,
      purpose: 'TREAT',
    });
  });

  it('is recorded on both sides, with the patient only where the patient is known', async () => {
    const [atA, atB] = [await count(a, 'audit_event'), await count(b, 'audit_event')];

    const { requestId } = await ask();

    const history = await a.log.accessHistory(patientId, { from: 1, count: 500 });
    const latest = history.at(-1)?.content.auditEvent;
    expect(await count(a, 'audit_event')).toBe(atA + 1);
    expect(await count(b, 'audit_event')).toBe(atB + 1);
    expect(latest).toMatchObject({ outcome: '0', subtype: [{ code: 'disclose' }] });
    expect(JSON.stringify(latest)).toContain(requestId);
    expect(JSON.stringify(latest)).toContain('dr-b');
    const rows = `exchange where request_id = '${requestId}' and outcome = 'permitted' and record_count = 20`;
    expect(await count(a, `${rows} and direction = 'answered' and partner = 'hospital-b'`)).toBe(1);
    expect(await count(b, `${rows} and direction = 'asked' and partner = 'hospital-a'`)).toBe(1);
    expect(await count(b, 'audit_event where patient_token is not null')).toBe(0);
  });

  it('gives no more records than asked', async () => {
    const { source } = await ask({ count: 3 });

    expect(source?.outcome === 'permitted' && source.reply.permit && source.reply.records.length).toBe(3);
  });

  it('gives what lies in the period that was asked', async () => {
    const { source } = await ask({ dataPeriod: { start: '2025-03-05', end: '2025-03-07' } });

    const records = source?.outcome === 'permitted' ? source.reply.records : [];
    expect(records.map(({ resource }) => resource['effectiveDateTime'])).toEqual([
      '2025-03-05',
      '2025-03-06',
      '2025-03-07',
    ]);
  });

  it('asks for types only that its own policy shows to this member of staff', async () => {
    await ask({ types: ['Observation'] });

    expect(a.consent.requests.at(-1)).toMatchObject({
      types: ['Observation'],
      actor: {
        kind: 'peer',
        organizationId: 'hospital-b',
        mspId: 'HospitalBMSP',
        staff: { staffId: 'dr-b' },
      },
    });
  });

  it('keeps back a record that is not anchored yet and says so', async () => {
    const added = await a.records.add([observation(1), observation(2)]);
    a.consent.grants.set(added.patientId, {
      id: 'c2',
      version: 1,
      recipient: 'hospital-b',
      types: ['Observation'],
    });

    const before = await ask({ person: { pseudonym: added.pseudonym } });
    await alliance.anchor();
    const after = await ask({ person: { pseudonym: added.pseudonym } });

    expect(before.source).toMatchObject({
      outcome: 'permitted',
      reply: { records: [], pending: 2, checkpoint: null },
    });
    expect(after.source).toMatchObject({ outcome: 'permitted', reply: { pending: 0 } });
    expect(after.source?.outcome === 'permitted' && after.source.reply.records).toHaveLength(2);
  });

  it('waits for a block that is still on its way to the requester', async () => {
    const added = await a.records.add([observation(1)]);
    a.consent.grants.set(added.patientId, {
      id: 'c3',
      version: 1,
      recipient: 'hospital-b',
      types: ['Observation'],
    });
    await a.log.anchorNow();
    await a.ledger.deliver(a.log, a.database.db);

    const asked = ask({ person: { pseudonym: added.pseudonym } });
    const polled = b.requester.log.findAnchor;
    await polled('hospital-a', 1);
    await a.ledger.deliver(b.log, b.database.db);

    expect((await asked).source).toMatchObject({ outcome: 'permitted', reply: { pending: 0 } });
  });

  it('finds the person by identity number', async () => {
    const { source } = await ask({ person: { nationalId: '1'.repeat(18) } });

    expect(source?.outcome).toBe('permitted');
  });
});

describe('a denial', () => {
  const unknown = 'ff'.repeat(32) as Pseudonym;

  it('says why, in both languages, and is signed and recorded', async () => {
    a.consent.grants.clear();

    const { source, requestId } = await ask();

    expect(source).toMatchObject({
      outcome: 'denied',
      reply: {
        permit: false,
        reasons: [{ rule: 'consent.none', zh: expect.any(String), en: expect.any(String), next: {} }],
        receipt: { permit: false, rules: ['consent.none'], records: [], source: 'hospital-a' },
      },
    });
    expect(await count(a, `exchange where request_id = '${requestId}' and outcome = 'denied'`)).toBe(1);
    const history = await a.log.accessHistory(patientId, { from: 1, count: 500 });
    expect(history.at(-1)?.content.auditEvent).toMatchObject({ outcome: '4', outcomeDesc: 'consent.none' });
  });

  it('is the same for a patient who is not there and one who consented to nothing', async () => {
    a.consent.grants.clear();
    const sizes: number[] = [];
    const { send } = b.peers;
    const peers = {
      send: async (request: Parameters<typeof send>[0]) => {
        const reply = await send(request);
        sizes.push(reply.body.length);
        return reply;
      },
    };
    const askVia = async (person: Inquiry['person']) => {
      const result = await requestRecords(inquiry({ person }), { ...b.requester, peers });
      return result.outcome === 'asked' ? result.sources[0] : undefined;
    };

    const hidden = await askVia({ pseudonym });
    const absent = await askVia({ pseudonym: unknown });

    const blank = (source: typeof hidden) => {
      if (source?.outcome !== 'denied') return undefined;
      const { exchangeId, requestDigest, decisionId, at, signature, ...receipt } = source.reply.receipt;
      const shape = [exchangeId, requestDigest, decisionId, at, signature].map((text) => text.length);
      return JSON.stringify({ ...source, reply: { ...source.reply, receipt }, shape });
    };
    expect(blank(hidden)).toBeDefined();
    expect(blank(absent)).toBe(blank(hidden));
    expect(sizes).toEqual([8192 + 48, 8192 + 48]);
  });

  it('does as much in the database for one as for the other', async () => {
    a.consent.grants.clear();
    const rowsAfter = async (person: Inquiry['person']) => {
      const before = await Promise.all(
        ['audit_event', 'exchange', 'exchange_nonce', 'evidence_leaf'].map((t) => count(a, t)),
      );
      await ask({ person });
      const after = await Promise.all(
        ['audit_event', 'exchange', 'exchange_nonce', 'evidence_leaf'].map((t) => count(a, t)),
      );
      return after.map((value, place) => value - (before[place] ?? 0));
    };

    expect(await rowsAfter({ pseudonym: unknown })).toEqual(await rowsAfter({ pseudonym }));
  });

  it('by the own policy asks nobody', async () => {
    const asked = a.consent.requests.length;

    const result = await requestRecords(
      inquiry({ staff: { ...b.staff, roles: ['registrar'] } }),
      b.requester,
    );

    expect(result).toMatchObject({ outcome: 'denied', reasons: [{ rule: 'consent.none' }] });
    expect(a.consent.requests.length).toBe(asked);
  });

  it('is what a consent that is revoked during the release turns into', async () => {
    a.consent.afterDecision = () => a.consent.grants.clear();

    const { source } = await ask();

    expect(source?.outcome).toBe('denied');
  });

  it('or a new decision, where the consent was only changed', async () => {
    a.consent.afterDecision = () => grant(2, ['MedicationRequest']);

    const { source } = await ask();

    expect(source?.outcome === 'permitted' && source.reply.records.map(({ type }) => type)).toEqual([
      'MedicationRequest',
    ]);
  });
});

describe('several sources', () => {
  it('each have their own outcome', async () => {
    const result = await requestRecords(
      inquiry({ sources: ['hospital-a', 'hospital-b', 'hospital-c', 'hospital-z'] }),
      b.requester,
    );

    expect(result.outcome === 'asked' && result.sources).toMatchObject([
      { organizationId: 'hospital-a', outcome: 'permitted' },
      { organizationId: 'hospital-b', outcome: 'failed', code: 'EXCHANGE_SOURCE_UNKNOWN' },
      { organizationId: 'hospital-c', outcome: 'denied' },
      { organizationId: 'hospital-z', outcome: 'failed', code: 'EXCHANGE_SOURCE_UNKNOWN' },
    ]);
  });

  it('that are disabled are not asked', async () => {
    alliance.members.set('hospital-a', { ...a.member, state: 'disabled' });

    const { source } = await ask();
    alliance.members.set('hospital-a', a.member);

    expect(source).toMatchObject({ outcome: 'failed', code: 'EXCHANGE_SOURCE_DISABLED' });
  });

  it('are not asked by a member that is disabled', async () => {
    alliance.members.set('hospital-b', { ...b.member, state: 'disabled' });

    await expect(ask()).rejects.toThrow('EXCHANGE_MEMBER_DISABLED');
    alliance.members.set('hospital-b', b.member);
  });

  it('do not answer a member that is disabled and has not heard of it', async () => {
    alliance.members.set('hospital-b', { ...b.member, state: 'disabled' });
    vi.spyOn(alliance.members, 'get').mockReturnValueOnce(b.member);

    const { source } = await ask();
    alliance.members.set('hospital-b', b.member);

    expect(source).toMatchObject({ outcome: 'failed', code: 'PEER_REFUSED' });
  });
});
