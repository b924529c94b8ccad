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
        count: 256,
      },
    },
  );
  const [source] = expectStatus(answer, 200).sources;
  return must(source, 'the answer of hospital A');
}

/** Asks until hospital A knows the patient: its request for the pseudonym runs on its own after a record is taken in. */
export async function askUntilPermitted(story: Story, from: string): Promise<SourceAnswer> {
  return eventually(`hospital A's release to ${from}`, async () => {
    const answer = await askHospitalA(story, from);
    return answer.outcome === 'permitted' ? answer : undefined;
  });
}
