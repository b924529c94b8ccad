import { hex } from '@medseal/evidence';
import { describe, expect, it } from 'vitest';
import { newKeyStore } from '../identity/test/fixture.ts';
import type { OrganizationId } from '../lib/brand.ts';
import { inputDigest, receiptSigner, verifyReceipt } from './receipt.ts';

const keys = newKeyStore();
const messageKey = hex(keys.publicKey('message'));
const organizationId = 'hospital-a' as OrganizationId;
const receipt = receiptSigner(
  organizationId,
  keys,
)({
  decisionId: '7f0f6c1e-6e0e-4a53-9d5c-0a4f8b1f2c3d',
  organizationId,
  at: '2026-03-01T08:00:00.000Z',
  permit: true,
  ruleIds: ['consent.granted'],
  consents: [{ id: 'c1', version: 1 }],
  policyDigest: 'a'.repeat(64),
  inputDigest: inputDigest({ now: 1 }, new Uint8Array(32)),
});

describe('a decision receipt', () => {
  it('leads to the registered message key', () => {
    expect(verifyReceipt(receipt, messageKey)).toBe(true);
    expect(verifyReceipt(JSON.parse(JSON.stringify(receipt)), messageKey)).toBe(true);
  });

  it('fails for another member’s key', () => {
    expect(verifyReceipt(receipt, hex(newKeyStore().publicKey('message')))).toBe(false);
    expect(verifyReceipt(receipt, 'no key')).toBe(false);
  });

  it('fails for any one value changed', () => {
    const other = receiptSigner(organizationId, newKeyStore())(receipt);
    const changes: object[] = [
      { decisionId: '00000000-0000-4000-8000-000000000000' },
      { organizationId: 'hospital-b' },
      { at: '2026-03-01T08:00:00.001Z' },
      { permit: false },
      { ruleIds: [] },
      { consents: [{ id: 'c1', version: 2 }] },
      { policyDigest: 'b'.repeat(64) },
      { inputDigest: 'b'.repeat(64) },
      { key: other.key },
      { key: { ...receipt.key, endorsement: other.key.endorsement } },
      { signature: other.signature },
      { signature: '' },
      { signature: `${receipt.signature}=` },
      { v: 2 },
      { extra: 1 },
      { permit: undefined },
    ];
    for (const change of changes) expect(verifyReceipt({ ...receipt, ...change }, messageKey)).toBe(false);
    for (const nothing of [undefined, null, [], 'receipt', {}])
      expect(verifyReceipt(nothing, messageKey)).toBe(false);
  });

  it('commits to the input with its salt', () => {
    const salt = new Uint8Array(32).fill(7);
    expect(inputDigest({ now: 1 }, salt)).not.toBe(receipt.inputDigest);
    expect(inputDigest({ now: 2 }, new Uint8Array(32))).not.toBe(receipt.inputDigest);
    expect(inputDigest({ now: 1 }, new Uint8Array(32))).toBe(receipt.inputDigest);
  });
});
