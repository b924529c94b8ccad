import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { relyingParty } from '../identity/test/fixture.ts';
import { challengeText, grantChallenge } from './statement.ts';
import { type ConsentFixture, createConsentFixture } from './test/fixture.ts';

let fixture: ConsentFixture;
beforeAll(async () => {
  fixture = await createConsentFixture();
});
afterAll(() => fixture.drop());

const rpId = relyingParty.id;
const terms = { recipients: ['hospital-b'], purposes: ['TREAT'], types: ['Observation'] };
const outcomes = (work: Promise<{ id: string; version: number }>[]): Promise<string[]> =>
  Promise.all(
    work.map((each) =>
      each.then(
        ({ version }) => `version ${version}`,
        ({ code }) => String(code),
      ),
    ),
  );

describe('at the same moment', () => {
  it('the same signed consent, sent several times, is one consent', async () => {
    const { patientId, authenticator } = await fixture.enrol();
    const { consent, challenge } = await fixture.consents.draft({ patientId, terms });
    const signed = { patientId, consent, assertion: authenticator.assert({ challenge, rpId }) };

    const done = await outcomes([1, 2, 3].map(() => fixture.consents.grant(signed)));

    expect(done).toEqual(['version 1', 'version 1', 'version 1']);
  });

  it('the same signed revocation, sent several times, ends the consent once', async () => {
    const person = await fixture.enrol();
    const { patientId, authenticator } = person;
    const { id } = await fixture.grant(person, terms);
    const { statement, challenge } = await fixture.consents.draftRevocation({ patientId, consentId: id });
    const signed = { patientId, statement, assertion: authenticator.assert({ challenge, rpId }) };

    const done = await outcomes([1, 2, 3].map(() => fixture.consents.revoke(signed)));

    expect(done).toEqual(['version 2', 'version 2', 'version 2']);
  });

  it('two consents under one id are one consent, whoever signed the other', async () => {
    const one = await fixture.enrol();
    const other = await fixture.enrol();
    const { consent, challenge } = await fixture.consents.draft({ patientId: one.patientId, terms });
    const drafted = await fixture.consents.draft({ patientId: other.patientId, terms });
    const taken = { ...drafted.consent, id: consent.id };

    const done = await outcomes([
      fixture.consents.grant({
        ...{ patientId: one.patientId, consent },
        assertion: one.authenticator.assert({ challenge, rpId }),
      }),
      fixture.consents.grant({
        ...{ patientId: other.patientId, consent: taken },
        assertion: other.authenticator.assert({ challenge: challengeText(grantChallenge(taken)), rpId }),
      }),
    ]);

    expect(done.sort()).toEqual(['CONSENT_DUPLICATE', 'version 1']);
  });
});
