import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { bundleFiles, type FhirBundle, identifyPatients, readBundle } from '../demo/load-patients.ts';
import { root } from './stage.ts';

/** One bundle as it is posted. */
export type BenchBundle = {
  name: string;
  body: Buffer;
  /** Each resource's JSON, for the baseline. */
  texts: string[];
  patient: { id: string; place: number } | undefined;
  nationalId: string | undefined;
};

export type BundleSet = {
  directory: BenchBundle[];
  patients: BenchBundle[];
  resources: number;
  bytes: number;
};

/** The folder of the large set where it is at hand, else the demonstration's. */
export function dataFolder({ quick }: { quick: boolean }): string {
  const large = join(root, '..', 'shared', 'data', 'synthea-a', 'bundles');
  return !quick && existsSync(large) ? large : join(root, 'demo', 'data');
}

/**
 * Reads a set. `round` changes the patients' invented national ids, so that the same set can be taken in again as other
 * people.
 */
export async function readBundles(folder: string, round: number): Promise<BundleSet> {
  const directory: BenchBundle[] = [];
  const patients: BenchBundle[] = [];
  let resources = 0;
  let bytes = 0;
  for (const file of bundleFiles(folder)) {
    const bundle = await readBundle(file);
    if (round > 0) renamePatients(bundle, round);
    const [person] = identifyPatients(bundle, basename(file));
    const one = { ...prepared(bundle, basename(file, '.json.gz')), nationalId: person?.nationalId };
    if (one.patient === undefined) directory.push(one);
    else patients.push(one);
    resources += bundle.entry.length;
    bytes += one.texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  }
  return { directory, patients, resources, bytes };
}

/** National ids are made of the birth date and a hash of the id: another day of birth gives another person. */
function renamePatients(bundle: FhirBundle, round: number): void {
  for (const { resource } of bundle.entry) {
    if (resource.resourceType !== 'Patient') continue;
    const born = new Date(`${String(resource['birthDate'])}T00:00:00Z`);
    born.setUTCDate(born.getUTCDate() - round);
    resource['birthDate'] = born.toISOString().slice(0, 10);
  }
}

function prepared(bundle: FhirBundle, name: string): Omit<BenchBundle, 'nationalId'> {
  const place = bundle.entry.findIndex(({ resource }) => resource.resourceType === 'Patient');
  const id = bundle.entry[place]?.resource.id;
  return {
    name,
    body: Buffer.from(JSON.stringify(bundle)),
    texts: bundle.entry.map(({ resource }) => JSON.stringify(resource)),
    patient: id === undefined ? undefined : { id, place },
  };
}
