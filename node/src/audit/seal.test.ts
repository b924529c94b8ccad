import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { keyStoreOf } from '../adapters/keys/key-store.ts';
import { createAuditSeal } from './seal.ts';
import type { AuditContent } from './types.ts';

const seed = (): string => randomBytes(32).toString('hex');

function newKeyStore() {
  return keyStoreOf({
    masterKey: seed(),
    tokenKey: seed(),
    logSeed: seed(),
    messageSeed: seed(),
    receiptSeed: seed(),
    agreementSeed: seed(),
  });
}

function content(id: string): AuditContent {
  return { salt: 'ab'.repeat(32), auditEvent: { resourceType: 'AuditEvent', id, outcomeDesc: 'canary' } };
}

describe('the seal of audit events', () => {
  const keyStore = newKeyStore();
  const seal = createAuditSeal(keyStore, 'hospital-a');

  it('opens to what was sealed, also by a later run of the node', () => {
    const sealed = seal.seal(content('one'));

    expect(seal.open(sealed, 'one')).toEqual(content('one'));
    expect(createAuditSeal(keyStore, 'hospital-a').open(sealed, 'one')).toEqual(content('one'));
    expect(Buffer.from(sealed).includes('canary')).toBe(false);
  });

  it('never gives the same bytes for two events', () => {
    const body = (id: string): string =>
      Buffer.from(seal.seal(content(id)).subarray(61, 100)).toString('hex');

    expect(body('one')).not.toBe(body('two'));
  });

  it('refuses another event, another organisation, another key and every changed byte alike', () => {
    const sealed = seal.seal(content('one'));
    const refused = expect.objectContaining({ code: 'AUDIT_SEAL_REFUSED', message: 'AUDIT_SEAL_REFUSED' });

    expect(() => seal.open(sealed, 'two')).toThrow(refused);
    expect(() => createAuditSeal(keyStore, 'hospital-b').open(sealed, 'one')).toThrow(refused);
    expect(() => createAuditSeal(newKeyStore(), 'hospital-a').open(sealed, 'one')).toThrow(refused);
    expect(() => seal.open(new Uint8Array(0), 'one')).toThrow(refused);
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Uint8Array.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => seal.open(changed, 'one')).toThrow(refused);
    }
  });
});
