import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectStatus } from '../demo/client.ts';
import { demoPorts } from '../demo/organizations.ts';
import { clientOf } from '../demo/story.ts';
import { parseBundle } from '../evidence/src/index.ts';
import { openKeyFile } from '../node/src/adapters/keys/file.ts';
import { createPeerClient } from '../node/src/adapters/peers/http.ts';
import { askSource } from '../node/src/exchange/ask-source.ts';
import { membersIn, type OrganizationId } from '../node/src/identity/index.ts';
import { systemClock } from '../node/src/lib/clock.ts';
import { newId } from '../node/src/lib/ids.ts';
import { type Journey, startJourney, untilAnchored, untilPseudonymsKnown } from './journey/alliance.ts';
import { formsOf, foundIn, foundUnder } from './journey/canaries.ts';
import { verifyOffline, writeTrustPolicy } from './journey/evidence.ts';
import { openLog } from './journey/log.ts';
import {
  ask,
  type EnrolledPerson,
  enrol,
  eraseByTwo,
  grant,
  nationalIdSystem,
  pseudonymOf,
  takeInPerson,
} from './journey/people.ts';
import { type RecordingProxy, startProxy } from './journey/proxy.ts';
import { condition, medicationRequest, observation } from './journey/records.ts';

// One mark that is in every text, and one of letters that no other text has; found by nothing but what was planted.
const mark = `Zq7${randomBytes(9).toString('base64url').replaceAll(/[-_]/g, 'x')}`;
const chinese = [...randomBytes(6)].map((byte) => String.fromCodePoint(0x4e00 + 0x1000 + byte * 16)).join('');
const plant = (place: string): string => `${place} ${mark} ${chinese} ${mark}`;

let journey: Journey;
let proxies: { a: RecordingProxy; regulator: RecordingProxy; ledger: RecordingProxy };
let patient: EnrolledPerson & { recordIds: string[] };
let other: EnrolledPerson & { recordIds: string[] };
let keptProof: string;

const needles = () => [
  ...formsOf(mark),
  ...formsOf(chinese),
  ...[patient, other].flatMap(({ nationalId }) => formsOf(nationalId)),
];

beforeAll(async () => {
  const [a, regulator, ledger] = [await startProxy(), await startProxy(), await startProxy()];
  proxies = { a, regulator, ledger };
  journey = await startJourney({
    only: ['regulator', 'hospital-a', 'hospital-b'],
    settingsFor: (organizationId, base) => {
      const ports = demoPorts(base);
      a.target = ports.nodes['hospital-a']?.peer ?? 0;
      regulator.target = ports.nodes['regulator']?.peer ?? 0;
      ledger.target = ports.ledger;
      const toLedger = { MEDSEAL_LEDGER_ENDPOINT: `localhost:${ledger.port}` };
      const proxy = { 'hospital-a': a, regulator }[organizationId];
      const url = proxy === undefined ? {} : { MEDSEAL_NODE_URL: `https://localhost:${proxy.port}` };
      return { ...toLedger, ...url, MEDSEAL_LOG_LEVEL: 'debug' };
    },
  });
  await keepWalReadable();
  patient = await plantPatient();
  other = await plantPatient();
  await untilPseudonymsKnown(journey);
  await untilAnchored(journey.story);
});
afterAll(async () => {
  await journey?.stop();
  for (const proxy of Object.values(proxies ?? {})) proxy.close();
});

/** Page images in the write-ahead log are compressed otherwise, and a text in them could not be found. */
async function keepWalReadable(): Promise<void> {
  for (const organizationId of ['hospital-a', 'hospital-b', 'regulator']) {
    const database = journey.database(organizationId);
    await database.query('alter role medseal set wal_compression = off');
    await database.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()',
    );
  }
}

/** A patient whose every text is planted. */
async function plantPatient(): Promise<EnrolledPerson & { recordIds: string[] }> {
  const note = [{ text: plant('note') }];
  const code = (system: string) => ({
    coding: [{ system, code: mark, display: plant('display') }],
    text: plant('code'),
  });
  const person = await takeInPerson(
    journey.story,
    (reference) => [
      observation(reference, {
        note,
        code: code('http://loinc.org'),
        valueString: plant('value'),
        valueQuantity: undefined,
      }),
      medicationRequest(reference, { note, medicationCodeableConcept: code('http://snomed.info/sct') }),
      condition(reference, { note, code: code('http://hl7.org/fhir/sid/icd-10') }),
      {
        resourceType: 'DocumentReference',
        status: 'current',
        subject: { reference },
        content: [
          {
            attachment: {
              contentType: 'text/plain',
              title: plant('title'),
              data: Buffer.from(plant('document').repeat(50)).toString('base64'),
            },
          },
        ],
      },
    ],
    {
      name: [{ family: plant('family'), given: [plant('given')] }],
      telecom: [{ system: 'phone', value: plant('phone') }],
      address: [{ text: plant('address'), city: chinese }],
      text: {
        status: 'generated',
        div: `<div xmlns="http://www.w3.org/1999/xhtml">${plant('narrative')}</div>`,
      },
    },
  );
  return enrol(journey.story, person);
}

const read = async (path: string, username = 'clinician@hospital-a', headers = {}) =>
  clientOf(journey.story, 'hospital-a').call('GET', path, {
    bearer: await journey.story.staff(username),
    headers,
  });

/** All rows of all tables of a node as text, bytes in hex. */
async function dump(organizationId: string): Promise<Buffer> {
  const database = journey.database(organizationId);
  const { rows: tables } = await database.query<{ name: string }>(
    `select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`,
  );
  const parts: string[] = [];
  for (const { name } of tables) {
    const { rows } = await database.query<{ row: string }>(`select one::text as row from "${name}" one`);
    parts.push(...rows.map(({ row }) => row));
  }
  return Buffer.from(parts.join('\n'));
}

describe('texts planted in records', () => {
  it('come back to those who may read them, here and at a partner', async () => {
    const { patientId, recordIds } = patient;
    await grant(journey.story, patient, { recipients: ['hospital-b'], purposes: ['TREAT'], types: 'all' });
    const family = encodeURIComponent(chinese);
    const identifier = encodeURIComponent(`${nationalIdSystem}|${patient.nationalId}`);
    const found = await read(`/fhir/R4/Patient?identifier=${identifier}`);
    const answers = [
      await read(`/fhir/R4/Patient/${patientId}`),
      await read(`/fhir/R4/Observation/${recordIds[0]}`),
      await read(`/fhir/R4/Observation?patient=${patientId}&code=${mark}`),
      await read(`/fhir/R4/Condition/${recordIds[2]}/_history`),
      await read(`/fhir/R4/Patient/${patientId}/$everything`),
    ];
    // Refused ones are logged, too.
    await read(`/fhir/R4/Observation/${mark}`);
    await read(`/fhir/R4/Patient?name=${family}`);
    await read(`/fhir/R4/Observation?patient=${patientId}&${mark}=${family}`);
    await read(`/fhir/R4/Patient/${patientId}`, 'clinician@hospital-a', {
      'user-agent': mark,
      referer: mark,
    });
    const asked = await ask(journey.story, 'clinician@hospital-b', {
      nationalId: patient.nationalId,
      types: ['Observation', 'MedicationRequest', 'Condition', 'DocumentReference', 'Patient'],
    });

    expect(JSON.stringify(found.body)).toContain(patientId);
    for (const answer of answers) {
      expect(answer.status).toBe(200);
      expect(JSON.stringify(answer.body)).toContain(mark);
    }
    expect(asked.outcome).toBe('permitted');
    expect(asked.records).toHaveLength(5);
    expect(JSON.stringify(asked.records)).toContain(chinese);
  });

  it('are sealed for the partner inside of TLS, too: only its key opens what is carried', async () => {
    const { story, alliance, database } = journey;
    const own = join(alliance.folder, 'ledger', 'organizations', 'hospital-b', 'node');
    const keyFile = join(alliance.folder, 'keys', 'hospital-b');
    const opened = await openLog(journey, 'hospital-b');
    const peers = createPeerClient({
      identity: { certificate: readFileSync(join(own, 'cert.pem')), key: readFileSync(join(own, 'key.pem')) },
      rootsOf: () => [alliance.ca('hospital-a')],
    });
    const carried: Uint8Array[] = [];
    const outcome = await askSource(
      { organizationId: 'hospital-a', source: await membersIn(database('hospital-b')).get('hospital-a') },
      {
        v: 1,
        requestId: newId(),
        pseudonym: pseudonymOf(story, patient.nationalId),
        purpose: 'TREAT',
        types: ['Observation', 'DocumentReference', 'Patient'],
        count: 100,
        staff: { staffId: 'b-1', displayName: 'B', roles: ['clinician'] },
      },
      {
        organizationId: 'hospital-b' as OrganizationId,
        keyStore: openKeyFile({
          path: join(keyFile, 'node.key'),
          passphrase: readFileSync(join(keyFile, 'passphrase'), 'utf8'),
        }),
        clock: systemClock,
        log: opened.log,
        peers: {
          send: async (request) => {
            const reply = await peers.send(request);
            carried.push(request.body, reply.body);
            return reply;
          },
        },
      },
    );
    peers.close();
    await opened.close();

    expect(JSON.stringify(outcome)).toContain(chinese);
    expect(carried).toHaveLength(2);
    expect(foundIn(Buffer.concat(carried), needles())).toEqual([]);
  });

  it('leave nothing behind when a patient is erased but the leaves, and other proofs still hold', async () => {
    const { story } = journey;
    const leaves = async () =>
      (
        await journey
          .database('hospital-a')
          .query('select leaf_id, digest from evidence_leaf order by leaf_id')
      ).rows;
    const proofPath = `/fhir/R4/Observation/${other.recordIds[0]}/_history/1/$proof`;
    keptProof = JSON.stringify(expectStatus(await read(proofPath), 200));
    const before = await leaves();
    const erasing = await eraseByTwo(story, patient.patientId);
    const nationalId = patient.nationalId;
    const asked = await ask(story, 'clinician@hospital-b', { nationalId, types: ['Observation'] });
    const { rows: keys } = await journey
      .database('hospital-a')
      .query<{ wrapped: Buffer | null }>(
        'select wrapped_key as wrapped from patient_key where destroyed_at is not null',
      );

    expect(erasing).toEqual([202, 204]);
    for (const gone of [
      `/fhir/R4/Patient/${patient.patientId}`,
      `/fhir/R4/Observation/${patient.recordIds[0]}`,
      `/fhir/R4/Observation/${patient.recordIds[0]}/_history/1`,
      `/fhir/R4/Patient/${patient.patientId}/$everything`,
    ])
      expect((await read(gone)).status, gone).toBe(404);
    expect(asked).toMatchObject({ outcome: 'denied', reasons: [{ rule: 'consent.none' }] });
    expect(keys).toEqual([{ wrapped: null }]);
    expect((await leaves()).slice(0, before.length)).toEqual(before);
    await untilAnchored(story);
    const opened = await openLog(journey, 'hospital-a');
    expect(await opened.log.verifyOwnLog()).toMatchObject({ ok: true });
    await opened.close();
    const policy = await writeTrustPolicy(journey);
    expect(verifyOffline(journey, { proof: keptProof, policy })).toMatchObject({ exit: 0 });
    const fresh = JSON.stringify(expectStatus(await read(proofPath), 200));
    expect(verifyOffline(journey, { proof: fresh, policy })).toMatchObject({ exit: 0 });
  });

  it('leave no byte about another patient in a bundle, blocks unpacked', () => {
    const { anchor, configBlocks, confirmation } = parseBundle(JSON.parse(keptProof));
    const blocks = Buffer.concat([...configBlocks, anchor.block, confirmation?.block ?? new Uint8Array(0)]);
    const { patientId, nationalId, recordIds } = patient;
    const names = [patientId, nationalId, ...recordIds].flatMap(formsOf);

    expect(foundIn(Buffer.concat([Buffer.from(keptProof), blocks]), names)).toEqual([]);
    expect(foundIn(blocks, needles())).toEqual([]);
    expect(keptProof).toContain(other.recordIds[0]);
    expect(Buffer.byteLength(keptProof)).toBeLessThanOrEqual(64 * 1024);
  });

  it('are nowhere in what the nodes, the ledger and PostgreSQL keep, and not in what they send each other', async () => {
    const { folder, database } = journey;
    await database('hospital-a').query('checkpoint');
    const dumps = await Promise.all(['hospital-a', 'hospital-b', 'regulator'].map(dump));
    const traffic = Object.values(proxies).map((proxy) => proxy.recorded());
    const own = ['proof.json', 'trust.json'].map((name) => join(folder, name));

    const kept = foundUnder(folder, needles());
    expect(kept.found.filter((place) => !own.some((file) => place.endsWith(file)))).toEqual([]);
    expect(foundIn(Buffer.concat(dumps), needles())).toEqual([]);
    expect(foundIn(Buffer.concat(traffic), needles())).toEqual([]);

    // The same search finds what must be there, in every form.
    for (const before of ['', 'a', 'ab']) {
      const text = `${before}${mark}, ${chinese}.`;
      for (const encoding of ['utf8', 'utf16le', 'hex', 'base64'] as const) {
        const bytes =
          encoding === 'utf16le'
            ? Buffer.from(text, encoding)
            : Buffer.from(Buffer.from(text).toString(encoding));
        const texts = foundIn(bytes, [...formsOf(mark), ...formsOf(chinese)]).map(
          (name) => name.split(' as ')[0],
        );
        expect(new Set(texts).size).toBe(2);
      }
    }
    expect(kept.found.some((place) => place.endsWith('proof.json'))).toBe(true);
    const control = formsOf('hospital-b').slice(0, 1);
    for (const part of ['postgres/base', 'postgres/pg_wal', 'logs', 'ledger'])
      expect(foundUnder(join(folder, part), control).found.length, part).toBeGreaterThan(0);
    expect(kept.bytes).toBeGreaterThan(50_000_000);
    for (const bytes of dumps) expect(foundIn(bytes, control)).toHaveLength(1);
    for (const bytes of traffic) {
      expect(bytes.length).toBeGreaterThan(5_000);
      // TLS records: handshake and application data.
      expect(bytes.includes(Buffer.of(0x16, 0x03)) && bytes.includes(Buffer.of(0x17, 0x03, 0x03))).toBe(true);
    }
  });
});
