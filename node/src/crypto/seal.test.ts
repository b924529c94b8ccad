import { createDecipheriv, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { brotliDecompressSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CryptoError } from './errors.ts';
import { openIndex, openRecord, sealIndex, sealingKeyOf, sealRecord } from './seal.ts';

const key = sealingKeyOf(Buffer.alloc(32, 7));
const otherKey = sealingKeyOf(Buffer.alloc(32, 8));
const address = { tenant: 'hospital-a', type: 'Observation', id: 'o1', version: 1 };
const indexAddress = { tenant: 'hospital-a', idToken: Buffer.alloc(16, 1), version: 1 };

function refusal(work: () => unknown): { name: string; code: string; message: string } {
  try {
    work();
  } catch (error) {
    const { name, code, message } = error as CryptoError;
    return { name, code, message };
  }
  throw new Error('nothing was refused');
}

const refused = { name: 'CryptoError', code: 'SEAL_REFUSED', message: 'SEAL_REFUSED' };

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Buffer.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

describe('sealing a record', () => {
  it('opens to the same text and leaf salt, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 3000 }), (text) => {
        const { sealed, leafSalt } = sealRecord(text, { key, address });
        const opened = openRecord(sealed, { key, address });

        expect(opened.text).toBe(text);
        expect(Buffer.from(opened.leafSalt)).toEqual(Buffer.from(leafSalt));
      }),
    );
  });

  it('never gives the same bytes or salt twice', () => {
    const first = sealRecord('{}', { key, address });
    const second = sealRecord('{}', { key, address });

    expect(first.sealed.body).not.toEqual(second.sealed.body);
    expect(first.sealed.wrappedKey).not.toEqual(second.sealed.wrappedKey);
    expect(first.leafSalt).not.toEqual(second.leafSalt);
  });

  it('refuses every flipped bit with one indistinguishable error', () => {
    const { sealed } = sealRecord('{"note":"short"}', { key, address });

    for (let bit = 0; bit < sealed.body.length * 8; bit += 1) {
      const body = flip(sealed.body, bit);
      expect(refusal(() => openRecord({ ...sealed, body }, { key, address }))).toEqual(refused);
    }
    for (let bit = 0; bit < sealed.wrappedKey.length * 8; bit += 1) {
      const wrappedKey = flip(sealed.wrappedKey, bit);
      expect(refusal(() => openRecord({ ...sealed, wrappedKey }, { key, address }))).toEqual(refused);
    }
  });

  it.each([
    ['tenant', { tenant: 'hospital-b' }],
    ['type', { type: 'Condition' }],
    ['id', { id: 'o2' }],
    ['version', { version: 2 }],
  ])('refuses a row that stands at another %s', (_name, change) => {
    const { sealed } = sealRecord('{}', { key, address });

    expect(refusal(() => openRecord(sealed, { key, address: { ...address, ...change } }))).toEqual(refused);
  });

  it('refuses another patient’s key, a truncated and an empty ciphertext alike', () => {
    const { sealed } = sealRecord('{}', { key, address });
    const empty = new Uint8Array();

    expect(refusal(() => openRecord(sealed, { key: otherKey, address }))).toEqual(refused);
    expect(refusal(() => openRecord({ ...sealed, body: empty }, { key, address }))).toEqual(refused);
    expect(refusal(() => openRecord({ ...sealed, wrappedKey: empty }, { key, address }))).toEqual(refused);
    expect(
      refusal(() => openRecord({ ...sealed, body: sealed.body.subarray(0, 10) }, { key, address })),
    ).toEqual(refused);
  });
});

describe('sealing an index', () => {
  it('opens to the same text, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 3000 }), (text) => {
        const sealed = sealIndex(text, { key, address: indexAddress });

        expect(openIndex(sealed, { key, address: indexAddress })).toBe(text);
      }),
    );
  });

  it('refuses every flipped bit, another row and a body in the place of an index', () => {
    const sealed = sealIndex('{"labels":["HIV"]}', { key, address: indexAddress });

    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      expect(refusal(() => openIndex(flip(sealed, bit), { key, address: indexAddress }))).toEqual(refused);
    }
    const elsewhere = [
      { ...indexAddress, tenant: 'hospital-b' },
      { ...indexAddress, idToken: Buffer.alloc(16, 2) },
      { ...indexAddress, version: 2 },
    ];
    for (const other of elsewhere) {
      expect(refusal(() => openIndex(sealed, { key, address: other }))).toEqual(refused);
    }
    const { sealed: record } = sealRecord('{}', { key, address });
    expect(refusal(() => openIndex(record.body, { key, address: indexAddress }))).toEqual(refused);
  });
});

describe('the vectors of docs/formats/sealed-record.md', () => {
  const vectors = JSON.parse(readFileSync(new URL('./vectors/sealed-record.json', import.meta.url), 'utf8'));
  const bytes = (text: string): Buffer => Buffer.from(text, 'hex');
  const patientKey = bytes(vectors.patientKey);

  it('open to the same text and salt', () => {
    const vectorKey = sealingKeyOf(patientKey);
    for (const { body, wrappedKey, bodySealed, leafSalt } of vectors.records) {
      const sealed = { wrappedKey: bytes(wrappedKey), body: bytes(bodySealed) };
      const opened = openRecord(sealed, { key: vectorKey, address: vectors.address });
      expect(opened.text).toBe(body);
      expect(Buffer.from(opened.leafSalt)).toEqual(bytes(leafSalt));
    }
    const place = { tenant: vectors.address.tenant, idToken: bytes(vectors.idToken), version: 1 };
    const sealedIndex = bytes(vectors.index.indexSealed);
    expect(openIndex(sealedIndex, { key: vectorKey, address: place })).toBe(vectors.index.text);
  });

  it('open by the document alone, without the code', () => {
    const unpackers = [(rest: Buffer) => rest, zstdDecompressSync, brotliDecompressSync];
    const kinds = new Set<number | undefined>();
    const expand = (secret: Buffer, info: string): Buffer =>
      createHmac('sha256', secret)
        .update(Buffer.concat([Buffer.from(info), Buffer.of(1)]))
        .digest();
    const { domain, value } = vectors.token;
    const token = createHmac('sha256', bytes(vectors.tokenKey)).update(
      `medseal/token/v1\n${domain}\n${value}`,
    );
    expect(token.digest().subarray(0, 16)).toEqual(bytes(vectors.idToken));
    for (const { body, wrappedKey, bodySealed, leafSalt } of vectors.records) {
      const wrapping = expand(patientKey, 'medseal/wrapping-key/v1');
      const unwrap = createDecipheriv('aes256-wrap', wrapping, Buffer.alloc(8, 0xa6));
      const contentKey = Buffer.concat([unwrap.update(bytes(wrappedKey)), unwrap.final()]);
      const decipher = createDecipheriv('aes-256-gcm', contentKey, Buffer.alloc(12));
      decipher.setAAD(Buffer.from('medseal/record-body/v1\n["hospital-a","Observation","o1",1]'));
      decipher.setAuthTag(bytes(bodySealed).subarray(-16));
      const packed = Buffer.concat([decipher.update(bytes(bodySealed).subarray(0, -16)), decipher.final()]);
      kinds.add(packed[0]);
      expect(unpackers[packed[0] ?? 9]?.(packed.subarray(1)).toString('utf8')).toBe(body);
      expect(expand(contentKey, 'medseal/leaf-salt/v1')).toEqual(bytes(leafSalt));
    }
    expect(kinds).toEqual(new Set([0, 1, 2]));
  });
});
