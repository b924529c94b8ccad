import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuthenticator } from '../demo/authenticator.ts';
import { expectStatus } from '../demo/client.ts';
import type { SourceAnswer } from '../demo/steps/ask.ts';
import { eventually } from '../demo/story.ts';
import { type Journey, startJourney, untilAnchored, untilPseudonymsKnown } from './journey/alliance.ts';
import { type Balancer, startBalancer } from './journey/balancer.ts';
import { type History, startLoad } from './journey/load.ts';
import { expectOwnLog } from './journey/log.ts';
import { openPartner, type Partner } from './journey/partner.ts';
import {
  ask,
  type EnrolledPerson,
  enrol,
  eraseByTwo,
  type FhirResource,
  grant,
  pseudonymOf,
  revoke,
  signIn,
  takeInPerson,
} from './journey/people.ts';
import { observation, searchAll } from './journey/records.ts';
import { firstReplica, type Replica, startReplica } from './journey/replica.ts';
import { expectWrites } from './journey/writes.ts';

// One hospital as two processes over one database, each with ports of its own; partners reach them through a TCP balancer.
const hospital = 'hospital-a';
const terms = { recipients: ['hospital-b'], purposes: ['TREAT'], types: 'all' };

let journey: Journey;
let balancer: Balancer;
let partner: Partner;
let one: Replica;
let two: Replica;
let patient: EnrolledPerson & { recordIds: string[] };

beforeAll(async () => {
  balancer = await startBalancer();
  let base = 0;
  journey = await startJourney({
    only: ['regulator', hospital, 'hospital-b'],
    settingsFor: (organizationId, first) => {
      base = first;
      return organizationId === hospital ? behindBalancer() : {};
    },
  });
  one = firstReplica(journey, hospital);
  two = await startSecond({ api: base + 4, peer: base + 5 });
  balancer.sendTo(one.peer, two.peer);
  patient = await enrol(
    one.story,
    await takeInPerson(one.story, (reference) => [observation(reference, { valueQuantity: { value: 1 } })]),
  );
  await grant(one.story, patient, terms);
  await untilPseudonymsKnown(journey);
  await untilAnchored(one.story);
  partner = openPartner(journey);
});
afterAll(async () => {
  partner?.close();
  two?.client.close();
  await two?.running.stop();
  await journey?.stop();
  balancer?.close();
});

const behindBalancer = (): Record<string, string> => ({
  MEDSEAL_NODE_URL: `https://localhost:${balancer.port}`,
});
const startSecond = (ports: { api: number; peer: number }): Promise<Replica> =>
  startReplica(journey, { organizationId: hospital, ports, settings: behindBalancer() });

type Reply = { status: number; body: FhirResource };

async function call(
  { client, story }: Replica,
  { method, path, body, headers = {} }: { method: string; path: string; body?: object; headers?: object },
): Promise<Reply> {
  const bearer = await story.staff(`clinician@${hospital}`);
  const sent = body === undefined ? {} : { body };
  return client.call<FhirResource>(method, path, { bearer, ...sent, headers: { ...headers } });
}
const read = (replica: Replica, id: string): Promise<Reply> =>
  call(replica, { method: 'GET', path: `/fhir/R4/Observation/${id}` });

/** What hospital B is told about a person by the process that it is led to. */
async function askThrough({ peer }: Replica, { nationalId }: EnrolledPerson): Promise<SourceAnswer> {
  balancer.sendTo(peer);
  return ask(journey.story, 'clinician@hospital-b', { nationalId, types: ['Observation'], count: 5 });
}

describe('two processes of one hospital over one database', () => {
  it('show each what the other wrote, in its newest version', async () => {
    const { patientId } = patient;
    const created = await call(one, {
      method: 'POST',
      path: '/fhir/R4/Observation',
      body: observation(`Patient/${patientId}`),
    });
    const { id } = expectStatus({ ...created, headers: {}, text: '' }, 201);
    const path = `/fhir/R4/Observation/${id}`;
    const first = await read(two, id);
    expect(await read(one, id)).toMatchObject({ status: 200, body: first.body });

    const changed = { ...first.body, note: [{ text: 'changed at two' }] };
    const headers = { 'if-match': 'W/"1"' };
    expect((await call(two, { method: 'PUT', path, body: changed, headers })).status).toBe(200);
    const second = await read(one, id);
    expect(second.body).toMatchObject({ note: [{ text: 'changed at two' }], meta: { versionId: '2' } });

    expect((await call(one, { method: 'DELETE', path })).status).toBeLessThan(300);
    expect((await read(two, id)).status).toBe(410);
    const found = await searchAll(two.story, `/fhir/R4/Observation?patient=${patientId}`, await bearer());
    expect(found.map((resource) => resource.id)).not.toContain(id);
  });

  it('let exactly one of two simultaneous updates with the same If-Match win', async () => {
    const [id = ''] = patient.recordIds;
    const path = `/fhir/R4/Observation/${id}`;
    for (let version = 1; version <= 20; version += 1) {
      const { body } = await read(one, id);
      const headers = { 'if-match': `W/"${version}"` };
      const statuses = await Promise.all(
        [one, two].map(async (replica, at) => {
          const next = { ...body, note: [{ text: `${version} at ${at}` }] };
          return (await call(replica, { method: 'PUT', path, body: next, headers })).status;
        }),
      );

      expect(statuses.toSorted()).toEqual([200, 412]);
    }
    expect((await read(two, id)).body).toMatchObject({ meta: { versionId: '21' } });
    expect(await read(one, id)).toMatchObject({ body: (await read(two, id)).body });
  });

  it('take a passkey’s challenge and an enrolment code once, whichever of them gave it out', async () => {
    const person = await takeInPerson(one.story);
    const registrar = await one.story.staff(`registrar@${hospital}`);
    const codes = `/patients/${person.patientId}/enrolment-codes`;
    const issued = await one.client.call<{ code: string }>('POST', codes, { bearer: registrar });
    const { code } = expectStatus(issued, 201);
    const options = expectStatus(
      await two.client.call<{ challenge: string; rp: { id?: string } }>(
        'POST',
        '/passkeys/registration/options',
        { body: { code } },
      ),
      200,
    );
    const authenticator = createAuthenticator({ origin: journey.alliance.apiUrl(hospital) });
    const registration = { code, response: authenticator.register(options) };
    const registered = await Promise.all(
      [one, two].map(({ client }) => client.call('POST', '/passkeys/registration', { body: registration })),
    );
    expect(registered.map(({ status }) => status).toSorted()).toEqual([201, 403]);

    const login = await one.client.call<{ challenge: string }>('POST', '/passkeys/login/options');
    const { challenge } = expectStatus(login, 200);
    const response = authenticator.assert({ challenge, rpId: 'localhost' });
    const logins = await Promise.all(
      [one, two].map(({ client }) => client.call('POST', '/passkeys/login', { body: { response } })),
    );
    expect(logins.map(({ status }) => status).toSorted()).toEqual([200, 403]);
  });

  it('both deny a partner from the moment on at which one of them acknowledged the revocation', async () => {
    const person = await enrol(two.story, await takeInPerson(one.story, (of) => [observation(of)]));
    const { id } = await grant(two.story, person, terms);
    await untilPseudonymsKnown(journey);
    await eventually('the permit at both', async () => {
      const answers = [await askThrough(one, person), await askThrough(two, person)];
      return answers.every(({ outcome }) => outcome === 'permitted') ? true : undefined;
    });

    await revoke(one.story, person, id);

    const answers = [await askThrough(two, person), await askThrough(one, person)];
    expect(answers.map(({ outcome }) => outcome)).toEqual(['denied', 'denied']);
    expect(answers[0]?.reasons?.[0]?.rule).toBe('consent.none');
  });

  it('refuse a partner’s request that the other has answered, and one of two that come at once', async () => {
    const pseudonym = pseudonymOf(journey.story, patient.nationalId);
    const question = await partner.question(pseudonym);
    expect(await partner.send(question, one.peer)).toEqual([200, undefined]);
    expect(await partner.send(question, two.peer)).toEqual([409, 'EXCHANGE_REPLAYED']);

    for (let round = 0; round < 5; round += 1) {
      const next = await partner.question(pseudonym);
      const answers = await Promise.all([one, two].map(({ peer }) => partner.send(next, peer)));
      expect(answers.toSorted()).toEqual([
        [200, undefined],
        [409, 'EXCHANGE_REPLAYED'],
      ]);
    }
  });

  it('have a patient’s session ended and an erased patient gone at once at both', async () => {
    const person = await enrol(one.story, await takeInPerson(one.story, (of) => [observation(of)]));
    const [id = ''] = person.recordIds;
    const session = (replica: Replica): Promise<number> =>
      replica.client
        .call('GET', `/patients/${person.patientId}/accesses`, { bearer: person.bearer })
        .then(({ status }) => status);
    for (const replica of [one, two, one, two]) {
      expect((await read(replica, id)).status).toBe(200);
      expect(await session(replica)).toBe(200);
    }

    expect(await eraseByTwo(one.story, person.patientId)).toEqual([202, 204]);

    expect([(await read(two, id)).status, (await read(one, id)).status]).toEqual([404, 404]);
    const path = `/fhir/R4/Observation?patient=${person.patientId}`;
    expect(await searchAll(two.story, path, await bearer()).catch(() => [])).toEqual([]);
    expect([await session(two), await session(one)]).toEqual([401, 401]);
  });

  it('are joined by no process with other keys or another certificate', async () => {
    const ports = { api: two.api + 2, peer: two.peer + 2 };
    const start = (name: string, settings: Record<string, string>): Promise<Replica> =>
      startReplica(journey, {
        ...{ organizationId: hospital, name, ports },
        settings: { ...behindBalancer(), ...settings },
      });
    const keys = join(journey.folder, 'keys', 'hospital-b');
    const certificates = join(journey.folder, 'ledger', 'organizations', 'hospital-b', 'node');

    await expect(
      start('with-other-keys', {
        MEDSEAL_KEY_FILE: join(keys, 'node.key'),
        MEDSEAL_KEY_PASSPHRASE_FILE: join(keys, 'passphrase'),
      }),
    ).rejects.toThrow('KEY_FILE_FOREIGN');
    await expect(
      start('with-another-certificate', {
        MEDSEAL_TLS_CERTIFICATE: join(certificates, 'cert.pem'),
        MEDSEAL_TLS_KEY: join(certificates, 'key.pem'),
      }),
    ).rejects.toThrow('REPLICA_DIFFERS');
    expect((await askThrough(two, patient)).outcome).toBe('permitted');
  });

  it('number the accesses of each patient without a gap, and keep one log without a fork', async () => {
    await Promise.all(
      Array.from({ length: 60 }, (_, at) => read(at % 2 === 0 ? one : two, patient.recordIds[0] ?? '')),
    );

    await expectSequences();
    await expectLog(one);
  });
});

const bearer = (): Promise<string> => one.story.staff(`clinician@${hospital}`);

async function expectSequences(): Promise<void> {
  const { rows } = await journey
    .database(hospital)
    .query<{ entries: string; first: string; last: string; end: string }>(
      `select count(*) as entries, min(patient_sequence) as first, max(patient_sequence) as last,
              max(kept.last) as end
       from audit_event join access_sequence kept using (patient_token) group by patient_token`,
    );
  expect(rows.length).toBeGreaterThan(2);
  for (const { entries, first, last, end } of rows)
    expect([first, last, end]).toEqual(['1', entries, entries]);
}

/** The log has every leaf in its place, and is what the ledger holds of it. */
async function expectLog({ story }: Replica): Promise<number> {
  const { anchoredSize } = await untilAnchored(story);
  await expectOwnLog(journey, hospital);
  return anchoredSize;
}

describe('one process that is killed under load', () => {
  const history: History = {
    operations: [],
    counter: { id: '', acknowledged: 1, attempted: 1 },
    reads: 0,
    violations: [],
    revoked: new Map(),
    consented: new Map(),
  };
  let revoked: EnrolledPerson;

  it('leaves everything acknowledged to the other, which goes on', async () => {
    revoked = await enrol(one.story, await takeInPerson(one.story, (of) => [observation(of)]));
    await untilPseudonymsKnown(journey);
    balancer.sendTo(one.peer, two.peer);
    const reference = `Patient/${patient.patientId}`;
    const body = observation(reference, { valueQuantity: { value: 1 } });
    history.counter.id = (await call(one, { method: 'POST', path: '/fhir/R4/Observation', body })).body.id;
    const loads = [one, two].map(({ story, api }) =>
      startLoad(history, {
        ...{ story, patient, revoked, apiUrl: `https://localhost:${api}` },
        random: Math.random,
      }),
    );
    const acknowledged = (): number =>
      history.operations.filter((each) => each.state === 'acknowledged').length;
    try {
      await eventually('the load at work', async () => (acknowledged() >= 20 ? true : undefined));
      const anchored = (await logOf(two)).anchoredSize;
      await one.running.kill();
      const atKill = acknowledged();
      const killedAt = Date.now();

      await eventually('further writes', async () => (acknowledged() > atKill + 20 ? true : undefined));
      await eventually('further anchors', async () =>
        (await logOf(two)).anchoredSize > anchored ? true : undefined,
      );
      expect(Date.now() - killedAt).toBeLessThan(30_000);
    } finally {
      await Promise.all(loads.map((load) => load.stop()));
    }

    await expectWrites(history, { story: two.story, patient });
    await expectSequences();
    await expectLog(two);
  });

  it('hands its work over: what waited for the ledger and for the identity service is done', async () => {
    const person = await enrol(two.story, await takeInPerson(two.story));
    const consent = await grant(two.story, person, terms);

    await untilPseudonymsKnown(journey);
    await eventually('the consent on the ledger', async () => {
      const { body } = await two.client.call<{ ledger: { state: string } }>(
        'GET',
        `/consents/${consent.id}`,
        { bearer: person.bearer },
      );
      return body.ledger.state === 'active' ? true : undefined;
    });
    expect((await two.client.call('GET', '/readyz')).status).toBe(200);
    expect((await askThrough(two, patient)).outcome).toBe('permitted');
  });

  it('comes back beside the other, and both serve again', async () => {
    await journey.alliance.startNode(hospital);
    one = firstReplica(journey, hospital);
    patient = await signIn(one.story, patient);
    const [id = ''] = patient.recordIds;

    expect((await read(one, id)).body).toEqual((await read(two, id)).body);
    expect((await askThrough(one, patient)).outcome).toBe('permitted');
    await expectLog(one);
  });
});

type LogStatus = { log: { treeSize: number; anchoredSize: number; pending: number } };

async function logOf({ client }: Replica): Promise<LogStatus['log']> {
  return expectStatus(await client.call<LogStatus>('GET', '/status'), 200).log;
}
