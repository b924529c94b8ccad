import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Authenticator, createAuthenticator, type PasskeyKeys } from '../../../demo/authenticator.ts';
import { eddsa, rs256 } from '../../../evidence/test/release.ts';
import type { Assertion, PatientId } from './index.ts';
import {
  alice,
  bob,
  createIdentityFixture,
  type IdentityFixture,
  registrar,
  relyingParty,
} from './test/fixture.ts';

let fixture: IdentityFixture;

beforeAll(async () => {
  fixture = await createIdentityFixture();
});
afterAll(() => fixture.drop());

const consentHash = (text: string): Uint8Array => createHash('sha256').update(text).digest();

async function enrol(
  patientId: PatientId,
  options: { userVerified?: boolean; origin?: string; keys?: PasskeyKeys } = {},
): Promise<Authenticator> {
  const { patients } = fixture;
  const authenticator = createAuthenticator({ origin: relyingParty.origin, ...options });
  const { code } = await patients.issueEnrolmentCode({ patientId, staff: registrar });
  const creation = await patients.registrationOptions(code);
  await patients.registerPasskey({ code, response: authenticator.register(creation) });
  return authenticator;
}

async function assertionFor(authenticator: Authenticator): Promise<Assertion> {
  const options = await fixture.patients.loginOptions();
  return authenticator.assert(options);
}

function sign(authenticator: Authenticator, challenge: Uint8Array): Assertion {
  return authenticator.assert({
    challenge: Buffer.from(challenge).toString('base64url'),
    rpId: relyingParty.id,
  });
}

describe('enrolment', () => {
  it('binds a passkey with a one-time code, whatever its case and dashes', async () => {
    const { patients } = fixture;
    const { code, expiresAt } = await patients.issueEnrolmentCode({ patientId: alice, staff: registrar });
    const typed = code.toLowerCase().replaceAll('-', ' ');

    const creation = await patients.registrationOptions(typed);
    const registered = await patients.registerPasskey({
      code: typed,
      response: createAuthenticator(relyingParty).register(creation),
    });

    expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}$/);
    expect(Date.parse(expiresAt) - fixture.clock.now().getTime()).toBe(15 * 60_000);
    expect(registered.credentialId).toHaveLength(43);
    expect(creation.authenticatorSelection).toMatchObject({
      userVerification: 'required',
      residentKey: 'required',
    });
  });

  it('refuses a code the second time', async () => {
    const { patients } = fixture;
    const { code } = await patients.issueEnrolmentCode({ patientId: alice, staff: registrar });
    const creation = await patients.registrationOptions(code);
    await patients.registerPasskey({ code, response: createAuthenticator(relyingParty).register(creation) });

    const again = createAuthenticator(relyingParty).register(creation);
    await expect(patients.registerPasskey({ code, response: again })).rejects.toThrow(
      'IDENTITY_ENROLMENT_CODE_INVALID',
    );
    await expect(patients.registrationOptions(code)).rejects.toThrow('IDENTITY_ENROLMENT_CODE_INVALID');
  });

  it('lets one of two simultaneous registrations with a code through', async () => {
    const { patients } = fixture;
    const { code } = await patients.issueEnrolmentCode({ patientId: bob, staff: registrar });
    const creation = await patients.registrationOptions(code);
    const race = [1, 2].map(() =>
      patients.registerPasskey({ code, response: createAuthenticator(relyingParty).register(creation) }),
    );

    const outcomes = (await Promise.allSettled(race)).map(({ status }) => status);
    expect(outcomes.sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('leaves one code of those that two desks issue at the same moment', async () => {
    const { patients } = fixture;
    const issued = await Promise.all(
      Array.from({ length: 6 }, () => patients.issueEnrolmentCode({ patientId: bob, staff: registrar })),
    );

    const answers = await Promise.allSettled(issued.map(({ code }) => patients.registrationOptions(code)));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('refuses a code after 15 minutes, a replaced one and an unknown one', async () => {
    const { patients, clock } = fixture;
    const first = await patients.issueEnrolmentCode({ patientId: alice, staff: registrar });
    const second = await patients.issueEnrolmentCode({ patientId: alice, staff: registrar });

    await expect(patients.registrationOptions(first.code)).rejects.toThrow('IDENTITY_ENROLMENT_CODE_INVALID');
    clock.advance(15 * 60_000);
    await expect(patients.registrationOptions(second.code)).rejects.toThrow(
      'IDENTITY_ENROLMENT_CODE_INVALID',
    );
    await expect(patients.registrationOptions('0000-0000-0000')).rejects.toThrow(
      'IDENTITY_ENROLMENT_CODE_INVALID',
    );
  });

  it('refuses an unknown patient', async () => {
    const request = { patientId: 'nobody' as PatientId, staff: registrar };

    await expect(fixture.patients.issueEnrolmentCode(request)).rejects.toThrow('IDENTITY_PATIENT_UNKNOWN');
  });

  it('refuses an authenticator that did not verify its user, and one at another origin', async () => {
    await expect(enrol(alice, { userVerified: false })).rejects.toThrow('IDENTITY_PASSKEY_REFUSED');
    await expect(enrol(alice, { origin: 'https://evil.example' })).rejects.toThrow(
      'IDENTITY_PASSKEY_REFUSED',
    );
  });

  it.each([
    ['RSA, as Windows Hello makes them', rs256()],
    ['Ed25519', eddsa()],
  ])('takes a passkey of another kind that verifiers judge: %s', async (_, keys) => {
    const authenticator = await enrol(alice, { keys });

    expect(await fixture.patients.login(await assertionFor(authenticator))).toMatchObject({
      patientId: alice,
    });
  });

  it.each([
    ['RSA of 1024 bits', rs256({ bits: 1024 }).cose],
    ['RSA with exponent 3', rs256({ exponent: 3 }).cose],
    ['RSA with a byte after it', Buffer.concat([rs256().cose, Buffer.of(0)])],
    ['PS256', Buffer.concat([Buffer.from('a4010303382420', 'hex'), rs256().cose.subarray(8)])],
  ])('refuses a passkey that no verifier would judge valid: %s', async (_, cose) => {
    const keys = { ...rs256(), cose };

    await expect(enrol(alice, { keys })).rejects.toThrow('IDENTITY_PASSKEY_REFUSED');
  });

  it('refuses a registration over another challenge', async () => {
    const { patients } = fixture;
    const { code } = await patients.issueEnrolmentCode({ patientId: alice, staff: registrar });
    const creation = await patients.registrationOptions(code);
    const challenge = randomBytes(32).toString('base64url');
    const response = createAuthenticator(relyingParty).register({ ...creation, challenge });

    await expect(patients.registerPasskey({ code, response })).rejects.toThrow('IDENTITY_PASSKEY_REFUSED');
  });

  it('keeps neither the code nor the patient id in the clear', async () => {
    const { code } = await fixture.patients.issueEnrolmentCode({ patientId: alice, staff: registrar });
    const { rows } = await fixture.db.query<{ row: string }>(
      'select row_to_json(c)::text as row from enrolment_code c union all select row_to_json(p)::text from passkey p',
    );

    const stored = rows.map(({ row }) => row).join('\n');
    const hexOf = (text: string): string => Buffer.from(text).toString('hex');
    for (const secret of [code, code.replaceAll('-', ''), alice]) {
      expect(stored).not.toContain(secret);
      expect(stored).not.toContain(hexOf(secret));
    }
  });
});

describe('login', () => {
  it('opens a session of 15 minutes that ends on logout', async () => {
    const { patients, clock } = fixture;
    const authenticator = await enrol(alice);

    const session = await patients.login(await assertionFor(authenticator));

    expect(session.patientId).toBe(alice);
    expect(await patients.verifySession(session.token)).toEqual({ kind: 'patient', patientId: alice });
    await patients.logout(session.token);
    await expect(patients.verifySession(session.token)).rejects.toThrow('IDENTITY_TOKEN_INVALID');
    const later = await patients.login(await assertionFor(authenticator));
    clock.advance(15 * 60_000);
    await expect(patients.verifySession(later.token)).rejects.toThrow('IDENTITY_TOKEN_INVALID');
  });

  it('refuses a replayed assertion', async () => {
    const authenticator = await enrol(alice);
    const assertion = await assertionFor(authenticator);
    await fixture.patients.login(assertion);

    await expect(fixture.patients.login(assertion)).rejects.toThrow('IDENTITY_CHALLENGE_INVALID');
  });

  it('uses a challenge up by a failed attempt', async () => {
    const { patients } = fixture;
    const authenticator = await enrol(alice);
    const options = await patients.loginOptions();
    const stranger = createAuthenticator(relyingParty);

    await expect(patients.login(stranger.assert(options))).rejects.toThrow('IDENTITY_PASSKEY_REFUSED');
    await expect(patients.login(authenticator.assert(options))).rejects.toThrow('IDENTITY_CHALLENGE_INVALID');
  });

  it('refuses a challenge this node never gave, and one that expired', async () => {
    const { patients, clock } = fixture;
    const authenticator = await enrol(alice);
    const challenge = randomBytes(32).toString('base64url');

    await expect(patients.login(authenticator.assert({ challenge }))).rejects.toThrow(
      'IDENTITY_CHALLENGE_INVALID',
    );
    const old = await assertionFor(authenticator);
    clock.advance(5 * 60_000);
    await expect(patients.login(old)).rejects.toThrow('IDENTITY_CHALLENGE_INVALID');
  });

  it('refuses a copied authenticator whose counter stands behind, and puts it into the history', async () => {
    const { patients, db } = fixture;
    const authenticator = await enrol(bob);
    const before = await patients.loginOptions();
    const behind = authenticator.assert(before);
    await patients.login(await assertionFor(authenticator));
    const count = 'select count(*)::int as count from audit_event where patient_token is not null';
    const { rows } = await db.query<{ count: number }>(count);

    await expect(patients.login(behind)).rejects.toThrow('IDENTITY_PASSKEY_REFUSED');

    expect((await db.query<{ count: number }>(count)).rows[0]?.count).toBe((rows[0]?.count ?? 0) + 1);
  });

  it('refuses a flipped bit in the signature', async () => {
    const authenticator = await enrol(alice);
    const assertion = await assertionFor(authenticator);
    const signature = Buffer.from(assertion.response.signature, 'base64url');
    signature[signature.length - 1]! ^= 1;
    const forged = {
      ...assertion,
      response: { ...assertion.response, signature: signature.toString('base64url') },
    };

    await expect(fixture.patients.login(forged)).rejects.toThrow('IDENTITY_PASSKEY_REFUSED');
  });

  it('forgets a patient entirely', async () => {
    const { patients, db } = fixture;
    const authenticator = await enrol(bob);
    const session = await patients.login(await assertionFor(authenticator));

    await db.transaction((tx) => patients.forget(tx, bob));

    await expect(patients.verifySession(session.token)).rejects.toThrow('IDENTITY_TOKEN_INVALID');
    await expect(patients.login(await assertionFor(authenticator))).rejects.toThrow(
      'IDENTITY_PASSKEY_REFUSED',
    );
  });
});

describe('verifyAssertion', () => {
  const verify = (patientId: PatientId, assertion: Assertion, challenge: Uint8Array) =>
    fixture.db.transaction((tx) => fixture.patients.verifyAssertion(tx, { patientId, assertion, challenge }));

  it('verifies the signature of a consent and returns what others need to check it', async () => {
    const authenticator = await enrol(alice);
    const challenge = consentHash('consent 1');
    const assertion = sign(authenticator, challenge);

    const verified = await verify(alice, assertion, challenge);

    expect(verified).toMatchObject({
      credentialId: authenticator.credentialId,
      signature: assertion.response.signature,
    });
    expect(verified.publicKey.length).toBeGreaterThan(60);
  });

  it('takes the signature of an RSA passkey, and one of another hash under it for none', async () => {
    const keys = rs256();
    const authenticator = await enrol(alice, { keys });
    const challenge = consentHash('consent rsa');
    const weak = await enrol(alice, { keys: { ...keys, sign: rs256({ hash: 'sha1' }).sign } });

    await expect(verify(alice, sign(weak, challenge), challenge)).rejects.toThrow('IDENTITY_PASSKEY_REFUSED');
    const { publicKey } = await verify(alice, sign(authenticator, challenge), challenge);
    expect(publicKey).toBe(Buffer.from(keys.cose).toString('base64url'));
  });

  it('refuses a signature that WebAuthn libraries take and a strict verifier does not', async () => {
    const authenticator = await enrol(alice);
    const challenge = consentHash('consent loose');
    const assertion = sign(authenticator, challenge);
    const signature = Buffer.from(assertion.response.signature, 'base64url');
    const loose = Buffer.concat([Buffer.of(0x30, 0x81), signature.subarray(1)]).toString('base64url');
    const response = { ...assertion.response, signature: loose };

    await expect(verify(alice, { ...assertion, response }, challenge)).rejects.toThrow(
      'IDENTITY_PASSKEY_REFUSED',
    );
  });

  it('refuses the same assertion again, and a new one over the same hash', async () => {
    const authenticator = await enrol(alice);
    const challenge = consentHash('consent 2');
    const assertion = sign(authenticator, challenge);
    await verify(alice, assertion, challenge);

    await expect(verify(alice, assertion, challenge)).rejects.toThrow('IDENTITY_CHALLENGE_INVALID');
    await expect(verify(alice, sign(authenticator, challenge), challenge)).rejects.toThrow(
      'IDENTITY_CHALLENGE_INVALID',
    );
  });

  it('refuses an assertion over another consent', async () => {
    const authenticator = await enrol(alice);
    const assertion = sign(authenticator, consentHash('consent 3'));

    await expect(verify(alice, assertion, consentHash('consent 4'))).rejects.toThrow(
      'IDENTITY_CHALLENGE_INVALID',
    );
  });

  it("refuses another patient's passkey, and leaves the challenge unspent", async () => {
    const authenticator = await enrol(bob);
    const own = await enrol(alice);
    const challenge = consentHash('consent 5');

    await expect(verify(alice, sign(authenticator, challenge), challenge)).rejects.toThrow(
      'IDENTITY_PASSKEY_REFUSED',
    );
    await expect(verify(alice, sign(own, challenge), challenge)).resolves.toBeDefined();
  });

  it('refuses an assertion made at another origin, in a foreign frame, for another purpose or site', async () => {
    const authenticator = await enrol(alice);
    const challenge = consentHash('consent 6');
    const forgeries = [
      { origin: 'https://evil.example' },
      { crossOrigin: true },
      { type: 'webauthn.create' },
    ];

    for (const clientData of forgeries) {
      const options = { challenge: Buffer.from(challenge).toString('base64url'), clientData };
      await expect(verify(alice, authenticator.assert(options), challenge)).rejects.toThrow(
        'IDENTITY_PASSKEY_REFUSED',
      );
    }
    const otherSite = authenticator.assert({
      challenge: Buffer.from(challenge).toString('base64url'),
      rpId: 'evil.example',
    });
    await expect(verify(alice, otherSite, challenge)).rejects.toThrow('IDENTITY_PASSKEY_REFUSED');
  });

  it('lets one of two simultaneous uses of an assertion through', async () => {
    const authenticator = await enrol(alice);
    const challenge = consentHash('consent 7');
    const assertion = sign(authenticator, challenge);

    const outcomes = await Promise.allSettled([1, 2, 3].map(() => verify(alice, assertion, challenge)));

    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});
