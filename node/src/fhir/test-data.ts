import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Resource } from './types.ts';

/** For tests: Synthea's Bundles, the small set that is committed and the large one where it exists. */
export type SyntheaBundle = {
  resourceType: 'Bundle';
  type: 'transaction' | 'batch';
  entry: {
    fullUrl: string;
    resource: Resource;
    request: { method: string; url: string; ifNoneExist?: string };
  }[];
};

const ROOT = join(import.meta.dirname, '../../..');
const SMALL = join(ROOT, 'demo/data');
const LARGE = join(ROOT, '../shared/data/synthea-a/bundles');

export const hasLargeSet = existsSync(LARGE);

let small: readonly SyntheaBundle[] | undefined;

/** The Bundles of the demo, in the order in which they are to be loaded; shared, so not to be changed. */
export function smallSet(): readonly SyntheaBundle[] {
  small ??= [...bundlesIn(SMALL)];
  return small;
}

/** The Bundles of the large set, one after the other: together they would fill the memory. */
export function largeSet(): Generator<SyntheaBundle> {
  return bundlesIn(LARGE);
}

/** One transaction of the demo's set. */
export function patientBundle(): SyntheaBundle {
  const bundle = smallSet().find(({ type }) => type === 'transaction');
  if (!bundle) throw new Error(`no transaction in ${SMALL}`);
  return bundle;
}

/** The first resource of a type in the demo's set, as a copy that a test may change. */
export function sampleOf(type: string): Resource {
  for (const bundle of smallSet()) {
    const found = bundle.entry.find(({ resource }) => resource.resourceType === type);
    if (found) return structuredClone(found.resource);
  }
  throw new Error(`no ${type} in ${SMALL}`);
}

function* bundlesIn(folder: string): Generator<SyntheaBundle> {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json.gz'));
  for (const name of files.sort()) {
    yield JSON.parse(gunzipSync(readFileSync(join(folder, name))).toString('utf8')) as SyntheaBundle;
  }
}
