import { hash } from 'node:crypto';
import { nationalIdOf } from '../../demo/national-id.ts';

/** How many bytes of a window are compared at first: as many as a number holds exactly. */
const first = 6;

export type SearchableDump = { holds(bytes: Uint8Array): boolean };

/** A dump that can be asked for bytes a million times: as it is, and what its texts say in hex and Base64. */
export function searchable(dump: Buffer): SearchableDump {
  const parts = [dump, ...decoded(dump)];
  const windows = new Set<number>();
  for (const part of parts)
    for (let at = 0; at + first <= part.length; at += 1) windows.add(part.readUIntBE(at, first));
  return {
    holds: (bytes) => {
      const wanted = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      return windows.has(wanted.readUIntBE(0, first)) && parts.some((part) => part.includes(wanted));
    },
  };
}

/** Whatever in the bytes could be hex or Base64 of something, decoded from each possible start. */
function decoded(dump: Buffer): Buffer[] {
  const text = dump.toString('latin1');
  const parts: Buffer[] = [];
  for (const [run] of text.matchAll(/[0-9a-fA-F]{16,}/g))
    for (const start of [0, 1]) parts.push(Buffer.from(run.slice(start), 'hex'));
  for (const [run] of text.matchAll(/[A-Za-z0-9+/_-]{16,}/g))
    for (const start of [0, 1, 2, 3]) parts.push(Buffer.from(run.slice(start), 'base64'));
  return parts;
}

/** Every valid identity number of one county for the birth dates from `from` to before `to`: 1,000 a day. */
export function* identityNumbers({ from, to }: { from: string; to: string }): Generator<string> {
  for (let day = Date.parse(from); day < Date.parse(to); day += 86_400_000) {
    const birthDate = new Date(day).toISOString().slice(0, 10);
    for (let sequence = 0; sequence < 1_000; sequence += 1) yield nationalIdOf(birthDate, sequence);
  }
}

const algorithms = ['sha256', 'sha512', 'sha3-256', 'sm3', 'sha1', 'md5'];
const domains = ['', 'medseal/pseudonym/v1\n', 'urn:oid:2.16.156.10011.1.3|'];

/** What somebody who guesses a number would look for: the number, hashes of it, and hashes of it with what stands on the ledger. */
export function* guessesOf(id: string, salts: readonly Buffer[]): Generator<{ how: string; bytes: Buffer }> {
  yield { how: 'plain', bytes: Buffer.from(id) };
  for (const algorithm of algorithms)
    yield { how: algorithm, bytes: truncated(hash(algorithm, id, 'buffer')) };
  for (const domain of domains.slice(1))
    yield { how: `sha256 after ${domain}`, bytes: truncated(hash('sha256', domain + id, 'buffer')) };
  const hex = hash('sha256', id);
  yield { how: 'sha256 of its hex', bytes: truncated(hash('sha256', hex, 'buffer')) };
  yield { how: 'sha256 twice', bytes: truncated(hash('sha256', Buffer.from(hex, 'hex'), 'buffer')) };
  for (const salt of salts) {
    const [before, after] = [Buffer.concat([salt, Buffer.from(id)]), Buffer.concat([Buffer.from(id), salt])];
    yield { how: 'sha256 after a salt', bytes: truncated(hash('sha256', before, 'buffer')) };
    yield { how: 'sha256 before a salt', bytes: truncated(hash('sha256', after, 'buffer')) };
  }
}

/** Hashes are often kept by their first half. */
function truncated(digest: Buffer): Buffer {
  return digest.subarray(0, 16);
}
