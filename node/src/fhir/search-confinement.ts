import { supportedType } from './supported-types.ts';
import type { Criterion, Identifier, SearchOperand, SearchQuery } from './types.ts';

/** What the criteria confine a search to, so that the store opens one compartment or a few records instead of all. */
export function confinement(
  type: string,
  criteria: readonly Criterion[],
): Pick<SearchQuery, 'patientId' | 'ids' | 'identifiers'> {
  const plain = criteria.filter(({ modifier }) => modifier === 'none');
  const ids = firstOf(plain, ({ parameter }) => parameter.code === '_id', idOf);
  const owners = new Set(supportedType(type)?.owners);
  const patients = firstOf(
    plain,
    // All owner paths: a criterion on one of several would not be met by the whole compartment.
    ({ parameter: { type: kind, paths } }) =>
      kind === 'reference' && paths.length === owners.size && paths.every(({ path }) => owners.has(path)),
    patientOf,
  );
  const distinct = new Set(type === 'Patient' ? ids : patients);
  const [patientId, ...others] = distinct;
  return {
    ids,
    patientId: others.length === 0 ? patientId : undefined,
    identifiers: firstOf(
      plain,
      ({ parameter }) => parameter.paths.every(({ path }) => path === 'identifier'),
      identifierOf,
    ),
  };
}

/** The values of the first criterion of a kind whose every OR-value confines; one OR-value that does not opens it again. */
function firstOf<Value>(
  criteria: readonly Criterion[],
  isWanted: (criterion: Criterion) => boolean,
  read: (operand: SearchOperand) => Value | undefined,
): Value[] | undefined {
  for (const criterion of criteria.filter(isWanted)) {
    const values = criterion.operands.map(read).filter((value) => value !== undefined);
    if (values.length === criterion.operands.length) return values;
  }
  return undefined;
}

function idOf(operand: SearchOperand): string | undefined {
  return operand.kind === 'token' && operand.system === undefined ? operand.code : undefined;
}

function patientOf(operand: SearchOperand): string | undefined {
  return operand.kind === 'reference' && operand.type === 'Patient' ? operand.id : undefined;
}

function identifierOf(operand: SearchOperand): Identifier | undefined {
  if (operand.kind !== 'token' || !operand.system || operand.code === undefined) return undefined;
  return { system: operand.system, value: operand.code };
}
