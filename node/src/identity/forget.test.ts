import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuthenticator } from '../../../demo/authenticator.ts';
import type { AuditEntry } from '../audit/index.ts';
import type { Queryable } from '../lib/sql.ts';
import { createPatients, type PatientId, type Patients } from './index.ts';
import {
  alice,
  createIdentityFixture,
  type IdentityFixture,
  registrar,
  relyingParty,
} from './test/fixture.ts';

let fixture: IdentityFixture;
let patients: Patients;
/** Where the next act of a patient stops, just before its transaction ends. */
let gate: { reached: () => void; opened: Promise<void> } | undefined;

beforeAll(async () => {
  fixture = await createIdentityFixture();
  const { db, keys, clock, log } = fixture;
  const record = async (tx: Queryable, entries: AuditEntry[]): Promise<void> => {
    const here = gate;
    gate = undefined;
    here?.reached();
    await here?.opened;
    await log.recordAccess(tx, entries);
  };
  const exists = async (_tx: Queryable, patientId: PatientId): Promise<boolean> => patientId === alice;
  patients = createPatients({ db, keys, clock, relyingParty, access: { record }, patients: { exists } });
});
afterAll(() => fixture.drop());

/** Runs `act` up to the end of its transaction, starts to forget the patient, then lets the act commit. */
async function forgetDuring(act: () => Promise<unknown>): Promise<void> {
  const [reached, opened] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  gate = { reached: reached.resolve, opened: opened.promise };
  const acting = act();
  await reached.promise;
  const forgetting = fixture.db.transaction((tx) => patients.forget(tx, alice));
  await waitingForLock();
  opened.resolve();
  await Promise.all([acting, forgetting]);
}

async function waitingForLock(): Promise<void> {
  for (;;) {
    const { rows } = await fixture.db.query<{ waits: boolean }>(
      `select exists (select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()) as waits`,
    );
    if (rows[0]?.waits) return;
  }
}

async function rowsOf(table: string): Promise<number> {
  const { rows } = await fixture.db.query<{ count: string }>(`select count(*) from ${table}`);
  return Number(rows[0]?.count);
}

describe('forgetting a patient', () => {
  it('takes along the passkey that is being registered at the same moment', async () => {
    const { code } = await patients.issueEnrolmentCode({ patientId: alice, staff: registrar });
    const creation = await patients.registrationOptions(code);
    const response = createAuthenticator(relyingParty).register(creation);

    await forgetDuring(() => patients.registerPasskey({ code, response }));

    expect([await rowsOf('enrolment_code'), await rowsOf('passkey')]).toEqual([0, 0]);
  });

  it('takes along the session that is being opened at the same moment', async () => {
    const authenticator = createAuthenticator(relyingParty);
    const { code } = await patients.issueEnrolmentCode({ patientId: alice, staff: registrar });
    const response = authenticator.register(await patients.registrationOptions(code));
    await patients.registerPasskey({ code, response });
    const assertion = authenticator.assert(await patients.loginOptions());

    await forgetDuring(() => patients.login(assertion));

    expect([await rowsOf('passkey'), await rowsOf('patient_session')]).toEqual([0, 0]);
  });
});

describe('a lost device', () => {
  it('is shut out at the desk: passkeys, sessions and open codes of the patient end at once', async () => {
    const authenticator = createAuthenticator(relyingParty);
    const first = await patients.issueEnrolmentCode({ patientId: alice, staff: registrar });
    const response = authenticator.register(await patients.registrationOptions(first.code));
    await patients.registerPasskey({ code: first.code, response });
    const { token } = await patients.login(authenticator.assert(await patients.loginOptions()));
    const second = await patients.issueEnrolmentCode({ patientId: alice, staff: registrar });

    expect(await patients.removePasskeys({ patientId: alice, staff: registrar })).toEqual({ removed: 1 });

    await expect(patients.verifySession(token)).rejects.toThrow('IDENTITY_TOKEN_INVALID');
    const assertion = authenticator.assert(await patients.loginOptions());
    await expect(patients.login(assertion)).rejects.toThrow('IDENTITY_PASSKEY_REFUSED');
    await expect(patients.registrationOptions(second.code)).rejects.toThrow(
      'IDENTITY_ENROLMENT_CODE_INVALID',
    );
    const history = await fixture.log.accessHistory(alice, { from: 1, count: 500 });
    expect(JSON.stringify(history.at(-1)?.content.auditEvent)).toContain('"unenrol"');
  });

  it('is no business of a patient who is not here', async () => {
    const request = { patientId: 'nobody' as PatientId, staff: registrar };

    await expect(patients.removePasskeys(request)).rejects.toThrow('IDENTITY_PATIENT_UNKNOWN');
  });
});
