import { type EvidenceBundle, hex, openDisclosure, parseTrustPolicy, verifyBundle } from '@medseal/evidence';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { peer, staff, tenant } from '../consent/test/fixture.ts';
import type { LeafEvidence } from '../evidence-log/index.ts';
import type { Actor, PatientActor, Role } from '../identity/index.ts';
import type { PatientId } from '../lib/brand.ts';
import type { ProofDeps } from './proof-ports.ts';
import { type DisclosureName, proveDisclosure } from './prove-disclosure.ts';
import { createModulesFixture, type ModulesFixture, nationalId } from './test/modules.ts';
import type { ReceivedRecord } from './types.ts';

let modules: ModulesFixture;
let deps: ProofDeps;
let patient: PatientActor;
let observations: string;
let sensitive: string;
beforeAll(async () => {
  modules = await createModulesFixture();
  const { fixture, records, log } = modules;
  const { db, clock, decisions, consents } = fixture;
  const unused = () => Promise.reject(new Error('not at a source'));
  deps = {
    ...{ db, clock, decisions, consents, records, log },
    members: { get: unused },
    access: log.accessWriter,
    proofs: {
      // What a ledger holds is judged in the journey; here a transaction is some hash, and a block some bytes.
      proofsFor: async (leafIds) => (await log.proofsFor(leafIds)).map(onSomeLedger),
      blocks: async () => ({ block: Uint8Array.of(1), configBlocks: [] }),
      confirmationOf: unused,
    },
  };
  patient = { kind: 'patient', patientId: modules.person.patientId };
  const terms = { recipients: ['hospital-b'], purposes: ['TREAT'], types: ['Observation'] };
  ({ id: observations } = await fixture.grant(modules.person, terms));
  const narrow = { ...terms, labels: ['HIV'], dataPeriod: { start: '2025-11-03' } };
  ({ id: sensitive } = await fixture.grant(modules.person, narrow));
  await modules.anchor();
});
afterAll(() => modules.fixture.drop());
beforeEach(() => {
  const { view, clock } = modules.fixture;
  view.freshUntil = clock.now().getTime() + 30_000;
});

function onSomeLedger(evidence: LeafEvidence): LeafEvidence {
  if (evidence.state !== 'anchored') return evidence;
  return { ...evidence, anchor: { ...evidence.anchor, txId: 'ab'.repeat(32) } };
}

const given: { requestId?: string; records?: ReceivedRecord[] } = {};

/** The record with this value as it was given to hospital B. */
async function disclosed(value: number): Promise<DisclosureName & { digest: string }> {
  if (given.records === undefined) {
    given.requestId = crypto.randomUUID();
    const reply = await modules.ask(nationalId, { content: { requestId: given.requestId } });
    if (!reply.permit) throw new Error('denied');
    given.records = reply.records;
  }
  const record = given.records.find(({ resource }) => resource['valueInteger'] === value);
  if (record === undefined) throw new Error(`no record ${value}`);
  const { type, id, version, evidence } = record;
  const requestId = String(given.requestId);
  return {
    ...{ requestId, partner: 'hospital-b', type, id, version: Number(version) },
    digest: evidence.leaf.digest,
  };
}

function prove(name: DisclosureName, actor: Actor = patient, with_: Partial<ProofDeps> = {}) {
  const caller = { actor, query: '/exchange/requests/x/$proof', requestId: undefined };
  return proveDisclosure(name, { caller, deps: { ...deps, ...with_ } });
}

const officer = (role: Role): Actor => staff([role]);
const refusal = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'given',
    (error: Error & { code: string }) => [error.code, error.message],
  );

/** Name and outcome of each check that does not need the ledger. */
function judged(bundle: EvidenceBundle): Record<string, string> {
  const { keyStore } = modules.fixture;
  const policy = parseTrustPolicy({
    format: 'medseal/trust-policy/v1',
    ledger: 'solo',
    channel: 'care',
    chaincode: { name: 'medseal', versions: ['1.0'] },
    genesisHash: '00'.repeat(32),
    logs: [
      {
        organizationId: tenant,
        mspId: 'HospitalAMSP',
        verifierKeys: [modules.log.logKey],
        messageKey: hex(keyStore.publicKey('message')),
      },
    ],
  });
  const { checks } = verifyBundle(JSON.parse(JSON.stringify(bundle)), policy);
  const named = new Set(['format', 'digest', 'content', 'log-signature', 'inclusion', 'release', 'consent']);
  return Object.fromEntries(
    checks.filter(({ name }) => named.has(name)).map(({ name, status, code }) => [name, code ?? status]),
  );
}

const everything = {
  ...{ format: 'passed', digest: 'passed', content: 'passed' },
  ...{ 'log-signature': 'passed', inclusion: 'passed', release: 'passed', consent: 'passed' },
};
const shownBy = ({ disclosure }: EvidenceBundle) => Object.keys(openDisclosure(disclosure).resource).sort();

describe('the proof of a disclosure, at the source', () => {
  it('shows the patient what the partner got, for whom and on which signed consent, and nothing else', async () => {
    const name = await disclosed(1);

    const bundle = await prove(name);
    const text = JSON.stringify(bundle);

    expect(judged(bundle)).toEqual(everything);
    expect(bundle.leaf.digest).toBe(name.digest);
    expect(openDisclosure(bundle.disclosure)).toMatchObject({
      resource: { resourceType: 'Observation', valueInteger: 1 },
      withheld: ['note', 'text'],
    });
    expect(bundle.release).toMatchObject({ receipt: { requester: 'hospital-b', purpose: 'TREAT' } });
    expect(bundle.consent).toMatchObject({ content: { version: 1, consent: { id: observations } } });
    for (const other of ['between us', '"valueInteger":2', '"HIV"', nationalId, '王医生'])
      expect(text).not.toContain(other);
    for (const record of given.records ?? [])
      if (record.id !== name.id) expect(text).not.toContain(record.id);
  });

  it('rests on the consent that opened this very record', async () => {
    const bundle = await prove(await disclosed(3));

    expect(judged(bundle)).toEqual(everything);
    expect(bundle.consent).toMatchObject({ content: { consent: { id: sensitive } } });
  });

  it('withholds what was withheld then, whatever would be withheld today', async () => {
    const permitGiven: ProofDeps['decisions']['permitGiven'] = async (decisionId) => {
      const found = await deps.decisions.permitGiven(decisionId);
      return (
        found && { ...found, decision: { ...found.decision, redactions: ['valueInteger', 'note', 'text'] } }
      );
    };
    const decisions = { ...deps.decisions, permitGiven };

    const bundle = await prove(await disclosed(2), patient, { decisions });

    expect(shownBy(bundle)).not.toContain('valueInteger');
    expect(JSON.stringify(bundle)).not.toContain('"valueInteger","value"');
    expect(judged(bundle)['content']).toBe('passed');
  });

  it('gives the privacy officer the consent and of the record its name alone', async () => {
    const bundle = await prove(await disclosed(3), officer('privacy-officer'));

    expect(judged(bundle)).toEqual(everything);
    expect(shownBy(bundle)).toEqual(['id', 'resourceType']);
    expect(JSON.stringify(bundle.disclosure)).not.toContain('HIV');
  });

  it.each(['administrator', 'regulator'] as const)(
    'gives the %s neither content nor consent, and the release all the same',
    async (role) => {
      const bundle = await prove(await disclosed(1), officer(role));

      expect(judged(bundle)).toEqual({ ...everything, consent: 'skipped' });
      expect(shownBy(bundle)).toEqual(['id', 'resourceType']);
      expect(JSON.stringify(bundle)).not.toContain(`Patient/${patient.patientId}`);
    },
  );

  it('is refused alike where nothing was disclosed and where the caller may not ask', async () => {
    const name = await disclosed(1);
    const other: Actor = { kind: 'patient', patientId: 'other' as PatientId };
    const medication = await medicationOf();

    const refusals = await Promise.all(
      [
        prove({ ...name, requestId: crypto.randomUUID() }),
        prove({ ...name, partner: 'hospital-c' }),
        prove({ ...name, id: 'absent' }),
        prove({ ...name, version: 2 }),
        prove({ ...name, ...medication }),
        prove(name, other),
        prove(name, officer('clinician')),
        prove(name, officer('registrar')),
        prove(name, officer('researcher')),
        prove(name, peer(['privacy-officer'])),
        prove(name, { kind: 'system', name: 'job' }),
      ].map(refusal),
    );

    expect(new Set(refusals.map((each) => JSON.stringify(each)))).toEqual(
      new Set([JSON.stringify(['EXCHANGE_NOT_FOUND', 'EXCHANGE_NOT_FOUND'])]),
    );
  });

  it('is not there for a request that was denied', async () => {
    const requestId = crypto.randomUUID();
    const name = await disclosed(1);
    await modules.ask(nationalId, { content: { requestId, purpose: 'HPAYMT' } });

    expect(await refusal(prove({ ...name, requestId }))).toMatchObject(['EXCHANGE_NOT_FOUND', {}]);
  });

  it('is an access in the patient’s own history, also where it is refused', async () => {
    const name = await disclosed(1);
    const before = await history();
    await prove(name);
    await prove(name, officer('privacy-officer'));
    await refusal(prove(name, officer('clinician')));

    const added = (await history()).slice(before.length);

    expect(added.map(({ content: { auditEvent } }) => auditEvent['outcome'])).toEqual(['0', '0', '4']);
    for (const { content } of added)
      expect(JSON.stringify(content.auditEvent)).toContain(`Observation/${name.id}/_history/1`);
  });

  it('waits until the consent is anchored, and stays after the consent has ended', async () => {
    const { fixture, person } = modules;
    const terms = { recipients: ['hospital-b'], purposes: ['HOPERAT'], types: ['Observation'] };
    const { id } = await fixture.grant(person, terms);
    const requestId = crypto.randomUUID();
    const asStaff = { staff: { staffId: 'b-9', displayName: '王医生', roles: ['registrar' as const] } };
    const content = { requestId, purpose: 'HOPERAT' as const, ...asStaff };
    const reply = await modules.ask(nationalId, { content });
    const name = { ...(await disclosed(1)), requestId };

    expect(reply.permit).toBe(true);
    expect(await refusal(prove(name))).toMatchObject(['EXCHANGE_PROOF_PENDING', {}]);
    expect(judged(await prove(name, officer('regulator')))).toMatchObject({ release: 'passed' });
    await fixture.revoke(person, id);
    await modules.anchor();
    expect(judged(await prove(name))).toEqual(everything);
  });

  it('is gone with the patient’s key', async () => {
    const name = await disclosed(1);
    for (const staffId of ['officer-1', 'officer-2'])
      await modules.records.erasePatient(patient.patientId, {
        actor: { ...staff(['privacy-officer']), staffId },
        purpose: 'HOPERAT',
      });

    expect(await refusal(prove(name))).toMatchObject(['EXCHANGE_NOT_FOUND', {}]);
    expect(await refusal(prove(name, officer('privacy-officer')))).toMatchObject(['EXCHANGE_NOT_FOUND', {}]);
  });
});

const history = () => modules.log.accessHistory(patient.patientId, { from: 1, count: 500 });

/** A record of the patient's that hospital B never got. */
async function medicationOf(): Promise<{ type: string; id: string; version: number }> {
  const { fixture, person } = modules;
  const terms = { recipients: ['hospital-b'], purposes: ['HPAYMT'], types: ['MedicationRequest'] };
  const { id } = await fixture.grant(person, terms);
  const asStaff = { staff: { staffId: 'b-8', displayName: '王医生', roles: ['registrar' as const] } };
  const reply = await modules.ask(nationalId, { content: { purpose: 'HPAYMT', ...asStaff } });
  await fixture.revoke(person, id);
  const [record] = reply.permit ? reply.records : [];
  if (record === undefined) throw new Error('no medication');
  return { type: record.type, id: record.id, version: Number(record.version) };
}
