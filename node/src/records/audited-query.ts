/** Parameters whose values say neither who is looked for nor what is looked for in them. */
const harmless: ReadonlySet<string> = new Set([
  '_count',
  '_elements',
  '_format',
  '_include',
  '_lastUpdated',
  '_pretty',
  '_revinclude',
  '_since',
  '_sort',
  '_summary',
  '_total',
  '_type',
  'end',
  'patient',
  'start',
  'subject',
]);
const parameterName = /^[A-Za-z_][A-Za-z0-9_:.-]{0,63}$/;

/**
 * A request as the audit keeps it: path and names of the parameters. A criterion's value is an identity number, a name
 * or a diagnosis; the record of an access outlives the patient's erasure, so it is not in it (PIPL art. 47).
 */
export function auditedQuery(path: string, parameters: URLSearchParams): string {
  const kept = [...parameters].map(([name, value]): [string, string] => {
    const [plain = ''] = name.split(':');
    return [parameterName.test(name) ? name : '*', harmless.has(plain) ? value : '*'];
  });
  return kept.length === 0 ? path : `${path}?${new URLSearchParams(kept)}`;
}
