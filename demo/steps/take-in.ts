import { basename } from 'node:path';
import { expectStatus } from '../client.ts';
import {
  bundleFiles,
  type DemoPatient,
  type FhirBundle,
  identifyPatients,
  readBundle,
} from '../load-patients.ts';
import { clientOf, eventually, must, type Story } from '../story.ts';
import { heading, progress, result } from '../terminal.ts';

type BundleResponse = { entry: { response: { status: string; location?: string } }[] };
type LogStatus = { log: { treeSize: number; anchoredSize: number; pending: number } };

/** The demo's patient: has medication, observations and records that carry a sensitive label. */
const heroFile = 'p043';

/** 1. Hospital A takes in bundles: encrypted, indexed, logged, anchored. */
export async function takeIn(story: Story, folder: string): Promise<void> {
  heading(
    1,
    '第一人民医院收录病历：加密、索引、记入日志、上链',
    'Hospital A takes in records: encrypted, indexed, logged, anchored',
  );
  const files = bundleFiles(folder);
  const startedAt = performance.now();
  const bar = progress('收录 · taking in', files.length);
  const patients: (DemoPatient & { patientId: string })[] = [];
  let resources = 0;
  for (const file of files) {
    const bundle = await readBundle(file);
    const people = identifyPatients(bundle, basename(file));
    const answer = await post(story, bundle);
    resources += bundle.entry.length;
    for (const person of people) patients.push({ ...person, patientId: patientIdOf(bundle, answer) });
    bar.advance();
  }
  const took = performance.now() - startedAt;
  bar.finish(
    `${patients.length} 位患者 patients, ${resources} 份 resources, ${Math.round((resources * 1000) / took)}/s`,
  );
  story.patient = must(
    patients.find(({ file }) => file.startsWith(heroFile)) ?? patients[0],
    'a patient in the folder',
  );
  const anchoredAt = performance.now();
  const { treeSize } = await anchored(story);
  result(
    true,
    `${treeSize} 条存证记录已上链 · log leaves anchored on the ledger`,
    performance.now() - anchoredAt,
  );
}

async function post(story: Story, bundle: FhirBundle): Promise<BundleResponse> {
  const bearer = await story.staff('registrar@hospital-a');
  return expectStatus(
    await clientOf(story, 'hospital-a').call<BundleResponse>('POST', '/fhir/R4', { bearer, body: bundle }),
    200,
  );
}

/** The id the hospital gave the Patient of a transaction. */
function patientIdOf(bundle: FhirBundle, { entry }: BundleResponse): string {
  const place = bundle.entry.findIndex(({ resource }) => resource.resourceType === 'Patient');
  const id = /^Patient\/([^/]+)/.exec(entry[place]?.response.location ?? '')?.[1];
  if (id === undefined) throw new Error('the hospital did not say which id it gave the patient');
  return id;
}

/** Waits until every leaf of hospital A is covered by a checkpoint that a verified block confirmed. */
export async function anchored(story: Story): Promise<LogStatus['log']> {
  return eventually('the anchoring of all leaves', async () => {
    const { log } = expectStatus(await clientOf(story, 'hospital-a').call<LogStatus>('GET', '/status'), 200);
    return log.pending === 0 && log.anchoredSize >= log.treeSize ? log : undefined;
  });
}
