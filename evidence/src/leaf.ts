import { concat, fromUtf8, sha256, utf8 } from './bytes.ts';
import { canonicalJson } from './canonical.ts';
import { EvidenceError } from './errors.ts';
import { hasExactly } from './strict-shape.ts';

/** What a leaf of an evidence log stands for. */
export type LeafKind = 'record' | 'consent' | 'decision' | 'access' | 'administration';

/** One entry of an evidence log: a salted digest, the organisation that made it and the time it claims. */
export type Leaf = { v: 1; kind: LeafKind; tenant: string; digest: string; at: string };

const kinds: ReadonlySet<unknown> = new Set(['record', 'consent', 'decision', 'access', 'administration']);
const tenantText = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;
const digestText = /^[0-9a-f]{64}$/;
const instantText = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
const maxLeafLength = 512;
const leafPrefix = Uint8Array.of(0x00);

/** The bytes that are hashed into the log: canonical JSON of a leaf that is valid in every member. */
export function leafBytes(leaf: Leaf): Uint8Array {
  const { v, kind, tenant, digest, at } = leafOf(leaf);
  // canonical(leaf): the grammar of no member needs escaping.
  return utf8(`{"at":"${at}","digest":"${digest}","kind":"${kind}","tenant":"${tenant}","v":${v}}`);
}

/** The leaf that `bytes` are; refuses what is not the canonical text of a leaf. */
export function parseLeaf(bytes: Uint8Array): Leaf {
  if (bytes.length > maxLeafLength) throw invalid('too long');
  const text = fromUtf8(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new EvidenceError('LEAF_INVALID', { message: 'not JSON', cause });
  }
  const leaf = leafOf(value);
  if (canonicalJson(leaf) !== text) throw invalid('not canonical');
  return leaf;
}

/** Hash of a leaf: SHA-256(0x00 ‖ bytes), RFC 9162 §2.1.1, so that a leaf is never taken for an inner node. */
export function leafHash(bytes: Uint8Array): Uint8Array {
  return sha256(concat(leafPrefix, bytes));
}

/** `value` as a leaf, checked member by member. */
export function leafOf(value: unknown): Leaf {
  if (!hasExactly(value, ['v', 'kind', 'tenant', 'digest', 'at'])) throw invalid('members');
  const { v, kind, tenant, digest, at } = value;
  if (v !== 1) throw invalid('version');
  if (!isKind(kind)) throw invalid('kind');
  if (typeof tenant !== 'string' || !tenantText.test(tenant)) throw invalid('tenant');
  if (typeof digest !== 'string' || !digestText.test(digest)) throw invalid('digest');
  if (!isInstant(at)) throw invalid('at');
  return { v, kind, tenant, digest, at };
}

/** Whether `value` is a UTC instant with milliseconds that exists in the calendar. */
export function isInstant(value: unknown): value is string {
  if (typeof value !== 'string' || !instantText.test(value)) return false;
  const time = Date.parse(value);
  return !Number.isNaN(time) && new Date(time).toISOString() === value;
}

function isKind(kind: unknown): kind is LeafKind {
  return kinds.has(kind);
}

function invalid(message: string): EvidenceError {
  return new EvidenceError('LEAF_INVALID', { message });
}
