import { utf8 } from '@medseal/evidence';
import { describe, expect, it } from 'vitest';
import { testKeyStore } from '../evidence-log/test/node.ts';
import { readDeliveryReceipt, signDeliveryReceipt } from './delivery-receipt.ts';

const keys = testKeyStore('regulator');
const messageKey = Buffer.from(keys.publicKey('message')).toString('hex');
const otherKey = Buffer.from(testKeyStore('hospital-b').publicKey('message')).toString('hex');
const named = {
  ...{ caseId: '0'.repeat(32), kind: 'filing' as const, author: 'hospital-a' },
  ...{ commitment: '1'.repeat(64), recipient: 'regulator' },
};
const now = new Date('2026-03-01T08:00:00.000Z');
const signed = signDeliveryReceipt({ ...named, at: now }, keys);
const read = (value: unknown, key = messageKey) => {
  const body = utf8(typeof value === 'string' ? value : JSON.stringify(value));
  return readDeliveryReceipt(body, named, { messageKey: key, now });
};

describe('the receipt for a document that was handed over', () => {
  it('is read where the recipient signed it for this very document', () => {
    expect(read(signed)).toEqual(signed);
  });

  it.each<[string, unknown]>([
    ['another case', { ...signed, caseId: '2'.repeat(32) }],
    ['another kind', { ...signed, kind: 'opening' }],
    ['another author', { ...signed, author: 'hospital-b' }],
    ['another document', { ...signed, commitment: '2'.repeat(64) }],
    ['another recipient', { ...signed, recipient: 'hospital-b' }],
    ['another time', { ...signed, at: '2026-03-01T08:00:00.001Z' }],
    ['a member more', { ...signed, note: '' }],
    ['no signature', { ...signed, signature: undefined }],
    ['a signature of nothing', { ...signed, signature: `${'A'.repeat(86)}==` }],
    ['no JSON', '{'],
    ['nothing', ''],
  ])('is none with %s', (_what, value) => {
    expect(read(value)).toBeUndefined();
  });

  it('is none that was signed with another key, though it names the document', () => {
    expect(read(signed, otherKey)).toBeUndefined();
    const about = { ...named, commitment: '3'.repeat(64), at: new Date('2026-03-01T08:00:00.000Z') };
    expect(read(signDeliveryReceipt(about, keys))).toBeUndefined();
  });

  it('is none that says the document came later than it did', () => {
    const at = (milliseconds: number) =>
      signDeliveryReceipt({ ...named, at: new Date(now.getTime() + milliseconds) }, keys);

    expect(read(at(60_001))).toBeUndefined();
    expect(read(at(60_000))).toEqual(at(60_000));
    // The recipient signs since when it has the document, so an earlier time is as it should be.
    expect(read(at(-86_400_000))).toEqual(at(-86_400_000));
  });
});
