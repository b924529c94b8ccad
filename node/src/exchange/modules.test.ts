import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ConsentPort } from './ports.ts';
import {
  createModulesFixture,
  erasedId,
  type ModulesFixture,
  nationalId,
  requesterId,
  unknownId,
} from './test/modules.ts';
import type { VerifiedReply } from './types.ts';

let modules: ModulesFixture;
beforeAll(async () => {
  modules = await createModulesFixture();
});
afterAll(() => modules.fixture.drop());
beforeEach(() => {
  const { view, clock } = modules.fixture;
  view.freshUntil = clock.now().getTime() + 30_000;
});

const ask: ModulesFixture['ask'] = (asked, options) => modules.ask(asked, options);

const terms = { recipients: ['hospital-b'], purposes: ['TREAT'], types: ['Observation'] };

function rulesOf(reply: VerifiedReply): string[] {
  return reply.permit ? [] : reply.reasons.map(({ rule }) => rule);
}

/** A denial without what is random or a time; lengths stay. */
function shapeOf(reply: VerifiedReply & { size: number }): string {
  const blank = (key: string, value: unknown) =>
    ['exchangeId', 'requestDigest', 'decisionId', 'signature'].includes(key) ? String(value).length : value;
  return JSON.stringify(reply, blank);
}

describe('the exchange over the real records, consents and policy', () => {
  it('denies without a consent, and in the very same bytes for one who is erased or was never here', async () => {
    const hidden = await ask(nationalId);
    const absent = await ask(unknownId);
    const erased = await ask(erasedId);

    expect(rulesOf(hidden)).toEqual(['consent.none']);
    expect(shapeOf(absent)).toBe(shapeOf(hidden));
    expect(shapeOf(erased)).toBe(shapeOf(hidden));
  });

  it('gives what was granted, without notes and without what a label hides, until it is revoked', async () => {
    const { id } = await modules.fixture.grant(modules.person, terms);

    const granted = await ask(nationalId);
    const later = await ask(nationalId, { content: { dataPeriod: { start: '2025-11-02' } } });
    await modules.fixture.revoke(modules.person, id);
    const revoked = await ask(nationalId);

    if (!granted.permit || !later.permit) throw new Error('denied');
    expect(granted.records.map(({ type, resource }) => [type, resource['valueInteger']]).sort()).toEqual([
      ['Observation', 1],
      ['Observation', 2],
    ]);
    expect(granted.records[0]?.withheld).toEqual(['note', 'text']);
    expect(JSON.stringify(granted)).not.toContain('between us');
    expect(later.records.map(({ resource }) => resource['valueInteger'])).toEqual([2]);
    expect(granted.receipt.decisionDigest).toMatch(/^[0-9a-f]{64}$/);
    expect(shapeOf(revoked)).toBe(shapeOf(await ask(unknownId)));
  });

  it('opens a label that the patient named', async () => {
    const { id } = await modules.fixture.grant(modules.person, { ...terms, labels: ['HIV'] });

    const granted = await ask(nationalId);
    await modules.fixture.revoke(modules.person, id);

    expect(granted.permit && granted.records.map(({ resource }) => resource['valueInteger']).sort()).toEqual([
      1, 2, 3,
    ]);
  });

  it('gives research the records without whom they are about', async () => {
    const types = ['Observation', 'Patient'];
    const { id } = await modules.fixture.grant(modules.person, { ...terms, types, purposes: ['HRESCH'] });
    const staff = { staffId: 'b-3', displayName: '陈研究员', roles: ['researcher' as const] };

    const granted = await ask(nationalId, { content: { purpose: 'HRESCH', types, staff } });
    await modules.fixture.revoke(modules.person, id);

    if (!granted.permit) throw new Error('denied');
    expect(granted.records.map(({ type }) => type).sort()).toEqual(['Observation', 'Observation', 'Patient']);
    const content = JSON.stringify(granted.records.map(({ resource }) => resource));
    for (const name of ['示范', 'Renea551', nationalId]) expect(content).not.toContain(name);
  });

  it('obeys a revocation that is acknowledged while the reply is being made', async () => {
    const { id } = await modules.fixture.grant(modules.person, terms);
    let revoked = false;
    const consent: ConsentPort = {
      ...modules.fixture.decisions,
      prepare: async (request) => {
        const prepared = await modules.fixture.decisions.prepare(request);
        if (!revoked) await modules.fixture.revoke(modules.person, id);
        revoked = true;
        return prepared;
      },
    };

    const reply = await ask(nationalId, { consent });

    expect(rulesOf(reply)).toEqual(['consent.none']);
  });

  it('says why where the reason is no patient: a stale ledger, another role, a disabled member', async () => {
    modules.fixture.view.freshUntil = modules.fixture.clock.now().getTime() - 1_000;
    const stale = await ask(nationalId);
    expect(rulesOf(stale)).toEqual(['ledger.stale']);
    expect(shapeOf(await ask(unknownId))).toBe(shapeOf(stale));

    modules.fixture.view.freshUntil = modules.fixture.clock.now().getTime() + 30_000;
    const role = { staff: { staffId: 'b-2', displayName: '张三', roles: ['researcher' as const] } };
    expect(rulesOf(await ask(nationalId, { content: role }))).toEqual(['role.not-permitted']);

    modules.fixture.members.set(requesterId, { ...modules.requester, state: 'disabled' });
    expect(rulesOf(await ask(nationalId))).toEqual(['member.not-registered']);
    modules.fixture.members.set(requesterId, modules.requester);
  });

  it('shows the patient every attempt, denied ones too, without a gap', async () => {
    const history = await modules.log.accessHistory(modules.person.patientId, { from: 1, count: 500 });

    const places = history.map(({ content }) => content.patientSeq);
    expect(places).toEqual(places.map((_, at) => at + 1));
    const disclosures = history.filter(({ content }) =>
      JSON.stringify(content.auditEvent['subtype']).includes('disclose'),
    );
    expect(new Set(disclosures.map(({ content }) => content.auditEvent['outcome']))).toEqual(
      new Set(['0', '4']),
    );
  });
});
