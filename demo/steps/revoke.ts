import { expectStatus } from '../client.ts';
import { clientOf, must, type Story } from '../story.ts';
import { heading, result } from '../terminal.ts';
import { askHospitalA } from './ask.ts';
import { expectDenied, showReason } from './denied.ts';
import { sign } from './grant.ts';

type RevocationDraft = { statement: object; challenge: string };

/** 5. The patient revokes; hospital B is denied again within a second; hospital C never saw anything. */
export async function revokeConsent(story: Story): Promise<void> {
  heading(
    5,
    '患者撤回授权：仁和医院立即被拒，东湖医院从未看到任何内容',
    'The patient revokes; hospital B is denied at once; hospital C never saw anything',
  );
  const client = clientOf(story, 'hospital-a');
  const bearer = must(story.patientBearer, "the patient's session");
  const consentId = must(story.consentId, 'the consent');
  const path = `/consents/${consentId}`;
  const draft = expectStatus(
    await client.call<RevocationDraft>('POST', `${path}/revocation-drafts`, { bearer }),
    200,
  );
  const body = { statement: draft.statement, assertion: sign(story, draft.challenge) };
  expectStatus(await client.call('POST', `${path}/revocation`, { bearer, body }), 200);
  const revokedAt = performance.now();
  const answer = await askHospitalA(story, 'hospital-b');
  const took = performance.now() - revokedAt;
  expectDenied(answer);
  result(true, '撤回生效，仁和医院被拒 · revoked, hospital B denied', took);
  showReason(answer);
  const other = await askHospitalA(story, 'hospital-c');
  expectDenied(other);
  result(true, '东湖医院同样被拒 · hospital C denied as well');
}
