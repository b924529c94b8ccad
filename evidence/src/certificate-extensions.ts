import { alternativeNames, isKnownConstraint } from './alternative-names.ts';
import { hex } from './bytes.ts';
import { derTag, isIdentifier } from './der.ts';
import {
  alignedBits,
  booleanOf,
  cursorOf,
  type DerCursor,
  identifierOf,
  numberOf,
  sequenceIn,
} from './der-cursor.ts';
import { refusal } from './errors.ts';

/** What the extensions of a certificate say, as Go reads them (crypto/x509/parser.go, processExtensions). */
export type Extensions = {
  readonly isAuthority: boolean;
  /** Most intermediates between it and a member; undefined: any number. */
  readonly maxPath: number | undefined;
  /** Whether its key usage, where it has one, lets it sign certificates. */
  readonly maySign: boolean;
  /** Subject key identifier, as hex. */
  readonly keyId: string | undefined;
  /** Alternative names of the subject by their DER, as hex. */
  readonly names: string | undefined;
  readonly hasNameConstraints: boolean;
  /** So many certificates further down the chain there must be policies; undefined: nowhere. */
  readonly explicitPolicy: number | undefined;
  /** Equates some policy with any. */
  readonly mapsAnyPolicy: boolean;
  /** Extended key usages, by their DER as hex; empty: it is for every use. */
  readonly usages: readonly string[];
  /** A critical one that Go does not know: no path goes through it. */
  readonly hasUnknownCritical: boolean;
};

type Mutable = { -readonly [Name in keyof Extensions]: Extensions[Name] };
/** Reads a value into what is known; whether it is understood. */
type Read = (into: Mutable, value: Uint8Array, critical: boolean) => boolean;

const [context0, context1, context6] = [0x80, 0x81, 0x86];
const [constructed0, constructed1] = [0xa0, 0xa1];
const certSign = 0x04;
const anyPolicy = '551d2000';

const none: Extensions = {
  isAuthority: false,
  maxPath: undefined,
  maySign: true,
  keyId: undefined,
  names: undefined,
  hasNameConstraints: false,
  explicitPolicy: undefined,
  mapsAnyPolicy: false,
  usages: [],
  hasUnknownCritical: false,
};

/** The extensions in the sequence that the content of `[3]` begins with, each of which stands once. */
export function extensionsIn(content: Uint8Array | undefined): Extensions {
  const found: Mutable = { ...none };
  const seen = new Set<string>();
  const listed = content === undefined ? undefined : sequenceIn(content);
  while (listed !== undefined && !listed.isAtEnd()) {
    const extension = cursorOf(listed.next(derTag.sequence).content);
    const id = hex(identifierOf(extension.next(derTag.objectIdentifier)));
    const marked = extension.optional(derTag.boolean);
    const critical = marked !== undefined && booleanOf(marked);
    const { content: value } = extension.next(derTag.octetString);
    if (seen.has(id)) throw refusal('CERTIFICATE_MALFORMED', 'an extension stands twice');
    seen.add(id);
    const isUnderstood = readers.get(id)?.(found, value, critical) ?? false;
    if (critical && !isUnderstood) found.hasUnknownCritical = true;
  }
  return found;
}

// RFC 5280 §4.2.1, §4.2.2.1.
const readers: ReadonlyMap<string, Read> = new Map<string, Read>([
  ['551d0e', subjectKeyId],
  ['551d0f', keyUsage],
  ['551d11', subjectNames],
  ['551d13', basicConstraints],
  ['551d1e', nameConstraints],
  ['551d1f', distributionPoints],
  ['551d20', policies],
  ['551d21', policyMappings],
  ['551d23', authorityKeyId],
  ['551d24', policyConstraints],
  ['551d25', extendedUsage],
  ['551d36', inhibitAnyPolicy],
  ['2b06010505070101', authorityAccess],
]);

function subjectKeyId(into: Mutable, value: Uint8Array, critical: boolean): boolean {
  requireUncritical(critical);
  into.keyId = hex(cursorOf(value).next(derTag.octetString).content);
  return true;
}

function keyUsage(into: Mutable, value: Uint8Array): boolean {
  const bits = cursorOf(value).next(derTag.bitString);
  alignedBits(bits);
  const [, first = 0, second = 0] = bits.content;
  into.maySign = (first & certSign) !== 0 || (first === 0 && second < 0x80);
  return true;
}

function subjectNames(into: Mutable, value: Uint8Array): boolean {
  into.names = hex(value);
  return alternativeNames(value) > 0;
}

function basicConstraints(into: Mutable, value: Uint8Array): boolean {
  const constraints = sequenceIn(value);
  const stated = constraints.optional(derTag.boolean);
  into.isAuthority = stated !== undefined && booleanOf(stated);
  const length = constraints.optional(derTag.integer);
  into.maxPath = length && numberOf(length);
  if ((into.maxPath ?? 0) < 0) throw refusal('CERTIFICATE_MALFORMED', 'length of paths');
  return true;
}

/** Names of a kind that Go does not know make a critical one unknown. */
function nameConstraints(into: Mutable, value: Uint8Array): boolean {
  const outer = cursorOf(value);
  const trees = cursorOf(outer.next(derTag.sequence).content);
  const listed = [trees.optional(constructed0), trees.optional(constructed1)].map((tree) => tree?.content);
  if (!outer.isAtEnd() || !trees.isAtEnd() || listed.every((tree) => (tree ?? []).length === 0))
    throw refusal('CERTIFICATE_MALFORMED', 'name constraints');
  into.hasNameConstraints = true;
  const each = listed.flatMap((tree) => sequencesOf(cursorOf(tree ?? new Uint8Array(0))));
  return each.map((tree) => isKnownConstraint(tree.any())).every((isKnown) => isKnown);
}

function distributionPoints(_: Mutable, value: Uint8Array): boolean {
  for (const point of sequencesOf(sequenceIn(value))) {
    const name = point.optional(constructed0);
    const full = name && cursorOf(cursorOf(name.content).next(constructed0).content);
    while (full?.isAt(context6) === true) full.any();
  }
  return true;
}

function policies(_: Mutable, value: Uint8Array): boolean {
  const ids = sequencesOf(sequenceIn(value)).map((policy) => policyIn(policy));
  if (new Set(ids).size < ids.length) throw refusal('CERTIFICATE_MALFORMED', 'a policy stands twice');
  return true;
}

/** A policy's id may have arcs of any size. */
function policyIn(policy: DerCursor): string {
  const { content } = policy.next(derTag.objectIdentifier);
  if (!isIdentifier(content)) throw refusal('CERTIFICATE_MALFORMED', 'policy');
  return hex(content);
}

function policyMappings(into: Mutable, value: Uint8Array): boolean {
  const ids = sequencesOf(sequenceIn(value)).flatMap((mapping) => [
    hex(mapping.next(derTag.objectIdentifier).content),
    hex(mapping.next(derTag.objectIdentifier).content),
  ]);
  into.mapsAnyPolicy = ids.includes(anyPolicy);
  return true;
}

function authorityKeyId(_: Mutable, value: Uint8Array, critical: boolean): boolean {
  requireUncritical(critical);
  sequenceIn(value).optional(context0);
  return true;
}

function policyConstraints(into: Mutable, value: Uint8Array): boolean {
  const constraints = sequenceIn(value);
  const explicit = constraints.optional(context0);
  const mapping = constraints.optional(context1);
  if (mapping !== undefined) numberOf(mapping);
  const skipped = explicit && numberOf(explicit);
  into.explicitPolicy = skipped !== undefined && skipped >= 0 ? skipped : undefined;
  return true;
}

function extendedUsage(into: Mutable, value: Uint8Array): boolean {
  const usages = sequenceIn(value);
  const found: string[] = [];
  while (!usages.isAtEnd()) found.push(hex(identifierOf(usages.next(derTag.objectIdentifier))));
  into.usages = found;
  return true;
}

function inhibitAnyPolicy(_: Mutable, value: Uint8Array): boolean {
  numberOf(cursorOf(value).next(derTag.integer));
  return true;
}

function authorityAccess(_: Mutable, value: Uint8Array, critical: boolean): boolean {
  requireUncritical(critical);
  for (const access of sequencesOf(sequenceIn(value))) {
    identifierOf(access.next(derTag.objectIdentifier));
    access.optional(context6);
  }
  return true;
}

function sequencesOf(cursor: DerCursor): DerCursor[] {
  const found: DerCursor[] = [];
  while (!cursor.isAtEnd()) found.push(cursorOf(cursor.next(derTag.sequence).content));
  return found;
}

/** Go reads no certificate in which one of these is critical. */
function requireUncritical(critical: boolean): void {
  if (critical) throw refusal('CERTIFICATE_MALFORMED', 'an extension that must not be critical');
}
