import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commitRecord, hex, parseBlock, transactionsOf } from '@medseal/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectStatus } from '../demo/client.ts';
import { nationalIdOf } from '../demo/national-id.ts';
import { clientOf, must } from '../demo/story.ts';
import { blockByNumber } from '../node/src/adapters/fabric/contracts.ts';
import { openKeyFile } from '../node/src/adapters/keys/file.ts';
import { patientToken } from '../node/src/crypto/index.ts';
import type { PatientId } from '../node/src/lib/brand.ts';
import { type Journey, startJourney, untilAnchored, untilPseudonymsKnown } from './journey/alliance.ts';
import { filesUnder } from './journey/canaries.ts';
import { guessesOf, identityNumbers, type SearchableDump, searchable } from './journey/dictionary.ts';
import { verifyOffline, writeTrustPolicy } from './journey/evidence.ts';
import { type OpenedLog, openLog } from './journey/log.ts';
import {
  ask,
  type EnrolledPerson,
  enrol,
  eraseByTwo,
  grant,
  pseudonymOf,
  revoke,
  takeInPerson,
} from './journey/people.ts';
import { observation } from './journey/records.ts';

type Patient = EnrolledPerson & { recordIds: string[] };

// Every patient of this journey was born on 9 April 1961 in the county 999999.
const season = { from: '1961-04-01', to: '1961-06-01' };

let journey: Journey;
let opened: OpenedLog;
let patients: Patient[];

beforeAll(async () => {
  journey = await startJourney({ only: ['regulator', 'hospital-a', 'hospital-b'] });
  const { story } = journey;
  const takeIn = async () =>
    enrol(story, await takeInPerson(story, (reference) => [observation(reference), observation(reference)]));
  patients = [await takeIn(), await takeIn()];
  await untilPseudonymsKnown(journey);
  for (const patient of patients) {
    const terms = { recipients: ['hospital-b'], purposes: ['TREAT'], types: 'all' };
    const consent = await grant(story, patient, terms);
    const question = { nationalId: patient.nationalId, types: ['Observation', 'Patient'] };
    expect(await ask(story, 'clinician@hospital-b', question)).toMatchObject({ outcome: 'permitted' });
    await revoke(story, patient, consent.id);
    await grant(story, patient, terms);
  }
  await untilAnchored(story);
  await untilAnchored(story, 'hospital-b');
  opened = await openLog(journey, 'hospital-a');
});
afterAll(async () => {
  await opened?.close();
  await journey?.stop();
});

/** Every block of the channel, from the first to the last. */
async function allBlocks(): Promise<Buffer[]> {
  const height = await opened.ledger.port.chainHeight();
  const numbers = [...Array(Number(height)).keys()];
  return Promise.all(
    numbers.map(async (number) => Buffer.from(await blockByNumber(opened.ledger.connection, number))),
  );
}

/** What stands on the ledger beside a consent's commitment and could have been taken for a salt. */
function saltsOn(blocks: readonly Buffer[]): Buffer[] {
  const ids = blocks
    .slice(1)
    .flatMap((block) => transactionsOf(parseBlock(block)))
    .flatMap(({ writes }) => writes.map(({ key }) => key.split('\u0000')))
    .flatMap(([, kind, id]) => (kind === 'consent' && id !== undefined ? [id] : []));
  return [...new Set(ids)].flatMap((id) => [Buffer.from(id), Buffer.from(id, 'hex')]);
}

/** Tries every number of the county that was born in the season. */
function attack(dump: SearchableDump, salts: readonly Buffer[]): { tried: number; found: string[] } {
  const found: string[] = [];
  let tried = 0;
  for (const id of identityNumbers(season)) {
    // The salts cost most; the patients' own birthday is where they would have to be found.
    for (const { how, bytes } of guessesOf(id, id.slice(6, 14) === '19610409' ? salts : [])) {
      tried += 1;
      if (dump.holds(bytes)) found.push(`${id}: ${how}`);
    }
  }
  return { tried, found };
}

describe('everything that is on the ledger', () => {
  it('says nothing of a person to whoever tries all numbers of a county, all kinds of hashes and the ledger’s own salts', async () => {
    const blocks = await allBlocks();
    const salts = saltsOn(blocks);
    const { tried, found } = attack(searchable(Buffer.concat(blocks)), salts);

    // The consents of both patients are there, and their numbers are among those that were tried.
    expect(salts.length).toBeGreaterThanOrEqual(2 * 2);
    const numbers = new Set(identityNumbers(season));
    expect(patients.every(({ nationalId }) => numbers.has(nationalId))).toBe(true);
    expect(numbers.size).toBe(61_000);
    expect(tried).toBeGreaterThan(660_000);
    expect(found).toEqual([]);
  });

  it('says nothing to a member that knows a patient’s pseudonym and logical id', async () => {
    const dump = searchable(Buffer.concat(await allBlocks()));
    for (const { nationalId, patientId, recordIds } of patients) {
      const pseudonym = Buffer.from(pseudonymOf(journey.story, nationalId), 'hex');
      const names = [pseudonym, Buffer.from(patientId), ...recordIds.map((id) => Buffer.from(id))];
      const hashed = names.flatMap((name) => [
        name,
        Buffer.from(name.toString('hex')),
        Buffer.concat([name, Buffer.from(nationalId)]),
        Buffer.concat([Buffer.from(nationalId), name]),
      ]);
      for (const bytes of [
        ...names,
        ...hashed.map((text) => createHash('sha256').update(text).digest().subarray(0, 16)),
      ])
        expect(dump.holds(bytes)).toBe(false);
    }
  });

  it('would have given away a number that somebody had put there as a plain hash', async () => {
    const planted = nationalIdOf('1961-05-20', 123);
    const digest = createHash('sha256').update(planted).digest('hex');
    const id = randomBytes(16).toString('hex');
    await opened.ledger.port.submit('consent', 'record', [id, '1', digest, 'active']);
    const salted = createHash('sha256').update(id).update(must(patients[0], 'a patient').nationalId);
    const saltedId = randomBytes(16).toString('hex');
    await opened.ledger.port.submit('consent', 'record', [saltedId, '1', salted.digest('hex'), 'active']);
    const blocks = await allBlocks();

    expect(attack(searchable(Buffer.concat(blocks)), saltsOn(blocks)).found.sort()).toEqual(
      [`${planted}: sha256`, `${patients[0]?.nationalId}: sha256 after a salt`].sort(),
    );
    // Whatever text it is written in, and cut to its half.
    for (const text of [digest, digest.slice(0, 32), Buffer.from(digest, 'hex').toString('base64')])
      for (const before of ['', 'a', 'a=', 'key:', '"'])
        expect(attackOne(planted, Buffer.from(`${before}${text}`))).toContain('sha256');
    expect(attackOne(planted, Buffer.from(`patient ${planted}`))).toEqual(['plain']);
  });
});

const attackOne = (id: string, dump: Buffer): string[] => {
  const { holds } = searchable(dump);
  return [...guessesOf(id, [])].filter(({ bytes }) => holds(bytes)).map(({ how }) => how);
};

/** All rows of all tables of a node, as a backup has them: bytes as bytes, the rest as text. */
async function backup(organizationId: string): Promise<Buffer[]> {
  const database = journey.database(organizationId);
  const { rows: tables } = await database.query<{ name: string }>(
    `select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`,
  );
  const parts: Buffer[] = [];
  for (const { name } of tables) {
    const { rows } = await database.query<Record<string, unknown>>(`select * from "${name}"`);
    for (const value of rows.flatMap((row) => Object.values(row)).flat())
      parts.push(Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value) ?? ''));
  }
  return parts;
}

const joined = (parts: readonly Buffer[]): Buffer =>
  Buffer.concat(parts.flatMap((part) => [part, Buffer.from('\n')]));

const keys = ['patient_key.wrapped_key', 'record_version.wrapped_key'];
const sealed = [
  'record_version.body_sealed',
  'record_version.index_sealed',
  'patient_identity.identity_sealed',
];

/** Keys and sealed content of one patient in hospital A's database, by the token that the hospital's key gives. */
async function secretsOf(patientId: string): Promise<Buffer[]> {
  const folder = join(journey.alliance.folder, 'keys', 'hospital-a');
  const passphrase = readFileSync(join(folder, 'passphrase'), 'utf8');
  const keyStore = openKeyFile({ path: join(folder, 'node.key'), passphrase });
  const token = patientToken(keyStore, patientId as PatientId);
  const found: Buffer[] = [];
  for (const [table = '', column = ''] of [...keys, ...sealed].map((name) => name.split('.'))) {
    const query = `select ${column} as bytes from ${table} where patient_token = $1`;
    const { rows } = await journey.database('hospital-a').query<{ bytes: Buffer | null }>(query, [token]);
    found.push(...rows.flatMap(({ bytes }) => bytes ?? []));
  }
  return found;
}

describe('after a patient was erased', () => {
  it('no key and nothing sealed is left in a backup made later, the ledger or the logs, and the evidence still verifies', async () => {
    const { story, folder } = journey;
    const [patient, other] = patients as [Patient, Patient];
    const read = async (path: string) =>
      expectStatus(
        await clientOf(story, 'hospital-a').call<{ [name: string]: unknown }>('GET', path, {
          bearer: await story.staff('clinician@hospital-a'),
        }),
        200,
      );
    const versionPath = `/fhir/R4/Observation/${patient.recordIds[0]}/_history/1`;
    const resource = await read(versionPath);
    const proof = (await read(`${versionPath}/$proof`)) as { leaf: { digest: string } };
    const secrets = await secretsOf(patient.patientId);
    const earlier = searchable(joined(await backup('hospital-a')));
    const remaining = await secretsOf(other.patientId);

    // Two records and the patient: a key and two sealed parts each, the patient's own key and identity.
    expect(secrets.length).toBeGreaterThanOrEqual(3 * 3 + 2);
    expect(secrets.every((bytes) => earlier.holds(bytes))).toBe(true);
    expect(await eraseByTwo(story, patient.patientId)).toEqual([202, 204]);
    await untilAnchored(story);

    const later = await backup('hospital-a');
    const logs = filesUnder(join(folder, 'logs')).map((file) => readFileSync(file));
    const partners = [...(await backup('hospital-b')), ...(await backup('regulator'))];
    const left = [...later, ...partners, ...logs, ...(await allBlocks())];
    const holdings = searchable(joined(left));
    expect(secrets.filter((bytes) => holdings.holds(bytes))).toEqual([]);
    expect(remaining.every((bytes) => holdings.holds(bytes))).toBe(true);
    // Who knows the whole record cannot even show that it is the one: no salt is left to show it with.
    expect(saltOf(resource, proof.leaf.digest, left)).toBeUndefined();
    const planted = randomBytes(32);
    const digest = hex(commitRecord(resource, planted));
    expect(saltOf(resource, digest, [...later, planted])).toBeDefined();
    const policy = await writeTrustPolicy(journey);
    expect(verifyOffline(journey, { proof: JSON.stringify(proof), policy })).toMatchObject({ exit: 0 });
    expect(await opened.log.verifyOwnLog()).toMatchObject({ ok: true });
  });
});

/** The value of 32 bytes, as bytes or as hex, under which the record has this digest. */
function saltOf(
  resource: Record<string, unknown>,
  digest: string,
  left: readonly Buffer[],
): Buffer | undefined {
  const written = left.flatMap((part) => part.toString('latin1').match(/[0-9a-f]{64}/g) ?? []);
  const values = [
    ...left.filter(({ length }) => length === 32),
    ...[...new Set(written)].map((text) => Buffer.from(text, 'hex')),
  ];
  return values.find((salt) => hex(commitRecord(resource, salt)) === digest);
}
