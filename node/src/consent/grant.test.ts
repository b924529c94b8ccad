import { canonicalJson, commit, fromHex, hex } from '@medseal/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { destroyKey, patientToken } from '../crypto/index.ts';
import type { Actor } from '../identity/index.ts';
import { relyingParty } from '../identity/test/fixture.ts';
import type { ConsentResource } from './index.ts';
import { type ConsentFixture, createConsentFixture, member, staff } from './test/fixture.ts';

let fixture: ConsentFixture;
beforeAll(async () => {
  fixture = await createConsentFixture();
});
afterAll(() => fixture.drop());

const terms = { recipients: ['hospital-b'], purposes: ['TREAT'], types: ['Observation'] };
const rpId = relyingParty.id;

async function rows(table: string): Promise<number> {
  const result = await fixture.db.query<{ count: string }>(`select count(*) from ${table}`);
  return Number(result.rows[0]?.count);
}

describe('granting a consent', () => {
  it('takes in what the patient signed, with leaf, access entry and a task for the ledger', async () => {
    const person = await fixture.enrol();
    const before = await Promise.all(['consent', 'consent_outbox', 'evidence_leaf', 'audit_event'].map(rows));

    const view = await fixture.grant(person, terms);

    expect(view).toMatchObject({ version: 1, status: 'active', ledger: { state: 'pending' } });
    expect(view.terms).toMatchObject({ recipients: ['hospital-b'], labels: [], exclusions: [] });
    expect(view.summary.zh).toContain('博仁医院（hospital-b）');
    expect(view.summary.en).toContain('Boren Hospital (hospital-b)');
    const after = await Promise.all(['consent', 'consent_outbox', 'evidence_leaf', 'audit_event'].map(rows));
    expect(after.map((count, at) => count - (before[at] ?? 0))).toEqual([1, 1, 2, 1]);
    const history = await fixture.log.accessHistory(person.patientId, { from: 1, count: 10 });
    expect(canonicalJson(history.at(-1)?.content)).toContain(`Consent/${view.id}`);
  });

  it('gives the stored consent for the same signed one again', async () => {
    const { patientId, authenticator } = await fixture.enrol();
    const { consent, challenge } = await fixture.consents.draft({ patientId, terms });
    const assertion = authenticator.assert({ challenge, rpId });
    const first = await fixture.consents.grant({ patientId, consent, assertion });

    expect(await fixture.consents.grant({ patientId, consent, assertion })).toEqual(first);
  });

  it('refuses a signature over another consent, by another key, and a used one', async () => {
    const { patientId, authenticator } = await fixture.enrol();
    const stranger = await fixture.enrol();
    const one = await fixture.consents.draft({ patientId, terms });
    const other = await fixture.consents.draft({ patientId, terms });
    const before = await rows('consent');

    const wrongHash = authenticator.assert({ challenge: other.challenge, rpId });
    await expect(
      fixture.consents.grant({ patientId, consent: one.consent, assertion: wrongHash }),
    ).rejects.toThrow('IDENTITY_CHALLENGE_INVALID');
    const wrongKey = stranger.authenticator.assert({ challenge: one.challenge, rpId });
    await expect(
      fixture.consents.grant({ patientId, consent: one.consent, assertion: wrongKey }),
    ).rejects.toThrow('IDENTITY_PASSKEY_REFUSED');
    expect(await rows('consent')).toBe(before);
  });

  const tamperings: [string, (consent: ConsentResource) => void, string][] = [
    ['more types', (c) => provision(c)['class']?.push(coding('Condition')), 'CONSENT_DRAFT_CHANGED'],
    [
      'a later end',
      (c) => Object.assign(provision(c)['period'] as object, { end: '2026-04-30T00:00:00.000Z' }),
      'CONSENT_DRAFT_CHANGED',
    ],
    [
      'other words',
      (c) => Object.assign(c['sourceAttachment'] as object, { data: 'b25seSBteSBuYW1l' }),
      'CONSENT_DRAFT_CHANGED',
    ],
    ['an extension', (c) => Object.assign(c, { extension: [{ url: 'x:y' }] }), 'CONSENT_UNSUPPORTED'],
    ['a root deny', (c) => Object.assign(provision(c), { type: 'deny' }), 'CONSENT_UNSUPPORTED'],
    [
      'another custodian',
      (c) =>
        Object.assign(c, {
          organization: [
            { identifier: { system: 'https://medseal.org/fhir/sid/organization', value: 'hospital-c' } },
          ],
        }),
      'CONSENT_DRAFT_CHANGED',
    ],
    [
      'an old date',
      (c) => Object.assign(c, { dateTime: '2026-02-01T00:00:00.000Z' }),
      'CONSENT_DRAFT_EXPIRED',
    ],
    [
      'a date to come',
      (c) => Object.assign(c, { dateTime: '2026-03-02T00:00:00.000Z' }),
      'CONSENT_DRAFT_EXPIRED',
    ],
  ];
  it.each(tamperings)('refuses a draft with %s', async (_what, tamper, code) => {
    const { patientId, authenticator } = await fixture.enrol();
    const { consent, challenge } = await fixture.consents.draft({ patientId, terms });
    const changed = structuredClone(consent);
    tamper(changed);

    const assertion = authenticator.assert({ challenge, rpId });
    await expect(fixture.consents.grant({ patientId, consent: changed, assertion })).rejects.toMatchObject({
      code,
    });
  });

  it("refuses another patient's draft", async () => {
    const { patientId } = await fixture.enrol();
    const other = await fixture.enrol();
    const { consent, challenge } = await fixture.consents.draft({ patientId, terms });

    const assertion = other.authenticator.assert({ challenge, rpId });
    await expect(fixture.consents.grant({ patientId: other.patientId, consent, assertion })).rejects.toThrow(
      'CONSENT_FORBIDDEN',
    );
  });

  it('refuses a draft that is older than 15 minutes', async () => {
    const { patientId, authenticator } = await fixture.enrol();
    const { consent, challenge } = await fixture.consents.draft({ patientId, terms });
    const assertion = authenticator.assert({ challenge, rpId });
    fixture.clock.advance(15 * 60_000 + 1);

    await expect(fixture.consents.grant({ patientId, consent, assertion })).rejects.toThrow(
      'CONSENT_DRAFT_EXPIRED',
    );
  });

  it.each(['hospital-a', 'hospital-x', 'suspended'])('drafts nothing for %s', async (recipient) => {
    fixture.members.set('suspended', member('suspended', 'disabled'));
    const { patientId } = await fixture.enrol();

    await expect(
      fixture.consents.draft({ patientId, terms: { ...terms, recipients: [recipient] } }),
    ).rejects.toMatchObject({ code: 'CONSENT_RECIPIENT_UNKNOWN' });
  });

  it('stores nothing readable, and commits to what it stores', async () => {
    const person = await fixture.enrol();
    const view = await fixture.grant(person, { ...terms, instances: ['Observation/canary-7f3a'] });

    const { rows: stored } = await fixture.db.query<Record<string, unknown>>(
      'select * from consent where ledger_id = $1',
      [view.ledger.id],
    );
    const { rows: leaves } = await fixture.db.query<{ digest: Uint8Array }>(
      'select digest from evidence_leaf where leaf_id = $1',
      [stored[0]?.['leaf_id']],
    );
    const text = Object.values(stored[0] ?? {}).map((value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : JSON.stringify(value),
    );
    expect(text.join('\n')).not.toMatch(/canary|Observation|hospital-b|TREAT/);
    expect(text.join('\n')).not.toContain(view.id);
    expect(hex(leaves[0]?.digest ?? new Uint8Array())).toBe(hex(stored[0]?.['commitment'] as Uint8Array));
    expect(hex(commit('consent', view.resource, fromHex('00'.repeat(32))))).not.toBe(
      hex(stored[0]?.['commitment'] as Uint8Array),
    );
  });
});

describe('revoking a consent', () => {
  it('adds an inactive version and keeps the first', async () => {
    const person = await fixture.enrol();
    const granted = await fixture.grant(person, terms);

    const revoked = await fixture.revoke(person, granted.id);

    expect(revoked).toMatchObject({ id: granted.id, version: 2, status: 'inactive' });
    expect(revoked.resource).toEqual({ ...granted.resource, status: 'inactive' });
    expect(revoked.revokedAt).toBe(fixture.clock.now().toISOString());
    const { rows: versions } = await fixture.db.query<{
      version: number;
      is_current: boolean;
      active: boolean;
    }>('select version, is_current, active from consent where ledger_id = $1 order by version', [
      granted.ledger.id,
    ]);
    expect(versions).toEqual([
      { version: 1, is_current: false, active: true },
      { version: 2, is_current: true, active: false },
    ]);
  });

  it('gives the stored revocation for the same signed one again, and refuses another', async () => {
    const { patientId, authenticator } = await fixture.enrol();
    const { id } = await fixture.grant({ patientId, authenticator }, terms);
    const { statement, challenge } = await fixture.consents.draftRevocation({ patientId, consentId: id });
    const assertion = authenticator.assert({ challenge, rpId });
    const first = await fixture.consents.revoke({ patientId, statement, assertion });

    expect(await fixture.consents.revoke({ patientId, statement, assertion })).toEqual(first);
    await expect(
      fixture.consents.revoke({
        patientId,
        statement: { ...statement, at: '2026-03-01T08:00:00.000Z' },
        assertion,
      }),
    ).rejects.toThrow('CONSENT_NOT_ACTIVE');
    await expect(fixture.consents.draftRevocation({ patientId, consentId: id })).rejects.toThrow(
      'CONSENT_NOT_ACTIVE',
    );
  });

  it('refuses a statement for another version, custodian or time, or without signature', async () => {
    const { patientId, authenticator } = await fixture.enrol();
    const { id } = await fixture.grant({ patientId, authenticator }, terms);
    const { statement, challenge } = await fixture.consents.draftRevocation({ patientId, consentId: id });
    const assertion = authenticator.assert({ challenge, rpId });
    const refusals: [object, string][] = [
      [{ consentVersion: 2 }, 'CONSENT_DRAFT_CHANGED'],
      [{ custodian: 'hospital-b' }, 'CONSENT_DRAFT_CHANGED'],
      [{ at: '2020-01-01T00:00:00.000Z' }, 'CONSENT_DRAFT_EXPIRED'],
      [{ at: 'yesterday' }, 'CONSENT_INVALID'],
      [{ extra: 1 }, 'CONSENT_INVALID'],
    ];
    for (const [changes, code] of refusals) {
      await expect(
        fixture.consents.revoke({ patientId, statement: { ...statement, ...changes }, assertion }),
      ).rejects.toMatchObject({ code });
    }
    const forged = { ...assertion, response: { ...assertion.response, signature: 'AAAA' } };
    await expect(fixture.consents.revoke({ patientId, statement, assertion: forged })).rejects.toThrow(
      'IDENTITY_PASSKEY_REFUSED',
    );
    const [consent] = await fixture.consents.list({ ...as({ kind: 'patient', patientId }), patientId });
    expect(consent?.status).toBe('active');
  });

  it("knows nothing of another patient's consent", async () => {
    const owner = await fixture.enrol();
    const other = await fixture.enrol();
    const { id } = await fixture.grant(owner, terms);
    const { statement, challenge } = await fixture.consents.draftRevocation({
      patientId: owner.patientId,
      consentId: id,
    });

    const assertion = other.authenticator.assert({ challenge, rpId });
    await expect(
      fixture.consents.draftRevocation({ patientId: other.patientId, consentId: id }),
    ).rejects.toThrow('CONSENT_NOT_FOUND');
    await expect(
      fixture.consents.revoke({ patientId: other.patientId, statement, assertion }),
    ).rejects.toThrow('CONSENT_NOT_FOUND');
  });
});

describe('reading consents', () => {
  it('shows them, revoked ones too, to the patient and to staff of the custodian', async () => {
    const person = await fixture.enrol();
    const first = await fixture.grant(person, terms);
    await fixture.revoke(person, first.id);
    fixture.clock.advance(1_000);
    const second = await fixture.grant(person, terms);
    const { patientId } = person;

    for (const actor of [
      { kind: 'patient' as const, patientId },
      staff(['clinician']),
      staff(['registrar']),
    ]) {
      const list = await fixture.consents.list({ ...as(actor), patientId });
      expect(list.map(({ id, status }) => [id, status])).toEqual([
        [second.id, 'active'],
        [first.id, 'inactive'],
      ]);
      expect((await fixture.consents.get({ ...as(actor), consentId: second.id })).id).toBe(second.id);
    }
  });

  it('refuses everybody else, and records that', async () => {
    const person = await fixture.enrol();
    const other = await fixture.enrol();
    const { id } = await fixture.grant(person, terms);
    const { patientId } = person;
    const strangers = [
      { kind: 'patient' as const, patientId: other.patientId },
      staff(['pharmacist']),
      staff(['clinician'], 'hospital-b'),
      { kind: 'system' as const, name: 'job' },
    ];

    for (const actor of strangers) {
      await expect(fixture.consents.list({ ...as(actor), patientId })).rejects.toThrow('CONSENT_FORBIDDEN');
      await expect(fixture.consents.get({ ...as(actor), consentId: id })).rejects.toThrow(
        'CONSENT_NOT_FOUND',
      );
    }
    await expect(
      fixture.consents.get({
        ...as(staff(['clinician'])),
        consentId: '00000000-0000-4000-8000-000000000000',
      }),
    ).rejects.toThrow('CONSENT_NOT_FOUND');
    const history = await fixture.log.accessHistory(patientId, { from: 1, count: 50 });
    expect(history.filter(({ content }) => content.auditEvent['outcome'] === '4')).toHaveLength(8);
  });

  it('shows nothing any more once the patient was erased', async () => {
    const person = await fixture.enrol();
    const { id } = await fixture.grant(person, terms);
    const token = patientToken(fixture.keyStore, person.patientId);
    await fixture.db.transaction((tx) => destroyKey(tx, token, fixture.clock.now()));

    const actor = staff(['clinician']);
    expect(await fixture.consents.list({ ...as(actor), patientId: person.patientId })).toEqual([]);
    await expect(fixture.consents.get({ ...as(actor), consentId: id })).rejects.toThrow('CONSENT_NOT_FOUND');
  });

  it('finds a row that was altered or put in place of another', async () => {
    const person = await fixture.enrol();
    const one = await fixture.grant(person, terms);
    const two = await fixture.grant(person, terms);
    await fixture.db.query(
      `update consent set body_sealed = other.body_sealed, wrapped_key = other.wrapped_key, commitment = other.commitment
       from consent other where consent.ledger_id = $1 and other.ledger_id = $2`,
      [one.ledger.id, two.ledger.id],
    );

    await expect(fixture.consents.get({ ...as(staff(['clinician'])), consentId: one.id })).rejects.toThrow(
      'CONSENT_UNREADABLE',
    );
  });
});

function as(actor: Actor): { actor: Actor; purpose: string } {
  return { actor, purpose: actor.kind === 'patient' ? 'PATRQT' : 'TREAT' };
}

function provision(consent: ConsentResource): Record<string, unknown[] | undefined> {
  return consent['provision'] as Record<string, unknown[]>;
}

function coding(code: string): object {
  return { system: 'http://hl7.org/fhir/resource-types', code };
}
