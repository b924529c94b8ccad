import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
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
  const files = namesIn(folder)
    .filter((name) => /\.json(\.gz)?$/.test(name))
    .sort();
  if (files.length === 0)
    throw new Error(
      `${folder} 中没有 .json 或 .json.gz 文件 · no .json or .json.gz file in ${folder}; --data takes a folder of FHIR transaction bundles`,
    );
  return files.map((name) => join(folder, name));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    throw new Error(
      `${folder} 不是可读的文件夹 · ${folder} is no folder that can be read; --data takes a folder of FHIR transaction bundles`,
    );
  }
}

export async function readBundle(file: string): Promise<FhirBundle> {
  const stream = file.endsWith('.gz')
    ? pipeline(createReadStream(file), createGunzip(), buffer)
    : buffer(createReadStream(file));
  const bundle = await stream
    .then((bytes) => JSON.parse(bytes.toString('utf8')) as FhirBundle)
    .catch(() => undefined);
  if (bundle?.resourceType !== 'Bundle' || !Array.isArray(bundle.entry))
    throw new Error(
      `${file} 不是 FHIR 数据包 · ${file} is no FHIR bundle in JSON; take it out of the folder, or choose another with --data`,
    );
  return bundle;
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
