import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectStatus } from '../demo/client.ts';
import { identifyPatients, readBundle } from '../demo/load-patients.ts';
import type { SourceAnswer } from '../demo/steps/ask.ts';
import { clientOf, eventually } from '../demo/story.ts';
import { type Journey, root, startJourney, untilAnchored, untilPseudonymsKnown } from './journey/alliance.ts';
import {
  accessesOf,
  isInLog,
  isLogged,
  type LeafProof,
  logKeyOf,
  verifyOffline,
  writeTrustPolicy,
} from './journey/evidence.ts';
import {
  ask,
  type Consent,
  draftConsent,
  type EnrolledPerson,
  enrol,
  grant,
  revoke,
  unusedNationalId,
} from './journey/people.ts';
import { isSensitive, searchAll } from './journey/records.ts';

const asked = ['MedicationRequest', 'Observation', 'Condition'];
const granted = ['MedicationRequest', 'Observation'];
// What a partner never gets: it may repeat what a label or a type hides.
const withheldFromPartners = ['text', 'note', 'contained'];

let journey: Journey;
let patient: EnrolledPerson;
let consent: Consent;
let released: SourceAnswer;

beforeAll(async () => {
  journey = await startJourney();
});
afterAll(() => journey?.stop());

const clinician = (organizationId: string) =>
  ask(journey.story, `clinician@${organizationId}`, { nationalId: patient.nationalId, types: asked });

/** A denial without what differs from one answer to the next whoever it is about. */
function withoutIdsAndTimes(answer: SourceAnswer): string {
  const changing = ['exchangeId', 'requestDigest', 'decisionId', 'at', 'signature'];
  return JSON.stringify(answer, (name, value) =>
    changing.includes(name) ? `${typeof value} of ${String(value).length}` : value,
  );
}

describe('the exchange of one patient’s records', () => {
  it('begins with hospital A taking the patient in: every record is logged and anchored', async () => {
    let resources = 0;
    for (const name of ['00-hospitals', '01-practitioners', 'p043']) {
      const bundle = await readBundle(join(root, 'demo/data', `${name}.json.gz`));
      const [person] = identifyPatients(bundle, name);
      const bearer = await journey.story.staff('registrar@hospital-a');
      const answer = await clientOf(journey.story, 'hospital-a').call<{
        entry: { response: { location: string } }[];
      }>('POST', '/fhir/R4', { bearer, body: bundle });
      const { entry } = expectStatus(answer, 200);
      resources += entry.length;
      const place = bundle.entry.findIndex(({ resource }) => resource.resourceType === 'Patient');
      const patientId = entry[place]?.response.location.split('/').at(-3) ?? '';
      if (person !== undefined)
        patient = await enrol(journey.story, { patientId, nationalId: person.nationalId });
    }
    const log = await untilAnchored(journey.story);
    await untilPseudonymsKnown(journey);

    expect(resources).toBeGreaterThan(400);
    expect(log.treeSize).toBeGreaterThanOrEqual(resources);
  });

  it('is denied without consent, in Chinese and English, with what to do next', async () => {
    const answer = await clinician('hospital-b');

    expect(answer.outcome).toBe('denied');
    expect(answer.records).toBeUndefined();
    expect(answer.reasons).toEqual([
      {
        rule: 'consent.none',
        zh: expect.stringMatching(/\p{Script=Han}{5}/u),
        en: expect.stringMatching(/consent/),
        next: { zh: expect.stringMatching(/\p{Script=Han}{5}/u), en: expect.stringMatching(/[a-z]{4}/) },
      },
    ]);
  });

  it('is denied in the same bytes for somebody who was never a patient', async () => {
    const hidden = await clinician('hospital-b');
    const nationalId = unusedNationalId();
    const absent = await ask(journey.story, 'clinician@hospital-b', { nationalId, types: asked });

    expect(withoutIdsAndTimes(absent)).toBe(withoutIdsAndTimes(hidden));
  });

  it('is agreed to by the patient, in words that name who gets what', async () => {
    const terms = { recipients: ['hospital-b'], purposes: ['TREAT'], types: granted };
    const { summary } = await draftConsent(journey.story, patient, terms);
    consent = await grant(journey.story, patient, terms);
    const { bearer } = patient;
    const confirmed = await eventually('the consent on the ledger', async () => {
      const path = `/consents/${consent.id}`;
      const answer = await clientOf(journey.story, 'hospital-a').call<Consent>('GET', path, { bearer });
      return answer.body.ledger.state === 'active' ? answer.body : undefined;
    });

    expect(summary.zh).toContain('仁和医院');
    expect(summary.en).toContain('Renhe Hospital');
    expect(confirmed).toMatchObject({ version: 1, status: 'active' });
    expect(confirmed.ledger.txId).toMatch(/^[0-9a-f]{64}$/);
  });

  it('gives exactly what was granted: no other type, nothing sensitive, no narrative', async () => {
    await untilAnchored(journey.story);
    released = await ask(journey.story, 'clinician@hospital-b', {
      nationalId: patient.nationalId,
      types: asked,
      proofs: 'include',
    });
    const own: { resourceType: string; id: string }[] = [];
    for (const type of granted)
      own.push(
        ...(await searchAll(
          journey.story,
          `/fhir/R4/${type}?patient=${patient.patientId}&_count=500`,
          patient.bearer,
        )),
      );
    const expected = own
      .filter((resource) => !isSensitive(resource))
      .map((resource) =>
        Object.fromEntries(Object.entries(resource).filter(([name]) => !withheldFromPartners.includes(name))),
      );
    const byId = (one: { id?: unknown }, other: { id?: unknown }) =>
      String(one.id).localeCompare(String(other.id));

    expect(released).toMatchObject({ outcome: 'permitted', pending: 0, omitted: 0 });
    expect(own.filter(isSensitive).length).toBeGreaterThan(0);
    expect(expected.length).toBeGreaterThan(100);
    expect(released.records?.map(({ resource }) => resource).sort(byId)).toEqual(expected.sort(byId));
  });

  it('is verified on arrival, record by record, against what the ledger gave hospital B itself', async () => {
    const logKey = await logKeyOf(journey.story, 'hospital-a');
    const { rows } = await journey
      .database('hospital-b')
      .query<{ note: string }>("select note from evidence_anchor where organization_id = 'hospital-a'");
    const proofs = (released.records ?? []).map(
      (record) => (record as unknown as { proof: LeafProof }).proof,
    );

    expect((released.checks as { name: string }[]).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['signature', 'seal', 'receipt', 'decision', 'digests', 'inclusion', 'anchor']),
    );
    expect(proofs.length).toBeGreaterThan(100);
    expect(proofs.every((proof) => isInLog(proof, logKey))).toBe(true);
    expect(new Set(proofs.map(({ leaf }) => leaf.digest)).size).toBe(proofs.length);
    // The note may carry lines of witnesses after the log's own.
    expect(rows.some(({ note }) => proofs[0]?.checkpoint.startsWith(note))).toBe(true);
  });

  it('ends with the first request after the patient’s revocation, and hospital C never saw anything', async () => {
    await revoke(journey.story, patient, consent.id);
    const [again, other] = await Promise.all([clinician('hospital-b'), clinician('hospital-c')]);
    const { rows } = await journey
      .database('hospital-c')
      .query<{ outcome: string; records: number }>('select outcome, record_count as records from exchange');

    expect([again.outcome, other.outcome]).toEqual(['denied', 'denied']);
    expect(withoutIdsAndTimes(again)).not.toContain('"records":[{');
    expect(rows).toEqual([{ outcome: 'denied', records: 0 }]);
  });

  it('leaves the patient a history without a gap, denied attempts too, each with its proof', async () => {
    await untilAnchored(journey.story);
    const accesses = await accessesOf(journey.story, patient);
    const logKey = await logKeyOf(journey.story, 'hospital-a');
    const denied = accesses.filter(({ content }) => content.auditEvent.outcome !== '0');

    expect(accesses.map(({ content }) => content.patientSeq)).toEqual(accesses.map((_, at) => at + 1));
    expect(denied).toHaveLength(4);
    expect(JSON.stringify(denied)).toContain('hospital-c');
    for (const access of accesses) {
      expect(access.evidence.state).toBe('anchored');
      expect(isLogged(access)).toBe(true);
      expect(isInLog(access.evidence, logKey)).toBe(true);
    }
  });

  it('leaves a proof of each record that anybody can check offline, and no changed copy of it passes', async () => {
    const [first] = released.records ?? [];
    const path = `/fhir/R4/${first?.type}/${first?.id}/_history/${first?.version}/$proof`;
    const { bearer } = patient;
    const proof = expectStatus(
      await clientOf(journey.story, 'hospital-a').call<Record<string, unknown>>('GET', path, { bearer }),
      200,
    );
    const policy = await writeTrustPolicy(journey);
    const verify = (file: string) => verifyOffline(journey, { proof: file, policy });
    const text = JSON.stringify(proof);

    expect(verify(text)).toMatchObject({ exit: 0, text: expect.stringContaining('VALID') });
    for (const copy of flips(text)) expect(verify(copy)).toMatchObject({ exit: 1 });
  });
});

type ProofFile = {
  disclosure: { elements: { name: string; value?: string; salt?: string }[] };
  leaf: { digest: string };
  inclusionProof: string[];
};

/** Copies of a proof, each with one bit changed: in a value, in its salt, in the leaf and in the path to the root. */
function flips(proof: string): string[] {
  const flipText = (text = ''): string => String.fromCharCode(text.charCodeAt(0) ^ 1) + text.slice(1);
  const flipHex = (text = ''): string =>
    (Number.parseInt(text.charAt(0), 16) ^ 1).toString(16) + text.slice(1);
  const status = ({ disclosure }: ProofFile) => disclosure.elements.find(({ name }) => name === 'status');
  const changes: ((file: ProofFile) => void)[] = [
    (file) => Object.assign(status(file) ?? {}, { value: flipText(status(file)?.value) }),
    (file) => Object.assign(status(file) ?? {}, { salt: flipHex(status(file)?.salt) }),
    (file) => Object.assign(file.leaf, { digest: flipHex(file.leaf.digest) }),
    (file) => file.inclusionProof.splice(0, 1, flipHex(file.inclusionProof[0])),
  ];
  return changes.map((change) => {
    const file = JSON.parse(proof) as ProofFile;
    change(file);
    return JSON.stringify(file);
  });
}
