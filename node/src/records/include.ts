import {
  errorIssue,
  FhirError,
  type IncludeSpec,
  includedReferences,
  type SearchQuery,
} from '../fhir/index.ts';
import { openRows } from './find-named.ts';
import { fitting } from './page-room.ts';
import type { RecordsDeps } from './records-deps.ts';
import { type Hit, isDirectoryRow, type Scope, scan } from './scope.ts';
import { findCurrent } from './store.ts';
import { idToken, keyOf } from './tokens.ts';
import type { Caller, RecordIndex } from './types.ts';
import { viewOf } from './view.ts';
import { referenceOf } from './write-context.ts';

type Context = { caller: Caller; deps: RecordsDeps };

/** Records that one page may carry beside its matches. */
const maxIncluded = 1000;
const scanBatch = 1000;

/** Types that the includes of a query may bring in; the decision is asked about them too. */
export function includedTypes({ includes, revincludes }: SearchQuery): string[] {
  const targets = includes.flatMap(({ targetType, parameter }) =>
    targetType === undefined ? [...parameter.targets] : [targetType],
  );
  return [...new Set([...targets, ...revincludes.map(({ sourceType }) => sourceType)])];
}

/**
 * What a page includes: records of the same patient that the same decision releases, and entries of the directory.
 * Nothing of another patient, whatever a reference says.
 */
export async function findIncluded(
  hits: readonly Hit[],
  query: SearchQuery,
  context: Context,
): Promise<Hit[]> {
  if (hits.length === 0 || (query.includes.length === 0 && query.revincludes.length === 0)) return [];
  const shown = new Set(hits.map(({ index }) => referenceOf(index)));
  const included = new Map<string, Hit>();
  const add = (hit: Hit): void => {
    const reference = referenceOf(hit.index);
    if (!shown.has(reference)) included.set(reference, hit);
    if (included.size > maxIncluded) throw tooMany();
  };
  for (const hit of await findTargets(hits, query.includes, context)) add(hit);
  for (const scope of new Set(hits.map((hit) => hit.scope))) {
    for (const spec of query.revincludes) await addSources(scope, { spec, shown, add, deps: context.deps });
  }
  const all = [...included.values()];
  if (fitting(all) < all.length) throw tooMany();
  return all;
}

async function findTargets(
  hits: readonly Hit[],
  specs: readonly IncludeSpec[],
  { caller, deps }: Context,
): Promise<Hit[]> {
  const users = new Map<string, Scope[]>();
  for (const { index, scope } of hits) {
    for (const reference of specs.flatMap((spec) => includedReferences(index.values, spec))) {
      const [type = '', id = ''] = reference.split('/');
      const token = keyOf(idToken(deps.keyStore, type, id));
      users.set(token, [...(users.get(token) ?? []), scope]);
    }
  }
  const tokens = [...users.keys()].map((token) => Buffer.from(token, 'latin1'));
  const rows = (await findCurrent(deps.db, tokens)).filter(({ deleted }) => !deleted);
  const directory = await viewOf('directory', { caller, action: 'search', types: [], deps });
  return (await openRows(rows, deps)).flatMap(({ row, key, index }): Hit[] => {
    const scope = isDirectoryRow(row, deps)
      ? { owner: 'directory' as const, key, view: directory }
      : users.get(keyOf(row.id_token))?.find(({ owner }) => owner === index.owner);
    return scope?.view.releases(index) ? [{ row, index, scope }] : [];
  });
}

type Sources = { spec: IncludeSpec; shown: ReadonlySet<string>; add: (hit: Hit) => void; deps: RecordsDeps };

/** Records of the same owner that refer to a match. */
async function addSources(scope: Scope, { spec, shown, add, deps }: Sources): Promise<void> {
  const refers = ({ values }: RecordIndex): boolean =>
    includedReferences(values, spec).some((reference) => shown.has(reference));
  const options = { type: spec.sourceType, batch: scanBatch, withBodies: false, limit: maxIncluded + 1 };
  for (const hit of await scan(scope, refers, { ...options, deps })) add(hit);
}

function tooMany(): Error {
  const text = `More than ${maxIncluded} records, or more than 16 MiB, would be included; ask for smaller pages.`;
  return new FhirError('FHIR_SEARCH_TOO_COSTLY', [
    errorIssue({ type: 'too-costly', code: 'FHIR_SEARCH_TOO_COSTLY', text }),
  ]);
}
