import { fromHex, hex } from '@medseal/evidence';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { inventNationalId } from '../../../demo/national-id.ts';
import { type ConsentFixture, createConsentFixture, member, staff, tenant } from '../consent/test/fixture.ts';
import { messageKeyId, signRequest } from '../crypto/http-signature.ts';
import type { KeyStore } from '../crypto/index.ts';
import { createEvidenceLog, type EvidenceLog } from '../evidence-log/index.ts';
import { createTestLedger } from '../evidence-log/test/ledger.ts';
import { testKeyStore } from '../evidence-log/test/node.ts';
import type { Member } from '../identity/index.ts';
import type { OrganizationId, PatientId } from '../lib/brand.ts';
import { newId, newSecret } from '../lib/ids.ts';
import { silentLogger } from '../lib/logger.ts';
import {
  createOpenedVersions,
  createRecords,
  type Records,
  type RecordsDeps,
  resolvePseudonyms,
  sealHere,
} from '../records/index.ts';
import { exchangePath, requestBytes } from './messages.ts';
import type { ConsentPort } from './ports.ts';
import { receive } from './receive.ts';
import { createResponder } from './respond.ts';
import { pseudonymOf } from './test/alliance.ts';
import type { ExchangeRequest, VerifiedReply } from './types.ts';

const nodeUrl = 'https://a.example';
const requesterId = 'hospital-b' as OrganizationId;
const nationalId = inventNationalId({ id: 'p1', birthDate: '1980-05-01', gender: 'female' });
const erasedId = inventNationalId({ id: 'p2', birthDate: '1981-05-01', gender: 'female' });
const unknownId = inventNationalId({ id: 'p3', birthDate: '1982-05-01', gender: 'female' });
const actCode = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';

let fixture: ConsentFixture;
let records: Records;
let log: EvidenceLog;
let keysOfB: KeyStore;
let source: Member;
let requester: Member;
let person: Awaited<ReturnType<ConsentFixture['enrol']>>;

/** Records, consent, policy and log as they are, over one database; only the ledger is a stand-in. */
beforeAll(async () => {
  fixture = await createConsentFixture();
  const { db, keyStore, clock, members, decisions } = fixture;
  const ledger = await createTestLedger('HospitalAMSP');
  log = createEvidenceLog({
    db,
    keyStore,
    clock,
    ledger,
    source: { organizationId: tenant },
    logger: silentLogger,
  });
  await ledger.register(tenant, log.logKey);
  const access = { record: log.recordAccess, write: log.accessWriter.write };
  const deps: RecordsDeps = {
    ...{ db, keyStore, clock, tenant, log, access },
    baseUrl: `${nodeUrl}/fhir/R4`,
    consent: decisions,
    seal: sealHere,
    opened: createOpenedVersions(clock),
    forget: [],
  };
  records = createRecords(deps, {
    proofsFor: log.proofsFor,
    blocks: () => Promise.reject(new Error('no blocks here')),
  });
  person = await fixture.enrol(await takeIn(nationalId));
  const erased = await takeIn(erasedId);
  await resolvePseudonyms({
    ...deps,
    logger: silentLogger,
    pseudonymsOf: async (ids) => ids.map(pseudonymOf),
  });
  for (const staffId of ['officer-1', 'officer-2'])
    await records.erasePatient(erased, {
      actor: { ...staff(['privacy-officer']), staffId },
      purpose: 'HOPERAT',
    });
  await log.anchorNow();
  await ledger.deliver(log, db);
  keysOfB = testKeyStore('b');
  source = withKeys(member(tenant), keyStore, nodeUrl);
  requester = withKeys(member(requesterId), keysOfB, 'https://b.example');
  members.set(requesterId, requester);
});
afterAll(() => fixture.drop());
beforeEach(() => {
  fixture.view.freshUntil = fixture.clock.now().getTime() + 30_000;
});

function withKeys(of: Member, keyStore: KeyStore, url: string): Member {
  return {
    ...of,
    nodeUrl: url,
    messageKey: hex(keyStore.publicKey('message')),
    sealingKey: hex(keyStore.agreementKey().publicKey),
    logKey: log.logKey,
  };
}

async function takeIn(id: string): Promise<PatientId> {
  const subject = { reference: 'urn:uuid:00000000-0000-4000-8000-000000000001' };
  const observation = (value: number, more: object = {}) => ({
    resourceType: 'Observation',
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '718-7' }] },
    effectiveDateTime: `2025-11-0${value}`,
    subject,
    valueInteger: value,
    note: [{ text: 'between us' }],
    text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">between us</div>' },
    ...more,
  });
  const hiv = { meta: { security: [{ system: actCode, code: 'HIV' }] } };
  const medication = {
    resourceType: 'MedicationRequest',
    status: 'active',
    intent: 'order',
    medicationCodeableConcept: { text: 'x' },
    subject,
  };
  const patient = {
    resourceType: 'Patient',
    gender: 'female',
    identifier: [{ system: 'urn:oid:2.16.156.10011.1.3', value: id }],
  };
  const entry = [patient, observation(1), observation(2), observation(3, hiv), medication].map(
    (resource, at) => ({
      fullUrl: `urn:uuid:00000000-0000-4000-8000-00000000000${at + 1}`,
      resource,
      request: { method: 'POST', url: resource.resourceType },
    }),
  );
  const caller = { actor: staff(['clinician', 'registrar']), purpose: 'TREAT' };
  const { results } = await records.writeBundle(
    { resourceType: 'Bundle', type: 'transaction', entry },
    caller,
  );
  return results[0]?.location?.split('/')[1] as PatientId;
}

async function ask(
  asked: string,
  {
    content = {},
    consent = fixture.decisions,
  }: { content?: Partial<ExchangeRequest>; consent?: ConsentPort } = {},
): Promise<VerifiedReply & { size: number }> {
  const { db, keyStore, clock } = fixture;
  const request: ExchangeRequest = {
    v: 1,
    requestId: newId(),
    pseudonym: pseudonymOf(asked),
    purpose: 'TREAT',
    types: ['Observation', 'MedicationRequest'],
    count: 50,
    staff: { staffId: 'b-1', displayName: '王医生', roles: ['clinician'] },
    ...content,
  };
  const body = requestBytes(request);
  const parts = {
    method: 'POST',
    targetUri: nodeUrl + exchangePath,
    fields: {
      'content-type': 'application/json',
      'medseal-organization': requesterId,
      'medseal-recipient': tenant,
    },
  };
  const signer = {
    keyId: messageKeyId(requesterId, fromHex(requester.messageKey)),
    sign: (bytes: Uint8Array) => keysOfB.sign('message', bytes),
  };
  const { fields, digest } = signRequest(
    { ...parts, body },
    { signer, createdAt: clock.now(), nonce: newSecret(16) },
  );
  const access = { record: log.recordAccess };
  const respond = createResponder({
    organizationId: tenant,
    db,
    keyStore,
    clock,
    consent,
    records,
    log,
    access,
  });
  const signed = { ...parts, fields };
  const reply = await respond({ member: requester, request: { ...signed, body } });
  const verified = await receive(
    { source, sent: { request, signed, digest }, reply },
    { organizationId: requesterId, keyStore: keysOfB, clock, log },
  );
  return { ...verified, size: reply.body.length };
}

const terms = { recipients: ['hospital-b'], purposes: ['TREAT'], types: ['Observation'] };

function rulesOf(reply: VerifiedReply): string[] {
  return reply.permit ? [] : reply.reasons.map(({ rule }) => rule);
}

/** A denial without what is random or a time; lengths stay. */
function shapeOf(reply: VerifiedReply & { size: number }): string {
  const blank = (key: string, value: unknown) =>
    ['exchangeId', 'requestDigest', 'decisionId', 'signature'].includes(key) ? String(value).length : value;
  return JSON.stringify(reply, blank);
}

describe('the exchange over the real records, consents and policy', () => {
  it('denies without a consent, and in the very same bytes for one who is erased or was never here', async () => {
    const hidden = await ask(nationalId);
    const absent = await ask(unknownId);
    const erased = await ask(erasedId);

    expect(rulesOf(hidden)).toEqual(['consent.none']);
    expect(shapeOf(absent)).toBe(shapeOf(hidden));
    expect(shapeOf(erased)).toBe(shapeOf(hidden));
  });

  it('gives what was granted, without notes and without what a label hides, until it is revoked', async () => {
    const { id } = await fixture.grant(person, terms);

    const granted = await ask(nationalId);
    const later = await ask(nationalId, { content: { dataPeriod: { start: '2025-11-02' } } });
    await fixture.revoke(person, id);
    const revoked = await ask(nationalId);

    if (!granted.permit || !later.permit) throw new Error('denied');
    expect(granted.records.map(({ type, resource }) => [type, resource['valueInteger']]).sort()).toEqual([
      ['Observation', 1],
      ['Observation', 2],
    ]);
    expect(granted.records[0]?.withheld).toEqual(['note', 'text']);
    expect(JSON.stringify(granted)).not.toContain('between us');
    expect(later.records.map(({ resource }) => resource['valueInteger'])).toEqual([2]);
    expect(granted.receipt.decisionDigest).toMatch(/^[0-9a-f]{64}$/);
    expect(shapeOf(revoked)).toBe(shapeOf(await ask(unknownId)));
  });

  it('opens a label that the patient named', async () => {
    const { id } = await fixture.grant(person, { ...terms, labels: ['HIV'] });

    const granted = await ask(nationalId);
    await fixture.revoke(person, id);

    expect(granted.permit && granted.records.map(({ resource }) => resource['valueInteger']).sort()).toEqual([
      1, 2, 3,
    ]);
  });

  it('obeys a revocation that is acknowledged while the reply is being made', async () => {
    const { id } = await fixture.grant(person, terms);
    let revoked = false;
    const consent: ConsentPort = {
      ...fixture.decisions,
      prepare: async (request) => {
        const prepared = await fixture.decisions.prepare(request);
        if (!revoked) await fixture.revoke(person, id);
        revoked = true;
        return prepared;
      },
    };

    const reply = await ask(nationalId, { consent });

    expect(rulesOf(reply)).toEqual(['consent.none']);
  });

  it('says why where the reason is no patient: a stale ledger, another role, a disabled member', async () => {
    fixture.view.freshUntil = fixture.clock.now().getTime() - 1_000;
    const stale = await ask(nationalId);
    expect(rulesOf(stale)).toEqual(['ledger.stale']);
    expect(shapeOf(await ask(unknownId))).toBe(shapeOf(stale));

    fixture.view.freshUntil = fixture.clock.now().getTime() + 30_000;
    const role = { staff: { staffId: 'b-2', displayName: '张三', roles: ['researcher' as const] } };
    expect(rulesOf(await ask(nationalId, { content: role }))).toEqual(['role.not-permitted']);

    fixture.members.set(requesterId, { ...requester, state: 'disabled' });
    expect(rulesOf(await ask(nationalId))).toEqual(['member.not-registered']);
    fixture.members.set(requesterId, requester);
  });

  it('shows the patient every attempt, denied ones too, without a gap', async () => {
    const history = await log.accessHistory(person.patientId, { from: 1, count: 500 });

    const places = history.map(({ content }) => content.patientSeq);
    expect(places).toEqual(places.map((_, at) => at + 1));
    const disclosures = history.filter(({ content }) =>
      JSON.stringify(content.auditEvent['subtype']).includes('disclose'),
    );
    expect(new Set(disclosures.map(({ content }) => content.auditEvent['outcome']))).toEqual(
      new Set(['0', '4']),
    );
  });
});
