import { type EvidenceBundle, openDisclosure } from '@medseal/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Staff } from '../identity/index.ts';
import type { PatientId, Pseudonym } from '../lib/brand.ts';
import type { Confirmation, ProofDeps } from './proof-ports.ts';
import { proveReceived } from './prove-received.ts';
import { requestRecords } from './request.ts';
import { createAlliance, type TestAlliance, type TestNode } from './test/alliance.ts';
import type { RecordProof, SentCheckpoint } from './types.ts';

let alliance: TestAlliance;
let b: TestNode;
let deps: ProofDeps;
let pseudonym: Pseudonym;
let confirmation: Confirmation = { state: 'unneeded' };
let requestId: string;
let proofs: [RecordProof, RecordProof];

beforeAll(async () => {
  alliance = await createAlliance();
  b = alliance.b;
  const { a } = alliance;
  let patientId: PatientId;
  ({ patientId, pseudonym } = await a.records.add([
    { resourceType: 'Observation', id: 'one', status: 'final', note: [{ text: 'between us' }] },
    { resourceType: 'Observation', id: 'two', status: 'amended' },
  ]));
  a.consent.grants.set(patientId, { id: 'c', version: 1, recipient: 'hospital-b', types: ['Observation'] });
  await alliance.anchor();
  const unused = () => Promise.reject(new Error('not at a requester'));
  const nothing = async () => [];
  deps = {
    db: b.database.db,
    clock: b.clock,
    members: b.requester.members,
    decisions: { prepare: unused, releases: () => 'withhold', permitGiven: unused },
    consents: { evidence: unused },
    records: { openVersion: unused },
    log: b.log,
    access: b.log.accessWriter,
    proofs: {
      proofsFor: nothing,
      blocks: async (place) => {
        const { confirmation: by } = place;
        const block = Uint8Array.of(1);
        return { block, configBlocks: [], ...(by === undefined ? {} : { confirmation: { ...by, block } }) };
      },
      confirmationOf: async () => confirmation,
    },
  };
  ({ requestId, proofs } = await ask(1));
});
afterAll(() => alliance.close());

/** Asks hospital A and gives what staff would get with each record. */
async function ask(times: number): Promise<{ requestId: string; proofs: [RecordProof, RecordProof] }> {
  const inquiry = {
    ...{ staff: b.staff, person: { pseudonym }, sources: ['hospital-a'], types: ['Observation'] },
    ...{ purpose: 'TREAT' as const, count: times * 10 },
  };
  const result = await requestRecords(inquiry, b.requester);
  const [source] = result.outcome === 'asked' ? result.sources : [];
  if (source?.outcome !== 'permitted') throw new Error('denied');
  const { records, checkpoint } = source.reply;
  const { note, txId, blockNumber } = checkpoint as SentCheckpoint;
  const [one, two] = records.map(({ evidence: { version: _version, ...evidence } }) => ({
    ...{ ...evidence, checkpoint: note, anchor: { txId, blockNumber } },
  }));
  if (one === undefined || two === undefined) throw new Error('too few records');
  return { requestId: result.requestId, proofs: [one, two] };
}

function prove(
  proof: RecordProof,
  {
    as = b.staff,
    under = requestId,
    source = 'hospital-a',
  }: { as?: Staff; under?: string; source?: string } = {},
): Promise<EvidenceBundle> {
  const caller = { actor: as, query: '/exchange/requests/x/hospital-a/$proof', requestId: undefined };
  return proveReceived({ requestId: under, source, proof }, { caller, deps });
}

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'given',
    (error: { code: string }) => error.code,
  );
const stranger = (roles: Staff['roles']): Staff => ({ ...b.staff, staffId: 'dr-x', roles });

describe('the proof of a disclosure, at the requester', () => {
  it('is put together from what was received, with the source’s receipt and decision and without the consent', async () => {
    const bundle = await prove(proofs[0]);

    expect(bundle).toMatchObject({
      leaf: proofs[0].leaf,
      anchor: { txId: 'tx-1', blockNumber: 1 },
      release: {
        receipt: { source: 'hospital-a', requester: 'hospital-b', permit: true },
        decision: { organizationId: 'hospital-a', permit: true, consents: [{ id: 'c', version: 1 }] },
      },
    });
    expect(bundle).not.toHaveProperty('consent');
    expect(openDisclosure(bundle.disclosure).withheld).toEqual(['note']);
    expect(JSON.stringify(bundle)).not.toContain('between us');
  });

  it('names the anchor that this node read itself, and the transaction that read it back', async () => {
    const by = { txId: 'cd'.repeat(32), blockNumber: 9 };
    confirmation = { state: 'confirmed', by };
    const bundle = await prove({ ...proofs[0], anchor: { txId: 'tx-9', blockNumber: 9 } });
    confirmation = { state: 'unneeded' };

    expect(bundle).toMatchObject({ anchor: { txId: 'tx-1' }, confirmation: { txId: by.txId } });
  });

  it('waits for a transaction that read the anchor, where one is needed', async () => {
    confirmation = { state: 'awaited' };
    const code = await codeOf(prove(proofs[0]));
    confirmation = { state: 'unneeded' };

    expect(code).toBe('EXCHANGE_PROOF_PENDING');
  });

  it.each<[string, (proof: RecordProof) => RecordProof]>([
    ['another value', (proof) => bentValue(proof)],
    ['the leaf of another record', (proof) => ({ ...proof, leaf: proofs[1].leaf })],
    ['another leaf index', (proof) => ({ ...proof, leafIndex: proof.leafIndex + 1 })],
    ['no path', (proof) => ({ ...proof, inclusionProof: [] })],
    [
      'another checkpoint',
      (proof) => ({ ...proof, checkpoint: proof.checkpoint.replace(/\n\d+\n/, '\n9\n') }),
    ],
    [
      'a checkpoint without its signature',
      (proof) => ({ ...proof, checkpoint: proof.checkpoint.split('—')[0] ?? '' }),
    ],
    ['no checkpoint', (proof) => ({ ...proof, checkpoint: '' })],
    ['a path that is none', (proof) => ({ ...proof, inclusionProof: ['zz'] })],
    ['a disclosure that is none', (proof) => ({ ...proof, disclosure: { elements: [] } })],
  ])('refuses %s', async (_, bend) => {
    expect(await codeOf(prove(bend(proofs[0])))).toBe('EXCHANGE_PROOF_INVALID');
  });

  it('refuses a record that the receipt of this request does not name', async () => {
    const { a } = alliance;
    const { patientId, pseudonym: other } = await a.records.add([
      { resourceType: 'Observation', id: 'three', status: 'final' },
      { resourceType: 'Observation', id: 'four', status: 'final' },
    ]);
    a.consent.grants.set(patientId, { id: 'd', version: 1, recipient: 'hospital-b', types: ['Observation'] });
    await alliance.anchor();
    const own = pseudonym;
    pseudonym = other;
    const foreign = await ask(1);
    pseudonym = own;

    expect(await codeOf(prove(foreign.proofs[0], { under: foreign.requestId }))).toBe('given');
    expect(await codeOf(prove(foreign.proofs[0]))).toBe('EXCHANGE_PROOF_INVALID');
  });

  it('is for the one who asked and for overseers; for all others the exchange is not there', async () => {
    const [proof] = proofs;

    expect(await codeOf(prove(proof, { as: stranger(['privacy-officer']) }))).toBe('given');
    expect(await codeOf(prove(proof, { as: stranger(['administrator']) }))).toBe('given');
    expect(await codeOf(prove(proof, { as: stranger(['regulator']) }))).toBe('given');
    for (const refused of [
      prove(proof, { as: stranger(['clinician', 'registrar']) }),
      prove(proof, { under: crypto.randomUUID() }),
      prove(proof, { source: 'hospital-c' }),
      prove(bentValue(proof), { as: stranger(['clinician']) }),
    ])
      expect(await codeOf(refused)).toBe('EXCHANGE_NOT_FOUND');
  });

  it('is on record, given or refused', async () => {
    const count = async () => (await b.database.db.query('select 1 from audit_event')).rows.length;
    const before = await count();

    await prove(proofs[0]);
    await codeOf(prove(bentValue(proofs[0])));
    await codeOf(prove(proofs[0], { as: stranger(['clinician']) }));
    await codeOf(prove(proofs[0], { source: 'hospital-c' }));

    expect(await count()).toBe(before + 4);
  });
});

function bentValue(proof: RecordProof): RecordProof {
  const elements = proof.disclosure.elements.map((element) =>
    element.name === 'status' ? { ...element, value: 'entered-in-error' } : element,
  );
  return { ...proof, disclosure: { elements } };
}
