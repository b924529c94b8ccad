/** Kinds of keys this chaincode writes; each is a Fabric composite key. */
export type LedgerKeyType =
  | 'alliance'
  | 'member'
  | 'member-msp'
  | 'consent'
  | 'anchor'
  | 'checkpoint'
  | 'dispute';

const separator = '\u0000';

/** Fabric's composite key (shim `createCompositeKey`): U+0000, type, U+0000, then each attribute and U+0000. */
export function compositeKey(type: LedgerKeyType, attributes: readonly string[]): string {
  return [separator, type, separator, ...attributes.flatMap((attribute) => [attribute, separator])].join('');
}

/** Reads a composite key back; undefined for a key that is none. */
export function splitCompositeKey(key: string): { type: string; attributes: string[] } | undefined {
  if (!key.startsWith(separator) || !key.endsWith(separator)) return undefined;
  const [type, ...attributes] = key.slice(1, -1).split(separator);
  return type ? { type, attributes } : undefined;
}

/** Tree size as a key attribute: 16 decimal digits, so that keys sort by size. */
export function sizeAttribute(treeSize: number): string {
  return String(treeSize).padStart(16, '0');
}

/** Name of a member's log, the first line of each of its checkpoints (C2SP tlog-checkpoint). */
export function logOrigin(organizationId: string): string {
  return `medseal.org/log/${organizationId}`;
}
