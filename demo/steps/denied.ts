import { must, nameOf, type Story } from '../story.ts';
import { detail, heading, result } from '../terminal.ts';
import { askHospitalA, type SourceAnswer } from './ask.ts';

/** 2. A clinician of hospital B asks without consent: denied, with a reason and the next step. */
export async function askWithoutConsent(story: Story): Promise<void> {
  heading(
    2,
    '仁和医院的医生调阅该患者的用药和检查：没有授权',
    'A clinician at hospital B asks for medication and observations: no consent',
  );
  const startedAt = performance.now();
  const answer = await askHospitalA(story, 'hospital-b');
  expectDenied(answer);
  result(true, `${nameOf('hospital-a')} 拒绝 · denied`, performance.now() - startedAt);
  showReason(answer);
}

export function expectDenied(answer: SourceAnswer): void {
  if (answer.outcome !== 'denied')
    throw new Error(`expected a denial, got ${answer.outcome} ${answer.code ?? ''}`);
}

export function showReason({ reasons }: SourceAnswer): void {
  const reason = must(reasons?.[0], 'the reason of the denial');
  detail(`原因 ${reason.zh}`);
  detail(`下一步 ${reason.next.zh}`);
  detail(`Why: ${reason.en}`);
  detail(`Next: ${reason.next.en}`);
}
