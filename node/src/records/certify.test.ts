import { createHash } from 'node:crypto';
import { fromBase64, parseStrictJson } from '@medseal/evidence';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { unpackBlocks } from '../../../evidence/src/packed-blocks.ts';
import type { Resource } from '../fhir/index.ts';
import { type CertificatePort, certifyRecord, type ProofPort, proveRecord } from './record-proof.ts';
import { bundle, bundleText, issuer, verify } from './test/certificates.ts';
import { createFixture, type Fixture, observation, patient } from './test/fixture.ts';
import { createRecord } from './write-one.ts';

let fixture: Fixture;
let patientId: string;
let id: string;
beforeAll(async () => {
  fixture = await createFixture();
  const context = { caller: fixture.clinician, deps: fixture.deps };
  const name = [{ text: '金丝雀' }];
  ({ id: patientId } = await createRecord({ resource: patient({ name }) as Resource }, context));
  ({ id } = await createRecord({ resource: observation(patientId) as Resource }, context));
});
afterAll(() => fixture.database.drop());
beforeEach(() => fixture.setPolicy(() => ({ grants: [{ types: 'all', labels: 'all', exclusions: [] }] })));

const anchored: ProofPort = {
  proofsFor: async () => [
    { state: 'anchored', ...bundle } as unknown as Awaited<ReturnType<ProofPort['proofsFor']>>[number],
  ],
  blocks: async () => {
    const [block = new Uint8Array()] = unpackBlocks(fromBase64(bundle.blocks)).slice(-2);
    return { block, configBlocks: [] };
  },
};
const pending: ProofPort = { ...anchored, proofsFor: async () => [{ state: 'pending' } as never] };

/** `judged`: what the node's verifier says of whatever it is given. */
function certify(options: { proofs?: ProofPort; judged?: Partial<ReturnType<typeof verify>>; id?: string }) {
  const certificates: CertificatePort = {
    issuer,
    channel: { name: 'care', genesisHash: '00'.repeat(32) },
    verify: async () => ({ ...verify(bundleText), ...options.judged }),
    render: () => Promise.reject(new Error('not here')),
  };
  const { clinician: caller, deps } = fixture;
  return certifyRecord(
    { type: 'Observation', id: options.id ?? id, version: 1 },
    { caller, deps, proofs: options.proofs ?? anchored, certificates },
  );
}

const refusal = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'given',
    (error: { code: string; status: number; message: string }) => [error.code, error.status, error.message],
  );

describe('the certificate of a record', () => {
  it('comes with the very bundle whose digest is on it, and says nothing of the record or the patient', async () => {
    const { certificate, bundleText: text } = await certify({});

    expect(certificate.qrText).toBe(
      `medseal:bundle:sha256:${createHash('sha256').update(text).digest('hex')}`,
    );
    expect(parseStrictJson(text)).toMatchObject({ format: 'medseal/bundle/v1' });
    expect(text).toContain('Hemoglobin');
    for (const canary of ['Hemoglobin', '13.1', '金丝雀', '1980-05-01', patientId, id, 'dr-li', 'Li Wei'])
      expect(JSON.stringify(certificate)).not.toContain(canary);
  });

  it('is refused while the version is not anchored', async () => {
    expect(await refusal(certify({ proofs: pending }))).toMatchObject(['RECORDS_PROOF_PENDING', 409, {}]);
  });

  it.each(['tampered', 'undecided'] as const)(
    'is refused where this node itself finds the bundle %s',
    async (verdict) => {
      expect(await refusal(certify({ judged: { verdict } }))).toMatchObject([
        'RECORDS_PROOF_UNVERIFIED',
        503,
        {},
      ]);
    },
  );

  it('is refused alike for what is hidden and what is absent, as its proof is', async () => {
    const { deps, clinician: caller } = fixture;
    const absent = await refusal(certify({ id: 'absent' }));
    fixture.setPolicy(() => 'deny');

    const hidden = await refusal(certify({}));
    const request = { type: 'Observation', id, version: 1 };
    const proof = await refusal(proveRecord(request, { caller, deps, proofs: anchored }));

    expect(hidden).toEqual(absent);
    expect(hidden).toEqual(proof);
    expect(hidden).toMatchObject(['RECORDS_NOT_FOUND', 404, {}]);
  });

  it('is an access to the record like any other, also where it is refused', async () => {
    const count = async () => (await fixture.database.db.query('select 1 from audit_event')).rows.length;
    const before = await count();

    await certify({});
    await refusal(certify({ proofs: pending }));

    expect(await count()).toBe(before + 2);
  });
});
