import { binaryOf, hex } from './bytes.ts';
import type { Certificate, Signed } from './certificate.ts';
import { derTag, expectTag, onlyElement } from './der.ts';
import { alignedBits, cursorOf, type DerCursor, identifierOf, sequenceIn } from './der-cursor.ts';
import { nextTime, optionalTime } from './der-values.ts';
import { attempt, EvidenceError } from './errors.ts';
import { firstPemBlock } from './pem.ts';
import { certificateAlgorithm, verifyList } from './public-key.ts';

/** A certificate revocation list: serial numbers, and the key identifier of who signed it, as hex. */
export type RevocationList = {
  /** Undefined where it names none: then nobody can be judged by it, as for Fabric. */
  readonly authorityKeyId: string | undefined;
  readonly serials: ReadonlySet<string>;
} & Signed;

const pemBegin = '-----BEGIN X509 CRL';
const pemLabel = 'X509 CRL';
const authorityKeyId = '551d23';
const [context0, explicit0] = [0x80, 0xa0];

/**
 * Reads a list as Go's x509.ParseCRL does, from PEM or DER. Fabric takes no MSP with one that Go cannot read, so what nobody
 * here needs of it is passed over: its issuer, when it was made and for how long, and what may be critical in it.
 */
export function parseRevocationList(bytes: Uint8Array): RevocationList {
  const outer = cursorOf(expectTag(onlyElement(derIn(bytes)), derTag.sequence).content);
  const part = outer.next(derTag.sequence);
  const fields = cursorOf(part.content);
  fields.optional(derTag.integer);
  fields.next(derTag.sequence);
  fields.next(derTag.sequence);
  nextTime(fields);
  optionalTime(fields);
  const revoked = fields.optional(derTag.sequence)?.content ?? new Uint8Array(0);
  return {
    serials: serialsIn(cursorOf(revoked)),
    authorityKeyId: authorityKeyIn(fields.optional(explicit0)?.content),
    signed: part.whole,
    algorithm: certificateAlgorithm(outer.next(derTag.sequence).content),
    signature: alignedBits(outer.next(derTag.bitString)),
  };
}

function derIn(bytes: Uint8Array): Uint8Array {
  const text = binaryOf(bytes);
  const block = text.startsWith(pemBegin) ? firstPemBlock(text) : undefined;
  return block?.label === pemLabel ? block.bytes : bytes;
}

function serialsIn(revoked: DerCursor): Set<string> {
  const serials = new Set<string>();
  while (!revoked.isAtEnd()) {
    const entry = cursorOf(revoked.next(derTag.sequence).content);
    serials.add(hex(entry.next(derTag.integer).content));
  }
  return serials;
}

/** The key identifier in the first extension of that kind (msp/mspimplvalidate.go, getAuthorityKeyIdentifierFromCrl). */
function authorityKeyIn(content: Uint8Array | undefined): string | undefined {
  const listed = content === undefined ? undefined : sequenceIn(content);
  while (listed !== undefined && !listed.isAtEnd()) {
    const extension = cursorOf(listed.next(derTag.sequence).content);
    const id = hex(identifierOf(extension.next(derTag.objectIdentifier)));
    if (id !== authorityKeyId) continue;
    extension.optional(derTag.boolean);
    const { content: value } = extension.next(derTag.octetString);
    const keyId = attempt(() => sequenceIn(value).optional(context0)?.content ?? new Uint8Array(0));
    return keyId instanceof EvidenceError ? undefined : hex(keyId);
  }
  return undefined;
}

/**
 * Whether the list revokes a certificate that `issuer` signed: it is of the issuer's key, names the number and is signed by
 * the issuer. Names are not compared (msp/mspimplvalidate.go, validateCertAgainstChain).
 */
export function isRevokedBy(list: RevocationList, { serial }: Certificate, issuer: Certificate): boolean {
  return (
    list.authorityKeyId === issuer.extensions.keyId &&
    list.serials.has(serial) &&
    verifyList(issuer.key, list.signed, list)
  );
}
