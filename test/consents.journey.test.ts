import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectStatus } from '../demo/client.ts';
import type { SourceAnswer } from '../demo/steps/ask.ts';
import { clientOf, eventually, membersOf } from '../demo/story.ts';
import { type Journey, startJourney, untilAnchored, untilPseudonymsKnown } from './journey/alliance.ts';
import {
  ask,
  type EnrolledPerson,
  enrol,
  grant,
  pseudonymOf,
  type Question,
  revoke,
  signIn,
  takeInPerson,
} from './journey/people.ts';
import { condition, medicationRequest, observation } from './journey/records.ts';

const leaseSeconds = 5;
const hiv = [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'HIV' }];
const whole = { recipients: ['hospital-b'], purposes: ['TREAT'], types: 'all' };
const everyType = ['Observation', 'MedicationRequest', 'Condition'];

let journey: Journey;
/** The patient's records by a name that the tests use. */
let records: Record<string, string>;
let patient: EnrolledPerson;

beforeAll(async () => {
  journey = await startJourney({
    settingsFor: () => ({ MEDSEAL_LEDGER_LEASE_SECONDS: String(leaseSeconds) }),
  });
  const { recordIds, ...person } = await takeInPerson(journey.story, (reference) => [
    observation(reference, { effectiveDateTime: '2019-05-02' }),
    observation(reference, { effectiveDateTime: '2023-12-31T23:59:00+08:00' }),
    observation(reference, { effectiveDateTime: '2024-01-01T00:10:00+08:00' }),
    observation(reference, { effectiveDateTime: '2024-06-30' }),
    observation(reference, { meta: { security: hiv }, effectiveDateTime: '2024-03-01' }),
    medicationRequest(reference, { authoredOn: '2024-03-01' }),
    condition(reference, { onsetDateTime: '2024-03-01' }),
  ]);
  const names = ['2019', '2023', '2024-01', '2024-06', 'hiv', 'medication', 'diagnosis'];
  records = Object.fromEntries(recordIds.map((id, at) => [id, names[at] ?? id]));
  patient = await enrol(journey.story, person);
  await untilPseudonymsKnown(journey);
  await untilAnchored(journey.story);
});
afterAll(() => journey?.stop());

const askAs = (username: string, more: Partial<Question> = {}): Promise<SourceAnswer> =>
  ask(journey.story, username, { nationalId: patient.nationalId, types: everyType, ...more });
const askFromB = (more: Partial<Question> = {}) => askAs('clinician@hospital-b', more);

/** What B was given, by the names of the tests; the rule of the denial where it was denied. */
function given({ outcome, code, reasons, records: sent }: SourceAnswer): string[] | string {
  if (outcome !== 'permitted') return code ?? reasons?.map(({ rule }) => rule).join() ?? outcome;
  return (sent ?? []).map(({ id }) => records[id] ?? id).sort();
}

/** Grants, asks and revokes, so that no consent meets another. */
async function underConsent(terms: object, more: Partial<Question> = {}): Promise<string[] | string> {
  const { id } = await grant(journey.story, patient, { ...whole, ...terms });
  const answer = given(await askFromB(more));
  await revoke(journey.story, patient, id);
  return answer;
}

describe('what a consent opens', () => {
  it('is all but the sensitive when it names everything, and the sensitive when it names that too', async () => {
    const ordinary = ['2019', '2023', '2024-01', '2024-06', 'diagnosis', 'medication'];

    expect(await underConsent({})).toEqual(ordinary);
    expect(await underConsent({ labels: ['HIV'] })).toEqual([...ordinary, 'hiv'].sort());
    expect(await underConsent({ labels: ['PSY'] })).toEqual(ordinary);
  });

  it('is only the period of the records that it names, day by day', async () => {
    const dataPeriod = { start: '2024-01-01', end: '2024-06-30' };

    expect(await underConsent({ types: ['Observation'], dataPeriod })).toEqual(['2024-01', '2024-06']);
    expect(await underConsent({ types: ['Observation'], dataPeriod: { end: '2023-12-31' } })).toEqual([
      '2019',
      '2023',
    ]);
  });

  it('is no more than was asked for', async () => {
    const types = ['Observation', 'Condition'];

    expect(await underConsent({}, { types: ['Condition'] })).toEqual(['diagnosis']);
    expect(await underConsent({ types }, { types, dataPeriod: { start: '2024-02-01' } })).toEqual([
      '2024-06',
      'diagnosis',
    ]);
  });

  it('is less what a nested deny takes back: a type, a label, a record, a period, and all of it together', async () => {
    const [recordId] = Object.entries(records).find(([, name]) => name === '2024-06') ?? [];
    const exclusions = (...parts: object[]) => underConsent({ labels: ['HIV'], exclusions: parts });

    expect(await exclusions({ types: ['Observation'] })).toEqual(['diagnosis', 'medication']);
    expect(await exclusions({ labels: ['HIV'] })).not.toContain('hiv');
    expect(await exclusions({ instances: [`Observation/${recordId}`] })).toEqual([
      '2019',
      '2023',
      '2024-01',
      'diagnosis',
      'hiv',
      'medication',
    ]);
    expect(await exclusions({ types: ['Observation'], dataPeriod: { start: '2024-01-01' } })).toEqual([
      '2019',
      '2023',
      'diagnosis',
      'medication',
    ]);
    expect(
      await exclusions({ types: ['Observation'] }, { labels: ['HIV'] }, { types: ['Condition'] }),
    ).toEqual(['medication']);
  });

  it('is nothing where a deny of another consent of the same patient takes it back', async () => {
    const denying = await grant(journey.story, patient, {
      ...whole,
      exclusions: [{ types: ['MedicationRequest'] }],
    });
    const answer = await underConsent({ types: ['MedicationRequest'] }, { types: ['MedicationRequest'] });
    await revoke(journey.story, patient, denying.id);

    expect(answer).toEqual([]);
  });

  it('is for the organisation, the purpose and the role that it names, for no other', async () => {
    expect(await underConsent({ recipients: ['hospital-c'] })).toBe('consent.none');
    expect(await underConsent({ purposes: ['HPAYMT'] })).toBe('consent.none');
    const { id } = await grant(journey.story, patient, whole);
    const other = await ask(journey.story, 'clinician@hospital-c', {
      nationalId: patient.nationalId,
      types: everyType,
    });
    await revoke(journey.story, patient, id);

    expect(given(other)).toBe('consent.none');
  });

  it('begins and ends with its period', async () => {
    const now = Date.now();
    const day = 86_400_000;
    const instant = (milliseconds: number): string => new Date(milliseconds).toISOString();
    expect(await underConsent({ period: { start: instant(now + day), end: instant(now + 2 * day) } })).toBe(
      'consent.none',
    );

    const end = Math.ceil(Date.now() / 1000) * 1000 + 3_000;
    const { id } = await grant(journey.story, patient, { ...whole, period: { end: instant(end) } });
    const during = given(await askFromB());
    await eventually('the end of the period', async () => (Date.now() > end + 1_000 ? true : undefined));
    const after = given(await askFromB());
    await revoke(journey.story, patient, id);

    expect(during).toContain('2019');
    expect(after).toBe('consent.none');
  });

  it('is the patient’s to give alone: staff cannot, and another’s passkey cannot', async () => {
    const { story } = journey;
    const { recordIds: _, ...person } = await takeInPerson(story);
    const other = await enrol(story, person);
    const thief = { ...patient, authenticator: other.authenticator };
    const staff = { ...patient, bearer: await story.staff('administrator@hospital-a') };

    await expect(grant(story, thief, whole)).rejects.toThrow('IDENTITY_PASSKEY_REFUSED');
    await expect(grant(story, staff, whole)).rejects.toThrow('CONSENT_FORBIDDEN');
    await expect(grant(story, patient, { ...whole, recipients: ['hospital-x'] })).rejects.toThrow(
      'CONSENT_RECIPIENT_UNKNOWN',
    );
    expect(given(await askFromB())).toBe('consent.none');
  });
});

describe('what holds whatever the consents say', () => {
  beforeAll(async () => {
    patient = await signIn(journey.story, patient);
    await grant(journey.story, patient, whole);
  });

  /** The regulator's act on a member, known at hospital A and B when it resolves. */
  async function administer(organizationId: string, event: string, state: string): Promise<void> {
    const { story } = journey;
    const path = `/members/${organizationId}/${event}`;
    const bearer = await story.staff('regulator@regulator');
    const regulator = clientOf(story, 'regulator');
    const member = (await membersOf(story)).find((each) => each.organizationId === organizationId);
    const body = event === 'enable' ? { entryDigest: member?.entryDigest } : {};
    expectStatus(await regulator.call('POST', path, { bearer, body }), 200);
    for (const node of ['hospital-a', 'hospital-b']) {
      await eventually(`${organizationId} ${state} at ${node}`, async () => {
        const { rows } = await journey
          .database(node)
          .query('select from member where organization_id = $1 and state = $2', [organizationId, state]);
        return rows.length === 1 ? true : undefined;
      });
    }
  }

  it('a member that the regulator disables gets nothing and gives nothing, until it is enabled again', async () => {
    expect(given(await askFromB())).toContain('2019');
    const pseudonym = pseudonymOf(journey.story, patient.nationalId);
    const known = () => ask(journey.story, 'clinician@hospital-b', { pseudonym, types: everyType });
    expect(given(await known())).toContain('2019');

    await administer('hospital-b', 'disable', 'disabled');
    expect(given(await askFromB())).toBe('EXCHANGE_MEMBER_DISABLED');
    expect(given(await known())).toBe('EXCHANGE_MEMBER_DISABLED');
    await administer('hospital-b', 'enable', 'registered');
    expect(given(await askFromB())).toContain('2019');

    await administer('hospital-a', 'disable', 'disabled');
    expect(given(await askFromB())).toBe('EXCHANGE_SOURCE_DISABLED');
    await administer('hospital-a', 'enable', 'registered');
    expect(given(await askFromB())).toContain('2019');
  });

  it('nobody but the regulator changes a member', async () => {
    const { story } = journey;
    const path = '/members/hospital-c/disable';
    const bearer = await story.staff('administrator@hospital-a');

    expect((await clientOf(story, 'hospital-a').call('POST', path, { bearer })).status).toBe(403);
  });

  it('a node that cannot see the ledger denies partners and says why, and serves its own staff', async () => {
    const ledger = journey.alliance.processes.get('ledger')?.pid ?? 0;
    const client = clientOf(journey.story, 'hospital-a');
    const bearer = await journey.story.staff('clinician@hospital-a');
    process.kill(ledger, 'SIGSTOP');
    try {
      const stale = await eventually('a denial', async () => {
        const answer = await askFromB();
        return answer.outcome === 'permitted' ? undefined : answer;
      });
      const own = await client.call('GET', `/fhir/R4/Patient/${patient.patientId}`, { bearer });
      const ready = await client.call<{ checks: object[] }>('GET', '/readyz');

      expect(stale.reasons).toEqual([
        {
          rule: 'ledger.stale',
          zh: expect.stringContaining('无法确认授权是否仍然有效'),
          en: expect.stringContaining('cannot confirm'),
          next: { zh: expect.any(String), en: expect.any(String) },
        },
      ]);
      expect(own.status).toBe(200);
      expect(ready).toMatchObject({ status: 503 });
      expect(ready.body.checks).toContainEqual({ name: 'ledger', state: 'down' });
    } finally {
      process.kill(ledger, 'SIGCONT');
    }

    const again = await eventually('the ledger’s return', async () => {
      const answer = await askFromB();
      return answer.outcome === 'permitted' ? answer : undefined;
    });
    expect(given(again)).toContain('2019');
  });
});
