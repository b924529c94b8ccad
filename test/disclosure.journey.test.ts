import { readFileSync } from 'node:fs';
import { type EvidenceBundle, factsOf, fromBase64, WrittenNumber } from '@medseal/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiAnswer, expectStatus } from '../demo/client.ts';
import { clientOf, eventually, must } from '../demo/story.ts';
import { unpackBlocks } from '../evidence/src/packed-blocks.ts';
import { rs256 } from '../evidence/test/release.ts';
import { resealed } from '../evidence/test/unpacked.ts';
import { compareVerifiers, findPython } from '../scripts/check-verifiers.ts';
import { type CorpusCase, corpusCase } from './corpus/case.ts';
import { type Journey, startJourney, untilAnchored, untilPseudonymsKnown } from './journey/alliance.ts';
import { formsOf, foundIn } from './journey/canaries.ts';
import { accessesOf, verifyOffline, writeTrustPolicy } from './journey/evidence.ts';
import { ask, type EnrolledPerson, enrol, grant, revoke, takeInPerson } from './journey/people.ts';
import { condition, observation } from './journey/records.ts';

type Bundle = Record<string, never> & EvidenceBundle;
type Given = {
  id: string;
  withheld: string[];
  type: string;
  version: string;
  proof: Record<string, unknown>;
};

const python = findPython();
if ('reason' in python) console.warn(`SKIPPED, only one verifier judges: ${python.reason}`);

let journey: Journey;
let patient: EnrolledPerson;
let other: EnrolledPerson;
let policy: string;
/** What hospital B's clinician got, as the node answered. */
let given: Given[];
let requestId: string;
let path: string;

beforeAll(async () => {
  journey = await startJourney({ only: ['hospital-a', 'hospital-b', 'regulator'] });
  const { story } = journey;
  const records = (reference: string) => [
    observation(reference, {
      valueQuantity: { value: new WrittenNumber('13.10'), unit: 'g/dL' },
      note: [{ text: '服药后复测' }],
    }),
    observation(reference, { valueQuantity: { value: new WrittenNumber('97.250'), unit: 'g/dL' } }),
    condition(reference),
  ];
  // One has a passkey of Windows Hello's kind.
  patient = await enrol(story, await takeInPerson(story, records), rs256());
  other = await enrol(story, await takeInPerson(story, records));
  await untilPseudonymsKnown(journey);
  for (const person of [patient, other])
    await grant(story, person, { recipients: ['hospital-b'], purposes: ['TREAT'], types: ['Observation'] });
  await untilAnchored(story);
  const { nationalId } = patient;
  const answer = await eventually('a release to hospital B', async () => {
    const reply = await ask(story, 'clinician@hospital-b', {
      ...{ nationalId, types: ['Observation', 'Condition'], proofs: 'include' },
    });
    return reply.outcome === 'permitted' && reply.records?.length === 2 ? reply : undefined;
  });
  await ask(story, 'clinician@hospital-b', { nationalId: other.nationalId, types: ['Observation'] });
  // The one with a note first.
  given = (answer.records as unknown as Given[]).toSorted(
    (one, two) => two.withheld.length - one.withheld.length,
  );
  for (const id of ['hospital-a', 'hospital-b']) await untilAnchored(story, id);
  policy = await writeTrustPolicy(journey);
  ({ requestId, path } = await fromOwnHistory());
});
afterAll(() => journey?.stop());

/** The patient finds the disclosure in the own history: request, partner and records stand there. */
async function fromOwnHistory(): Promise<{ requestId: string; path: string }> {
  const accesses = await accessesOf(journey.story, patient);
  const entries = accesses.filter(({ content }) => content.auditEvent.subtype?.[0]?.code === 'disclose');
  const entry = must(
    entries.findLast(({ content }) => content.auditEvent.outcome === '0'),
    'the disclosure',
  );
  const facts = factsOf(entry.content);
  const partner = must(
    facts.organizations.find((id) => id !== 'hospital-a'),
    'the partner',
  );
  const [first] = given;
  const record = must(
    facts.instances.find((reference) => reference.includes(String(first?.id))),
    'the record',
  );
  const id = must(facts.requestId, 'the request');
  return { requestId: id, path: `/exchange/requests/${id}/${partner}/${record}/$proof` };
}

async function get(bearer: string, at = path): Promise<ApiAnswer<Bundle & { code?: string }>> {
  return clientOf(journey.story, 'hospital-a').call('GET', at, { bearer });
}

async function post(
  username: string,
  proof: unknown,
  under = requestId,
): Promise<ApiAnswer<Bundle & { code?: string }>> {
  const bearer = await journey.story.staff(username);
  const at = `/exchange/requests/${under}/hospital-a/$proof`;
  return clientOf(journey.story, 'hospital-b').call('POST', at, { bearer, body: { proof } });
}

const own = async (): Promise<Bundle> => expectStatus(await get(patient.bearer), 200);
const ofStaff = async (username: string): Promise<Bundle> =>
  expectStatus(await get(await journey.story.staff(username)), 200);
const received = async (): Promise<Bundle> =>
  expectStatus(await post('clinician@hospital-b', given[0]?.proof), 200);

/** Both verifiers judge these files, and agree. */
function expectBoth(cases: readonly CorpusCase[]): void {
  if ('reason' in python) return;
  expect(compareVerifiers(python.command, cases).differences).toEqual([]);
}

function verify(bundle: Bundle): { exit: number | null; text: string } {
  const text = JSON.stringify(bundle);
  expectBoth([corpusCase('bundle', text, readFileSync(policy, 'utf8'), 'valid')]);
  return verifyOffline(journey, { proof: text, policy });
}

describe('the evidence bundle of one disclosure', () => {
  it('proves to the patient who got what, on which decision and which own signature', async () => {
    const bundle = await own();

    const { exit, text } = verify(bundle);

    expect(exit).toBe(0);
    expect(text).toMatch(/✓ release.*hospital-a → hospital-b, TREAT/s);
    expect(text).toContain('✓ consent');
    expect(bundle.disclosure.elements.find(({ name }) => name === 'note')).not.toHaveProperty('value');
    expect(JSON.stringify(bundle).length).toBeLessThanOrEqual(65_536);
  });

  it('holds nothing about other patients, and nothing of the patient but this record and the consent', async () => {
    const bundle = await own();
    const { blocks, ...members } = bundle;
    const bytes = Buffer.concat([Buffer.from(JSON.stringify(members)), ...unpackBlocks(fromBase64(blocks))]);
    const canaries = [
      ...[other.patientId, other.nationalId, patient.nationalId],
      ...['服药后复测', '97.25', 'Hypertension', ...given.slice(1).map(({ id }) => id)],
    ];

    expect(foundIn(bytes, canaries.flatMap(formsOf))).toEqual([]);
    expect(foundIn(bytes, formsOf('Hemoglobin'))).not.toEqual([]);
  });

  it('proves the same to the privacy officer and the administrator without showing the record', async () => {
    const [officer, administrator] = [
      await ofStaff('privacy@hospital-a'),
      await ofStaff('administrator@hospital-a'),
    ];

    for (const bundle of [officer, administrator]) {
      const shown = bundle.disclosure.elements.filter((element) => 'value' in element);
      expect(shown.map(({ name }) => name)).toEqual(['id', 'resourceType']);
      expect(JSON.stringify(bundle.disclosure)).not.toContain('Hemoglobin');
      expect(verify(bundle)).toMatchObject({ exit: 0, text: expect.stringContaining('✓ release') });
    }
    expect(verify(officer).text).toContain('✓ consent');
  });

  it('proves at the requester what was received, though no record is kept there', async () => {
    const bundle = await received();

    const { exit, text } = verify(bundle);

    expect([exit, text]).toEqual([0, expect.stringMatching(/✓ release.*hospital-a → hospital-b/s)]);
    expect(bundle).not.toHaveProperty('consent');
    expect(JSON.stringify(bundle)).toContain('Hemoglobin');
    expect(JSON.stringify(bundle)).not.toContain('服药后复测');
  });

  it('keeps decimals as they were written, from the source’s own reads to the partner’s proof', async () => {
    const { story } = journey;
    const client = clientOf(story, 'hospital-a');
    const bearer = await story.staff('clinician@hospital-a');
    const at = `/fhir/R4/Observation`;
    const [noted] = given;
    const question = { nationalId: patient.nationalId, types: ['Observation'], purpose: 'TREAT', count: 256 };
    const body = { ...question, sources: ['hospital-a'], proofs: 'include' };
    const partner = await story.staff('clinician@hospital-b');

    const answers = await Promise.all([
      client.call('GET', `${at}?patient=${patient.patientId}`, { bearer }),
      client.call('GET', `${at}/${noted?.id}`, { bearer }),
      client.call('GET', `${at}/${noted?.id}/_history`, { bearer }),
      client.call('GET', `${at}?patient=${patient.patientId}&_elements=value`, { bearer }),
      clientOf(story, 'hospital-b').call('POST', '/exchange/requests', { bearer: partner, body }),
    ]);

    for (const { text } of answers) expect(text).toContain('"value":13.10,');
    expect(answers[0].text).toContain('"value":97.250,');
    expect(answers[4].text).toContain('"value":97.250,');
    // The bundle's own text is canonical: the double that was committed to.
    expect((await get(patient.bearer)).text).toContain('"value":13.1');
  });

  it('is not there for others, and the requester makes none of a record that was not received', async () => {
    const { staff } = journey.story;
    const foreign = path.replace('hospital-b', 'regulator');
    const bent = structuredClone(given[0]?.proof) as { leafIndex: number };
    bent.leafIndex += 1;

    const refused = await Promise.all([
      get(other.bearer),
      get(await staff('clinician@hospital-a')),
      get(patient.bearer, foreign),
      get(patient.bearer, path.replace(requestId, crypto.randomUUID())),
      get(patient.bearer, path.replace('_history/1', '_history/2')),
      get(patient.bearer, path.replace('_history/1', '_history/x')),
      post('registrar@hospital-b', given[0]?.proof),
      post('clinician@hospital-b', given[0]?.proof, crypto.randomUUID()),
    ]);
    const invalid = await post('clinician@hospital-b', bent);
    const malformed = await post('clinician@hospital-b', { leaf: 1 });

    for (const { status, body } of refused) expect([status, body.code]).toEqual([404, 'EXCHANGE_NOT_FOUND']);
    expect([invalid.status, invalid.body.code]).toEqual([422, 'EXCHANGE_PROOF_INVALID']);
    expect([malformed.status, malformed.body.code]).toEqual([400, 'EXCHANGE_REQUEST_INVALID']);
  });

  it('is refused by both verifiers with anything about the disclosure changed', async () => {
    const bundle = await own();
    const trust = readFileSync(policy, 'utf8');
    const of = expectStatus(await get(other.bearer, await pathOf(other)), 200);
    const cases = tamperings(of).map(([name, change, expected]) => {
      const copy = structuredClone(bundle);
      change(copy);
      return corpusCase(name, JSON.stringify(resealed(withoutDigest(copy))), trust, expected);
    });
    const untouched = corpusCase(
      'untouched',
      JSON.stringify(resealed(withoutDigest(bundle))),
      trust,
      'valid',
    );

    expectBoth([untouched, ...cases]);
    for (const { name, file } of cases) {
      const { exit } = verifyOffline(journey, { proof: Buffer.from(file).toString('utf8'), policy });
      expect(exit, name).toBe(1);
    }
  });

  it('stands in the history of the patient each time, and outlives the end of the consent', async () => {
    const before = await accessesOf(journey.story, patient);
    await own();
    await ofStaff('privacy@hospital-a');
    await get(await journey.story.staff('clinician@hospital-a'));
    const added = (await accessesOf(journey.story, patient)).slice(before.length);
    const consentId = String((await own()).consent?.content['consent' as never]['id']);
    await revoke(journey.story, patient, consentId);

    expect(added.map(({ content }) => content.auditEvent.outcome)).toEqual(['0', '0', '4']);
    expect(verify(await own()).text).toContain('✓ consent');
  });
});

async function pathOf(person: EnrolledPerson): Promise<string> {
  const accesses = await accessesOf(journey.story, person);
  const entry = accesses.findLast(({ content }) => content.auditEvent.subtype?.[0]?.code === 'disclose');
  const facts = factsOf(entry?.content);
  return `/exchange/requests/${facts.requestId}/hospital-b/${facts.instances[0]}/$proof`;
}

function withoutDigest({ digest: _digest, ...members }: Bundle): object {
  return members;
}

type Open = { [member: string]: Open } & { push(item: unknown): void };
type Tampering = [
  name: string,
  change: (bundle: Bundle) => void,
  expected: 'tampered' | `tampered ${string}`,
];

/** `of`: a valid bundle about somebody else. */
function tamperings(of: Bundle): Tampering[] {
  const set = (bundle: Bundle, where: string, value: unknown): void => {
    const names = where.split('.');
    const last = names.pop() ?? '';
    const parent = names.reduce<Open>((each, name) => each[name] as Open, bundle as unknown as Open);
    parent[last] = value as Open;
  };
  const put = (where: string, value: unknown, code?: string): Tampering => [
    `${where} changed`,
    (bundle) => set(bundle, where, value),
    code === undefined ? 'tampered' : `tampered ${code}`,
  ];
  return [
    put('release.receipt.requester', 'hospital-c', 'RELEASE_SIGNATURE'),
    put('release.receipt.purpose', 'HRESCH', 'RELEASE_SIGNATURE'),
    put('release.receipt.at', '2026-01-01T00:00:00.000Z', 'RELEASE_SIGNATURE'),
    put('release.receipt.records', [], 'RELEASE_SIGNATURE'),
    put('release.receipt', of.release?.receipt, 'RELEASE_RECORD'),
    put('release.decision', of.release?.decision, 'RELEASE_DECISION'),
    put('release.decision.permit', false, 'RELEASE_DECISION'),
    put('release.decision.consents', [], 'RELEASE_DECISION'),
    put('release', of.release, 'RELEASE_RECORD'),
    put('consent', of.consent),
    put('consent.salt', '00'.repeat(32), 'CONSENT_COMMITMENT'),
    put('consent.content.consent.status', 'inactive', 'CONSENT_COMMITMENT'),
    put('consent.content.assertion.signature', 'AAAA', 'CONSENT_COMMITMENT'),
    put('consent.leaf.at', '2026-01-01T00:00:00.000Z', 'CONSENT_INCLUSION'),
    put('consent.inclusionProof', [], 'CONSENT_INCLUSION'),
    put('disclosure', of.disclosure, 'LEAF_DIGEST'),
    put('leaf', of.leaf, 'LEAF_DIGEST'),
    put('leafIndex', of.leafIndex),
  ];
}
