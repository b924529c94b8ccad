import { fromHex, hex } from '@medseal/evidence';
import { inventNationalId } from '../../../../demo/national-id.ts';
import {
  type ConsentFixture,
  createConsentFixture,
  member,
  staff,
  tenant,
} from '../../consent/test/fixture.ts';
import { messageKeyId, signRequest } from '../../crypto/http-signature.ts';
import type { KeyStore } from '../../crypto/index.ts';
import { createEvidenceLog, type EvidenceLog } from '../../evidence-log/index.ts';
import { createTestLedger } from '../../evidence-log/test/ledger.ts';
import { testKeyStore } from '../../evidence-log/test/node.ts';
import type { Member } from '../../identity/index.ts';
import type { OrganizationId, PatientId } from '../../lib/brand.ts';
import { newId, newSecret } from '../../lib/ids.ts';
import { silentLogger } from '../../lib/logger.ts';
import {
  createOpenedVersions,
  createRecords,
  type Records,
  type RecordsDeps,
  resolvePseudonyms,
  sealHere,
} from '../../records/index.ts';
import { exchangePath, requestBytes } from '../messages.ts';
import type { ConsentPort } from '../ports.ts';
import { receive } from '../receive.ts';
import { createResponder } from '../respond.ts';
import type { ExchangeRequest, VerifiedReply } from '../types.ts';
import { pseudonymOf } from './alliance.ts';

export const nodeUrl = 'https://a.example';
export const requesterId = 'hospital-b' as OrganizationId;
export const nationalId = inventNationalId({ id: 'p1', birthDate: '1980-05-01', gender: 'female' });
export const erasedId = inventNationalId({ id: 'p2', birthDate: '1981-05-01', gender: 'female' });
export const unknownId = inventNationalId({ id: 'p3', birthDate: '1982-05-01', gender: 'female' });
const structures = 'http://hl7.org/fhir/StructureDefinition';
const actCode = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';

type Person = Awaited<ReturnType<ConsentFixture['enrol']>>;
type Asking = { content?: Partial<ExchangeRequest>; consent?: ConsentPort };

/** Records, consent, policy and log as they are, over one database; only the ledger is a stand-in. */
export type ModulesFixture = {
  fixture: ConsentFixture;
  records: Records;
  log: EvidenceLog;
  requester: Member;
  person: Person;
  /** Hospital B asks about a person and verifies the answer. */
  ask(asked: string, options?: Asking): Promise<VerifiedReply & { size: number }>;
  /** Anchors the log and projects the block. */
  anchor(): Promise<void>;
};

export async function createModulesFixture(): Promise<ModulesFixture> {
  const fixture = await createConsentFixture();
  const { db, keyStore, clock, members } = fixture;
  const ledger = await createTestLedger('HospitalAMSP');
  const log = createEvidenceLog({
    ...{ db, keyStore, clock, ledger },
    source: { organizationId: tenant },
    logger: silentLogger,
  });
  await ledger.register(tenant, log.logKey);
  const deps = recordsDepsOf(fixture, log);
  const records = createRecords(deps, {
    proofsFor: log.proofsFor,
    blocks: () => Promise.reject(new Error('no blocks here')),
  });
  const person = await fixture.enrol(await takeIn(records, nationalId));
  await eraseOne(await takeIn(records, erasedId), { deps, records });
  const anchor = async (): Promise<void> => {
    await log.anchorNow();
    await ledger.deliver(log, db);
  };
  await anchor();
  const keysOfB = testKeyStore('b');
  const withKeys = memberWith(log);
  const source = withKeys(member(tenant), keyStore, nodeUrl);
  const requester = withKeys(member(requesterId), keysOfB, 'https://b.example');
  members.set(requesterId, requester);
  const parties = { fixture, records, log, keysOfB, source, requester };
  return {
    fixture,
    records,
    log,
    requester,
    person,
    ask: (asked, options) => ask(asked, options, parties),
    anchor,
  };
}

function recordsDepsOf({ db, keyStore, clock, decisions }: ConsentFixture, log: EvidenceLog): RecordsDeps {
  return {
    ...{ db, keyStore, clock, tenant, log },
    access: { record: log.recordAccess, write: log.accessWriter.write },
    baseUrl: `${nodeUrl}/fhir/R4`,
    consent: decisions,
    seal: sealHere,
    opened: createOpenedVersions({ clock, keyStore }),
    forget: [],
  };
}

/** Both patients get their pseudonyms; then one is erased. */
async function eraseOne(
  erased: PatientId,
  { deps, records }: { deps: RecordsDeps; records: Records },
): Promise<void> {
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
}

function memberWith(log: EvidenceLog): (of: Member, keyStore: KeyStore, url: string) => Member {
  return (of, keyStore, url) => ({
    ...of,
    nodeUrl: url,
    messageKey: hex(keyStore.publicKey('message')),
    sealingKey: hex(keyStore.agreementKey().publicKey),
    logKey: log.logKey,
  });
}

async function takeIn(records: Records, id: string): Promise<PatientId> {
  const subject = { reference: 'urn:uuid:00000000-0000-4000-8000-000000000001', display: '示范' };
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
    name: [{ text: '示范' }],
    extension: [{ url: `${structures}/patient-mothersMaidenName`, valueString: 'Renea551' }],
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

type Parties = {
  fixture: ConsentFixture;
  records: Records;
  log: EvidenceLog;
  keysOfB: KeyStore;
  source: Member;
  requester: Member;
};

async function ask(
  asked: string,
  { content = {}, consent }: Asking = {},
  { fixture, records, log, keysOfB, source, requester }: Parties,
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
    consent: consent ?? fixture.decisions,
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
