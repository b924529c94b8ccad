import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';

const window = 8 * 1_048_576;
const overlap = 4_096;

type Needle = { name: string; bytes: Buffer };

/** The forms in which a text could lie on a disk: in three text encodings, in hex, in Base64 at each of its three offsets, in a URL. */
export function formsOf(text: string): Needle[] {
  const utf8 = Buffer.from(text, 'utf8');
  const utf16 = Buffer.from(text, 'utf16le');
  const base64 = (bytes: Buffer): Needle[] =>
    [0, 1, 2].map((offset) => {
      const whole = Buffer.concat([Buffer.alloc(offset), bytes])
        .toString('base64')
        .replace(/=+$/, '');
      // The first and the last group depend on what stands beside the text.
      return { name: `base64+${offset}`, bytes: Buffer.from(whole.slice(offset === 0 ? 0 : 4, -1), 'ascii') };
    });
  const forms = [
    { name: 'utf8', bytes: utf8 },
    { name: 'utf16le', bytes: utf16 },
    { name: 'utf16be', bytes: Buffer.from(utf16).swap16() },
    { name: 'hex', bytes: Buffer.from(utf8.toString('hex'), 'ascii') },
    { name: 'HEX', bytes: Buffer.from(utf8.toString('hex').toUpperCase(), 'ascii') },
    ...base64(utf8),
    ...base64(Buffer.from(utf8.toString('base64'), 'ascii')).map(({ name, bytes }) => ({
      name: `${name} twice`,
      bytes,
    })),
  ];
  const escaped = encodeURIComponent(text);
  if (escaped !== text) forms.push({ name: 'url', bytes: Buffer.from(escaped, 'ascii') });
  return forms.map((form) => ({ ...form, name: `${text} as ${form.name}` }));
}

/** The needles that the bytes hold. */
export function foundIn(bytes: Buffer, needles: readonly Needle[]): string[] {
  return needles.filter((needle) => bytes.includes(needle.bytes)).map(({ name }) => name);
}

export function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Every needle found in any file under the folder, with the file. */
export function foundUnder(
  folder: string,
  needles: readonly Needle[],
): { found: string[]; files: number; bytes: number } {
  const found: string[] = [];
  const buffer = Buffer.alloc(window + overlap);
  const files = filesUnder(folder);
  let bytes = 0;
  for (const file of files) {
    const descriptor = openSync(file, 'r');
    try {
      for (let at = 0; ; at += window) {
        const length = readSync(descriptor, buffer, 0, buffer.length, at);
        found.push(...foundIn(buffer.subarray(0, length), needles).map((name) => `${name} in ${file}`));
        bytes += Math.min(length, window);
        if (length < buffer.length) break;
      }
    } finally {
      closeSync(descriptor);
    }
  }
  return { found, files: files.length, bytes };
}
