import { type ApiAnswer, expectStatus } from '../client.ts';
import { clientOf, eventually, must, type Story } from '../story.ts';

export type Reason = { rule: string; zh: string; en: string; next: { zh: string; en: string } };
export type AskedRecord = {
  type: string;
  id: string;
  version: string;
  resource: Record<string, unknown>;
  withheld: string[];
};
export type SourceAnswer = {
  organizationId: string;
  outcome: 'permitted' | 'denied' | 'failed';
  code?: string;
  reasons?: Reason[];
  records?: AskedRecord[];
  checks?: unknown;
  pending?: unknown;
  omitted?: unknown;
};

/** A clinician asks hospital A for the patient's medication and observations. */
export async function askHospitalA(story: Story, from: string): Promise<SourceAnswer> {
  const { nationalId } = must(story.patient, 'the patient');
  const bearer = await story.staff(`clinician@${from}`);
  const answer: ApiAnswer<{ sources: SourceAnswer[] }> = await clientOf(story, from).call(
    'POST',
    '/exchange/requests',
    {
      bearer,
      body: {
        nationalId,
        sources: ['hospital-a'],
        types: ['MedicationRequest', 'Observation', 'Condition'],
        purpose: 'TREAT',
        count: 500,
      },
    },
  );
  const [source] = expectStatus(answer, 200).sources;
  return must(source, 'the answer of hospital A');
}

/** Hospital A can be asked about the patient once the regulator's service has given the pseudonym. */
export async function untilKnown(story: Story): Promise<void> {
  const { patientId } = must(story.patient, 'the patient');
  const bearer = await story.staff('registrar@hospital-a');
  await eventually('the pseudonym of the patient', async () => {
    const answer = await clientOf(story, 'hospital-a').call('GET', `/fhir/R4/Patient/${patientId}`, {
      bearer,
    });
    return answer.status === 200 ? true : undefined;
  });
}
