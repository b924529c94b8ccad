import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ristretto255_oprf } from '@noble/curves/ed25519.js';
import { type Authenticator, createAuthenticator, type PasskeyKeys } from '../../demo/authenticator.ts';
import { expectStatus } from '../../demo/client.ts';
import { inventNationalId } from '../../demo/national-id.ts';
import type { SourceAnswer } from '../../demo/steps/ask.ts';
import { clientOf, must, type Story } from '../../demo/story.ts';
import { openKeyFile } from '../../node/src/adapters/keys/file.ts';

export const nationalIdSystem = 'urn:oid:2.16.156.10011.1.3';

export type FhirResource = { resourceType: string; id: string; [element: string]: unknown };
export type Draft = { consent: object; challenge: string; summary: { zh: string; en: string } };
export type Consent = {
  id: string;
  version: number;
  status: string;
  ledger: { id: string; state: string; txId?: string };
};

/** A patient of hospital A. */
export type Person = { patientId: string; nationalId: string };
/** A patient with a passkey and a session. */
export type EnrolledPerson = Person & { authenticator: Authenticator; bearer: string };

/** A valid invented identity number that no patient has. */
export function unusedNationalId(): string {
  return inventNationalId({ id: randomUUID(), birthDate: '1961-04-09', gender: 'female' });
}

type BundleAnswer = { entry: { response: { status: string; location: string } }[] };

/** Posts resources as one transaction and resolves to their new ids, in order. `first` is what the others call the first one. */
export async function postTransaction(
  story: Story,
  resources: readonly object[],
  first = `urn:uuid:${randomUUID()}`,
): Promise<string[]> {
  const bearer = await story.staff('registrar@hospital-a');
  const entry = resources.map((resource, at) => ({
    fullUrl: at === 0 ? first : `urn:uuid:${randomUUID()}`,
    request: { method: 'POST', url: (resource as FhirResource).resourceType },
    resource,
  }));
  const body = { resourceType: 'Bundle', type: 'transaction', entry };
  const answer = await clientOf(story, 'hospital-a').call<BundleAnswer>('POST', '/fhir/R4', { bearer, body });
  return expectStatus(answer, 200).entry.map(({ response }) =>
    must(/(?:^|\/)[A-Z]\w+\/([^/]+)\/_history/.exec(response.location)?.[1], 'the id of a new record'),
  );
}

/** Takes a new patient in with the records that `about` makes for the reference it is given; ids in their order. */
export async function takeInPerson(
  story: Story,
  about: (reference: string) => readonly object[] = () => [],
  details: Record<string, unknown> = {},
): Promise<Person & { recordIds: string[] }> {
  const fullUrl = `urn:uuid:${randomUUID()}`;
  const nationalId = unusedNationalId();
  const identifier = [{ use: 'official', system: nationalIdSystem, value: nationalId }];
  const patient = { resourceType: 'Patient', gender: 'female', birthDate: '1961-04-09', identifier };
  const resources = [{ ...patient, ...details }, ...about(fullUrl)];
  const [patientId, ...recordIds] = await postTransaction(story, resources, fullUrl);
  return { patientId: must(patientId, 'the id of the patient'), nationalId, recordIds };
}

/** The patient enrols a passkey at hospital A's desk and signs in with it. */
export async function enrol<Known extends Person>(
  story: Story,
  person: Known,
  keys?: PasskeyKeys,
): Promise<Known & EnrolledPerson> {
  const client = clientOf(story, 'hospital-a');
  const authenticator = createAuthenticator({
    origin: story.alliance.apiUrl('hospital-a'),
    ...(keys === undefined ? {} : { keys }),
  });
  const registrar = await story.staff('registrar@hospital-a');
  const codePath = `/patients/${person.patientId}/enrolment-codes`;
  const { code } = expectStatus(
    await client.call<{ code: string }>('POST', codePath, { bearer: registrar }),
    201,
  );
  type Options = { challenge: string; rp: { id?: string } };
  const options = expectStatus(
    await client.call<Options>('POST', '/passkeys/registration/options', { body: { code } }),
    200,
  );
  const registration = { code, response: authenticator.register(options) };
  expectStatus(await client.call('POST', '/passkeys/registration', { body: registration }), 201);
  return signIn(story, { ...person, authenticator });
}

/** A session of the patient with the passkey. */
export async function signIn<Known extends Person & { authenticator: Authenticator }>(
  story: Story,
  person: Known,
): Promise<Known & { bearer: string }> {
  const client = clientOf(story, 'hospital-a');
  const login = expectStatus(
    await client.call<{ challenge: string }>('POST', '/passkeys/login/options'),
    200,
  );
  const response = sign(person, login.challenge);
  const session = await client.call<{ token: string }>('POST', '/passkeys/login', { body: { response } });
  return { ...person, bearer: expectStatus(session, 200).token };
}

function sign({ authenticator }: { authenticator: Authenticator }, challenge: string): object {
  return authenticator.assert({ challenge, rpId: 'localhost' });
}

export async function draftConsent(story: Story, { bearer }: EnrolledPerson, terms: object): Promise<Draft> {
  const path = '/consents/drafts';
  const answer = await clientOf(story, 'hospital-a').call<Draft>('POST', path, { bearer, body: { terms } });
  return expectStatus(answer, 200);
}

/** The patient agrees to these terms with the passkey. */
export async function grant(story: Story, person: EnrolledPerson, terms: object): Promise<Consent> {
  const draft = await draftConsent(story, person, terms);
  const body = { consent: draft.consent, assertion: sign(person, draft.challenge) };
  const { bearer } = person;
  return expectStatus(
    await clientOf(story, 'hospital-a').call<Consent>('POST', '/consents', { bearer, body }),
    201,
  );
}

/** The patient ends a consent with the passkey. */
export async function revoke(story: Story, person: EnrolledPerson, consentId: string): Promise<Consent> {
  const client = clientOf(story, 'hospital-a');
  const { bearer } = person;
  const path = `/consents/${consentId}`;
  type Ending = { statement: object; challenge: string };
  const draft = expectStatus(await client.call<Ending>('POST', `${path}/revocation-drafts`, { bearer }), 200);
  const body = { statement: draft.statement, assertion: sign(person, draft.challenge) };
  return expectStatus(await client.call<Consent>('POST', `${path}/revocation`, { bearer, body }), 200);
}

export type Question = {
  nationalId?: string;
  pseudonym?: string;
  types: string[];
  purpose?: string;
  count?: number;
  dataPeriod?: { start?: string; end?: string };
  proofs?: 'include' | 'omit';
};

/** A member of staff of one hospital asks hospital A about a person. What their own node refuses is a failure with its code. */
export async function ask(story: Story, username: string, question: Question): Promise<SourceAnswer> {
  const organizationId = must(username.split('@')[1], 'an organisation');
  const { status, body } = await clientOf(story, organizationId).call<{
    sources: SourceAnswer[];
    code?: string;
  }>('POST', '/exchange/requests', {
    bearer: await story.staff(username),
    body: { purpose: 'TREAT', count: 256, ...question, sources: ['hospital-a'] },
  });
  if (status === 200) return must(body.sources[0], 'the answer of hospital A');
  return { organizationId: 'hospital-a', outcome: 'failed', code: body.code ?? `HTTP_${status}` };
}

/** The alliance pseudonym of a person, worked out with the identity service's own key (RFC 9497 §3.3.2). */
export function pseudonymOf({ alliance }: Story, nationalId: string): string {
  const folder = join(alliance.folder, 'keys', 'regulator');
  const passphrase = readFileSync(join(folder, 'passphrase'), 'utf8');
  const secretKey = must(openKeyFile({ path: join(folder, 'node.key'), passphrase }).voprfKey?.(), 'the key');
  const publicKey = Buffer.from(
    readFileSync(join(alliance.folder, 'keys', 'pseudonym-public-key'), 'utf8'),
    'hex',
  );
  const input = Buffer.from(`medseal/pseudonym/v1\n${nationalId}`, 'utf8');
  const { voprf } = ristretto255_oprf;
  const { blind, blinded } = voprf.blind(input);
  const { evaluated, proof } = voprf.blindEvaluate(secretKey, publicKey, blinded);
  const output = voprf.finalize(input, blind, evaluated, blinded, publicKey, proof);
  return Buffer.from(output).toString('hex', 0, 32);
}

/** Has a patient of hospital A erased by its two privacy officers; the status that each got. */
export async function eraseByTwo(story: Story, patientId: string): Promise<number[]> {
  const statuses: number[] = [];
  for (const officer of ['privacy@hospital-a', 'privacy-deputy@hospital-a']) {
    const bearer = await story.staff(officer);
    const headers = { 'purpose-of-use': 'HOPERAT' };
    const path = `/fhir/R4/Patient/${patientId}/$erase`;
    const answer = await clientOf(story, 'hospital-a').call('POST', path, { bearer, headers });
    statuses.push(answer.status);
  }
  return statuses;
}
