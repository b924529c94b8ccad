import { expectStatus } from '../client.ts';
import { clientOf, must, type Story } from '../story.ts';
import { detail, heading, result } from '../terminal.ts';
import { type AskedRecord, askUntilPermitted } from './ask.ts';

const granted = new Set(['MedicationRequest', 'Observation']);

/** 4. Hospital B asks again: exactly what was granted, verified on arrival. */
export async function askWithConsent(story: Story): Promise<void> {
  heading(
    4,
    '仁和医院再次调阅：只得到授权的内容，并当场核验',
    'Hospital B asks again: exactly what was granted, verified on arrival',
  );
  const startedAt = performance.now();
  const answer = await askUntilPermitted(story, 'hospital-b');
  const took = performance.now() - startedAt;
  const records = must(answer.records, 'the records');
  const strangers = records.filter(({ type }) => !granted.has(type));
  if (strangers.length > 0) throw new Error(`got ${strangers[0]?.type}, which was not granted`);
  if (records.length === 0) throw new Error('nothing was released');
  result(true, `${records.length} 份 records: ${counts(records)}`, took);
  const kept = (await held(story, 'Observation')) + (await held(story, 'MedicationRequest')) - records.length;
  if (kept <= 0) throw new Error('no sensitive record was kept back');
  detail(`未给出的敏感记录 · sensitive records kept back, their number is not told to hospital B: ${kept}`);
  const withheld = new Set(records.flatMap((record) => record.withheld));
  detail(`没有给出的类型 · not granted, not sent: Condition`);
  detail(`隐去的内容 · elements withheld: ${[...withheld].sort().join(', ') || '—'}`);
  result(
    true,
    '来源签名、封装、回执、每份记录在已上链日志中的位置均核验 · signature, seal, receipt and inclusion of each record verified',
  );
  const [first] = records;
  if (first !== undefined) story.releasedRecord = { type: first.type, id: first.id, version: first.version };
}

/** How many records of a type hospital A holds of the patient, as the patient sees it. */
async function held(story: Story, type: string): Promise<number> {
  const { patientId } = must(story.patient, 'the patient');
  const bearer = must(story.patientBearer, "the patient's session");
  const path = `/fhir/R4/${type}?patient=${patientId}&_summary=count`;
  const answer = await clientOf(story, 'hospital-a').call<{ total: number }>('GET', path, { bearer });
  return expectStatus(answer, 200).total;
}

function counts(records: readonly AskedRecord[]): string {
  const byType = Map.groupBy(records, ({ type }) => type);
  return [...byType].map(([type, all]) => `${type} ${all.length}`).join(', ');
}
