import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agreementKeyOf, openBase, sealBase } from './hpke.ts';
import { openFrom, type SealBinding, sealFor } from './recipient.ts';

const refused = expect.objectContaining({ code: 'SEAL_REFUSED', message: 'SEAL_REFUSED' });
const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

const binding: SealBinding = {
  requestDigest: Buffer.alloc(32, 5),
  sourceOrganizationId: 'hospital-a',
  requesterOrganizationId: 'hospital-b',
  purpose: 'TREAT',
};
const recipient = agreementKeyOf(generateKeyPairSync('x25519'));
/** As docs/formats/exchange.md writes them. */
const context = {
  info: Buffer.from('medseal/exchange-seal/v1\n["hospital-a","hospital-b","TREAT"]'),
  aad: binding.requestDigest,
};

describe('a sealed reply', () => {
  it('opens with its key and its binding', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (plain) => {
        const sealed = sealFor(recipient.publicKey, plain, binding);

        expect(sealed.length).toBe(plain.length + 48);
        expect(Buffer.from(openFrom(recipient, sealed, binding)).equals(plain)).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  it('is HPKE with the info and the associated data of its format', () => {
    const sealed = sealFor(recipient.publicKey, Buffer.from('records'), binding);
    expect(Buffer.from(openBase(recipient, sealed, context)).toString()).toBe('records');

    const other = sealBase(recipient.publicKey, Buffer.from('records'), context);
    expect(Buffer.from(openFrom(recipient, other, binding)).toString()).toBe('records');
  });

  it.each([
    ['another request', { requestDigest: Buffer.alloc(32, 6) }],
    ['another source', { sourceOrganizationId: 'hospital-c' }],
    ['another requester', { requesterOrganizationId: 'hospital-c' }],
    ['another purpose', { purpose: 'HRESCH' }],
  ])('is refused for %s', (_, change) => {
    const sealed = sealFor(recipient.publicKey, Buffer.from('records'), binding);

    expect(() => openFrom(recipient, sealed, { ...binding, ...change })).toThrow(refused);
  });

  it('is refused for another recipient, cut short, or with any bit flipped, always with the same error', () => {
    const sealed = Buffer.from(sealFor(recipient.publicKey, Buffer.from('records'), binding));

    const another = agreementKeyOf(generateKeyPairSync('x25519'));
    expect(() => openFrom(another, sealed, binding)).toThrow(refused);
    for (const length of [0, 31, 32, 47, sealed.length - 1]) {
      expect(() => openFrom(recipient, sealed.subarray(0, length), binding)).toThrow(refused);
    }
    for (let at = 0; at < sealed.length; at += 1) {
      const flipped = Buffer.from(sealed);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      expect(() => openFrom(recipient, flipped, binding)).toThrow(refused);
    }
  });

  it.each([
    ['zero', Buffer.alloc(32)],
    ['of small order', bytes('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800')],
    ['short', Buffer.alloc(31, 1)],
    ['long', Buffer.alloc(33, 1)],
  ])('is not made for a key that is %s, nor opened under one', (_, key) => {
    expect(() => sealFor(key, Buffer.from('x'), binding)).toThrow(refused);

    const sealed = sealFor(recipient.publicKey, Buffer.from('records'), binding);
    const under = Buffer.concat([key, sealed.subarray(32)]);
    expect(() => openFrom(recipient, under, binding)).toThrow(refused);
  });
});
