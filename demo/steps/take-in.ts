import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expectStatus } from '../client.ts';
import {
  bundleFiles,
  type DemoPatient,
  type FhirBundle,
  identifyPatients,
  readBundle,
} from '../load-patients.ts';
import { clientOf, eventually, must, type Story, type StoryPatient } from '../story.ts';
import { heading, progress, result } from '../terminal.ts';

type BundleResponse = { entry: { response: { status: string; location?: string } }[] };
type NodeStatus = {
  log: { treeSize: number; anchoredSize: number; pending: number };
  patients: { unmatched: number };
};
type TakenIn = { patients: StoryPatient[]; resources: number };

/** The demo's patient: has medication, observations and records that carry a sensitive label. */
const heroFile = 'p043';

/** 1. Hospital A takes in bundles: encrypted, indexed, logged, anchored. What an earlier run took in is still there. */
export async function takeIn(story: Story, folder: string): Promise<void> {
  heading(
    1,
    '第一人民医院收录病历：加密、索引、记入日志、上链',
    'Hospital A takes in records: encrypted, indexed, logged, anchored',
  );
  const patients = await takeInFolder(story, folder);
  story.patient = must(patients.find(({ file }) => file.startsWith(heroFile)) ?? patients[0], 'a patient');
  // An attempt before the hospital knows the patient's pseudonym is nobody's, and in nobody's history.
  await eventually('the pseudonyms of the patients', async () =>
    (await statusOf(story)).patients.unmatched === 0 ? true : undefined,
  );
  const anchoredAt = performance.now();
  const { treeSize } = await anchored(story);
  result(
    true,
    `${treeSize} 条存证记录已上链 · log leaves anchored on the ledger`,
    performance.now() - anchoredAt,
  );
}

/** Takes in the bundles that no earlier run took in, and resolves to all patients of the folder. */
async function takeInFolder(story: Story, folder: string): Promise<StoryPatient[]> {
  const known = readTakenIn(story);
  const files = bundleFiles(folder);
  const missing = files.filter((file) => known[file] === undefined);
  const startedAt = performance.now();
  const bar = progress('收录 · taking in', missing.length);
  for (const file of missing) {
    known[file] = await takeInFile(story, file);
    writeFileSync(takenInFile(story), JSON.stringify(known));
    bar.advance();
  }
  const took = performance.now() - startedAt;
  const count = (from: readonly string[]) =>
    from.reduce((sum, file) => sum + (known[file]?.resources ?? 0), 0);
  const patients = files.flatMap((file) => known[file]?.patients ?? []);
  bar.finish(
    missing.length === 0
      ? `${patients.length} 位患者已在库中 patients kept from an earlier run`
      : `${patients.length} 位患者 patients, ${count(missing)} 份 resources, ${Math.round((count(missing) * 1000) / took)}/s`,
  );
  return patients;
}

const takenInFile = (story: Story): string => join(story.alliance.folder, 'taken-in.json');

function readTakenIn(story: Story): Record<string, TakenIn> {
  const file = takenInFile(story);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, TakenIn>) : {};
}

async function takeInFile(story: Story, file: string): Promise<TakenIn> {
  const bundle = await readBundle(file);
  const people = identifyPatients(bundle, basename(file));
  const known = await findPatients(story, people);
  if (people.length > 0 && known.length === people.length) return { patients: known, resources: 0 };
  const answer = await post(story, bundle).catch((error: unknown) => {
    throw new Error(
      `${file} 未能收录 · was not taken in: ${error instanceof Error ? error.message : String(error)} Files are loaded by name: what others refer to (hospitals, practitioners) comes first.`,
    );
  });
  const patients = people.map((person) => ({ ...person, patientId: patientIdOf(bundle, answer) }));
  return { patients, resources: bundle.entry.length };
}

/** Those of the people who are patients already: a run that ended between the hospital's answer and our note of it. */
async function findPatients(story: Story, people: readonly DemoPatient[]): Promise<StoryPatient[]> {
  const bearer = await story.staff('registrar@hospital-a');
  const found: StoryPatient[] = [];
  for (const person of people) {
    const identifier = encodeURIComponent(`urn:oid:2.16.156.10011.1.3|${person.nationalId}`);
    const path = `/fhir/R4/Patient?identifier=${identifier}`;
    type Searchset = { entry?: { resource: { id: string } }[] };
    const { entry } = expectStatus(
      await clientOf(story, 'hospital-a').call<Searchset>('GET', path, { bearer }),
      200,
    );
    if (entry?.[0] !== undefined) found.push({ ...person, patientId: entry[0].resource.id });
  }
  return found;
}

async function post(story: Story, bundle: FhirBundle): Promise<BundleResponse> {
  const bearer = await story.staff('registrar@hospital-a');
  const answer = await clientOf(story, 'hospital-a').call<BundleResponse>('POST', '/fhir/R4', {
    bearer,
    body: bundle,
  });
  if (answer.status !== 200) throw new Error(refusalOf(answer.body));
  return answer.body;
}

/** The node's codes and sentences, and the places they are about. */
function refusalOf(body: object): string {
  type Issue = { details: { coding: { code: string }[]; text: string }; expression?: string[] };
  const { issue: issues } = { issue: [] as Issue[], ...body };
  const lines = issues.slice(0, 3).map(({ details, expression = [] }) => {
    const code = details.coding[0]?.code ?? '';
    return [code, ...expression, details.text].join(' ');
  });
  return lines.length === 0 ? 'the node refused it.' : lines.join(' ');
}

/** The id the hospital gave the Patient of a transaction. */
function patientIdOf(bundle: FhirBundle, { entry }: BundleResponse): string {
  const place = bundle.entry.findIndex(({ resource }) => resource.resourceType === 'Patient');
  const id = /(?:^|\/)Patient\/([^/]+)/.exec(entry[place]?.response.location ?? '')?.[1];
  return must(id, 'the id the hospital gave the patient');
}

/** Waits until every leaf of hospital A is covered by a checkpoint that a verified block confirmed. */
export async function anchored(story: Story): Promise<NodeStatus['log']> {
  return eventually('the anchoring of all leaves', async () => {
    const { log } = await statusOf(story);
    return log.pending === 0 && log.anchoredSize >= log.treeSize ? log : undefined;
  });
}

async function statusOf(story: Story): Promise<NodeStatus> {
  return expectStatus(await clientOf(story, 'hospital-a').call<NodeStatus>('GET', '/status'), 200);
}
