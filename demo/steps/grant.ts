import type { AssertionJson } from '../authenticator.ts';
import { expectStatus } from '../client.ts';
import { clientOf, must, type Story } from '../story.ts';
import { detail, heading, result } from '../terminal.ts';

type Draft = { consent: object; challenge: string; summary: { zh: string; en: string } };

/** The patient enrols a passkey at the hospital's desk with a one-time code, and signs in with it. */
export async function enrolPatient(story: Story): Promise<void> {
  const { patientId } = must(story.patient, 'the patient');
  const client = clientOf(story, 'hospital-a');
  const bearer = await story.staff('registrar@hospital-a');
  const { code } = expectStatus(
    await client.call<{ code: string }>('POST', `/patients/${patientId}/enrolment-codes`, { bearer }),
    201,
  );
  type Options = { challenge: string; rp: { id?: string } };
  const options = expectStatus(
    await client.call<Options>('POST', '/passkeys/registration/options', { body: { code } }),
    200,
  );
  const registration = { code, response: story.authenticator.register(options) };
  expectStatus(await client.call('POST', '/passkeys/registration', { body: registration }), 201);
  const login = expectStatus(
    await client.call<{ challenge: string; rpId?: string }>('POST', '/passkeys/login/options'),
    200,
  );
  const session = await client.call<{ token: string }>('POST', '/passkeys/login', {
    body: { response: sign(story, login.challenge) },
  });
  story.patientBearer = expectStatus(session, 200).token;
}

/** The passkey's signature over a challenge (WebAuthn assertion). */
export function sign(story: Story, challenge: string): AssertionJson {
  return story.authenticator.assert({ challenge, rpId: 'localhost' });
}

/** 3. The patient grants hospital B a consent and signs it with the passkey. */
export async function grantConsent(story: Story): Promise<void> {
  heading(
    3,
    '患者授权仁和医院：只给用药和检查，用于诊疗，30 天',
    'The patient grants hospital B medication and observations, for treatment, 30 days',
  );
  const startedAt = performance.now();
  await enrolPatient(story);
  result(
    true,
    '患者在医院窗口登记通行密钥并登录 · passkey enrolled at the desk, signed in',
    performance.now() - startedAt,
  );
  const client = clientOf(story, 'hospital-a');
  const bearer = must(story.patientBearer, "the patient's session");
  const terms = {
    recipients: ['hospital-b'],
    purposes: ['TREAT'],
    types: ['MedicationRequest', 'Observation'],
  };
  const signedAt = performance.now();
  const draft = expectStatus(
    await client.call<Draft>('POST', '/consents/drafts', { bearer, body: { terms } }),
    200,
  );
  detail(draft.summary.zh);
  detail(draft.summary.en);
  const body = { consent: draft.consent, assertion: sign(story, draft.challenge) };
  const { id } = expectStatus(await client.call<{ id: string }>('POST', '/consents', { bearer, body }), 201);
  story.consentId = id;
  result(true, '已用通行密钥签署 · signed with the passkey', performance.now() - signedAt);
}
