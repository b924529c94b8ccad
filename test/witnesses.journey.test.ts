import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { witnessKey } from '@medseal/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectStatus } from '../demo/client.ts';
import { clientOf, eventually, trustPolicy } from '../demo/story.ts';
import { readPdf } from '../node/src/adapters/pdf/test/read-pdf.ts';
import { type Journey, startJourney, untilAnchored } from './journey/alliance.ts';
import { membersOf, verifyOffline } from './journey/evidence.ts';
import { type EnrolledPerson, enrol, takeInPerson } from './journey/people.ts';
import { observation } from './journey/records.ts';

type Status = {
  witness: { cosignedSize: number; quorum: number; witnesses: number };
};

let journey: Journey;
let patient: EnrolledPerson;
let recordId: string;

beforeAll(async () => {
  journey = await startJourney({ only: ['hospital-a', 'hospital-b', 'regulator'] });
  const { recordIds, ...person } = await takeInPerson(journey.story, (reference) => [observation(reference)]);
  recordId = recordIds[0] ?? '';
  patient = await enrol(journey.story, person);
});
afterAll(() => journey?.stop());

const statusOf = async (organizationId: string): Promise<Status> =>
  expectStatus(await clientOf(journey.story, organizationId).call<Status>('GET', '/status'), 200);

describe('witnesses of a running alliance', () => {
  it('cosign what a hospital anchored, soon after', async () => {
    const log = await untilAnchored(journey.story);
    const { witness } = await eventually('the cosignatures', async () => {
      const status = await statusOf('hospital-a');
      return status.witness.cosignedSize >= log.treeSize ? status : undefined;
    });

    expect(witness).toMatchObject({ quorum: 2, witnesses: 2 });
  });

  it('stand in the proof of a record, for a verifier who names them', async () => {
    const path = `/fhir/R4/Observation/${recordId}/_history/1/$proof`;
    const { bearer } = patient;
    const proof = JSON.stringify(
      expectStatus(await clientOf(journey.story, 'hospital-a').call<object>('GET', path, { bearer }), 200),
    );
    const members = await membersOf(journey.story);
    const verifierKeys = members.map(({ organizationId, logKey }) => witnessKey(organizationId, logKey));
    const verify = (quorum: number) => {
      const policy = join(journey.folder, `trust-${quorum}.json`);
      const content = { ...trustPolicy(journey.story, members), witnesses: { quorum, verifierKeys } };
      writeFileSync(policy, JSON.stringify(content));
      return verifyOffline(journey, { proof, policy });
    };

    expect(verify(2)).toMatchObject({ exit: 0, text: expect.stringContaining('✓ witnesses') });
    // The log itself is among the three names and never counts.
    expect(verify(3)).toMatchObject({ exit: 2, text: expect.stringContaining('2 / 3') });
  });

  it('are on the certificate of a record, which is about the bundle that comes with it and names no patient', async () => {
    const path = `/fhir/R4/Observation/${recordId}/_history/1/$certificate`;
    const { bearer } = patient;
    const headers = { accept: 'application/json' };
    const client = clientOf(journey.story, 'hospital-a');
    type Issued = { bundle: string; certificate: string };
    const issued = expectStatus(await client.call<Issued>('GET', path, { bearer, headers }), 200);
    const policy = join(journey.folder, 'trust-certificate.json');
    writeFileSync(policy, JSON.stringify(trustPolicy(journey.story, await membersOf(journey.story))));

    const { source, text } = readPdf(Buffer.from(issued.certificate, 'base64'));

    const page = text.replaceAll(/\s/g, '');
    expect(page).toContain(createHash('sha256').update(issued.bundle).digest('hex'));
    expect(page).toContain('足够多的其他机构作为见证方会签了该检查点');
    expect(page).toContain('全部密钥在同一台机器上，本证明对任何人都没有约束力');
    for (const canary of [recordId, patient.patientId, patient.nationalId, 'Hemoglobin', 'g/dL'])
      expect(page + source).not.toContain(canary);
    expect(verifyOffline(journey, { proof: issued.bundle, policy })).toMatchObject({ exit: 0 });
    const other = await client.call('GET', path, { bearer });
    expect(other.status).toBe(406);
  });

  it('have nothing to accuse anybody of', async () => {
    const bearer = await journey.story.staff('regulator@regulator');
    const answer = await clientOf(journey.story, 'regulator').call<{ forks: unknown[]; logs: object[] }>(
      'GET',
      '/witness/forks',
      { bearer },
    );

    expect(expectStatus(answer, 200).forks).toEqual([]);
    expect(answer.body.logs).toContainEqual(
      expect.objectContaining({ organizationId: 'hospital-a', forked: false }),
    );
  });
});
