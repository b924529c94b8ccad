import { fhirError } from './errors.ts';
import { parametersOf } from './search-table.ts';
import type { IncludeSpec, SearchValues } from './types.ts';

/**
 * Reads `_include` (given the searched type as `source`) or `_revinclude` (given it as `target`): `Type:parameter[:TargetType]`.
 * Wildcards and `:iterate` are refused: each hop would need its own decision.
 */
export function parseInclude(value: string, searched: { source?: string; target?: string }): IncludeSpec {
  const [sourceType = '', code = '', targetType, ...more] = value.split(':');
  const parameter = parametersOf(sourceType)?.get(code);
  const isReference = parameter?.type === 'reference' && more.length === 0;
  const isSource = searched.source === undefined || searched.source === sourceType;
  const isTarget = targetType === undefined || parameter?.targets.has(targetType);
  const pointsBack = searched.target === undefined || (targetType ?? searched.target) === searched.target;
  const mayPointBack = searched.target === undefined || parameter?.targets.has(searched.target);
  if (!parameter || !isReference || !isSource || !isTarget || !pointsBack || !mayPointBack) {
    throw fhirError('FHIR_PARAMETER_INVALID', {
      type: 'invalid',
      text: 'Type:parameter or Type:parameter:TargetType with a reference parameter of that type.',
      expression: searched.source === undefined ? '_revinclude' : '_include',
    });
  }
  return { sourceType, parameter, targetType: targetType ?? searched.target };
}

/** What one record refers to through the included parameter, as `Type/id`. */
export function includedReferences(values: SearchValues, { parameter, targetType }: IncludeSpec): string[] {
  return parameter.paths
    .flatMap(({ path }) => values.paths[path] ?? [])
    .filter((reference) => typeof reference === 'string')
    .filter((reference) => {
      const type = reference.slice(0, reference.indexOf('/'));
      return targetType === undefined ? parameter.targets.has(type) : type === targetType;
    });
}
