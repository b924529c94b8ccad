import type { BenchBundle } from './bundles.ts';

/** A patient as the node stores it: its own ids beside those of the bundle. */
export type StoredPatient = {
  ownId: string;
  plainId: string;
  bytes: number;
  /** `Type/id` at the node, and the id in the bundle. */
  records: { own: string; plainId: string }[];
};

/** Reads the ids that the node gave, from its answer to a bundle. */
export function fhirIdsOf({ name, patient, texts }: BenchBundle, answer: Buffer): StoredPatient {
  if (patient === undefined) throw new Error(`${name} is no patient's bundle`);
  const { entry } = JSON.parse(answer.toString('utf8')) as { entry: { response: { location: string } }[] };
  const own = entry.map(({ response }) => response.location.split('/').slice(0, 2).join('/'));
  const records = texts.map((text, at) => ({
    own: own[at] ?? '',
    plainId: (JSON.parse(text) as { id: string }).id,
  }));
  return {
    ownId: own[patient.place]?.split('/')[1] ?? '',
    plainId: patient.id,
    bytes: texts.reduce((sum, text) => sum + text.length, 0),
    records,
  };
}
