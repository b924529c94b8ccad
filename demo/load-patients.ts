import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import { inventNationalId } from './national-id.ts';

export type FhirBundle = {
  resourceType: 'Bundle';
  type: string;
  entry: { fullUrl?: string; resource: FhirResource }[];
};
type FhirResource = { resourceType: string; id?: string; identifier?: object[]; [element: string]: unknown };

/** A Patient of a bundle, with the invented national id it was given. */
export type DemoPatient = { file: string; id: string; nationalId: string; name: string; birthDate: string };

const nationalIdSystem = 'urn:oid:2.16.156.10011.1.3';

/** Bundle files of a folder in loading order: organisations and practitioners (`00-…`, `01-…`) come first. */
export function bundleFiles(folder: string): string[] {
  const files = readdirSync(folder)
    .filter((name) => /\.json(\.gz)?$/.test(name))
    .sort();
  if (files.length === 0) throw new Error(`no .json or .json.gz bundle in ${folder}`);
  return files.map((name) => join(folder, name));
}

export async function readBundle(file: string): Promise<FhirBundle> {
  const stream = file.endsWith('.gz') ? createReadStream(file).pipe(createGunzip()) : createReadStream(file);
  return JSON.parse((await buffer(stream)).toString('utf8')) as FhirBundle;
}

/** Adds the invented national id to each Patient of the bundle and says whom it holds. */
export function identifyPatients(bundle: FhirBundle, file: string): DemoPatient[] {
  return bundle.entry.flatMap(({ resource, fullUrl }) => {
    if (resource.resourceType !== 'Patient') return [];
    const id = resource.id ?? fullUrl?.replace('urn:uuid:', '') ?? '';
    const birthDate = String(resource['birthDate']);
    const nationalId = inventNationalId({ id, birthDate, gender: String(resource['gender']) });
    resource.identifier = [
      ...(resource.identifier ?? []),
      { use: 'official', system: nationalIdSystem, value: nationalId },
    ];
    const [name] = (resource['name'] ?? []) as { family?: string; given?: string[] }[];
    return [
      { file, id, nationalId, name: `${name?.given?.[0] ?? ''} ${name?.family ?? ''}`.trim(), birthDate },
    ];
  });
}
