import { createSecretKey } from 'node:crypto';
import { decryptGcm, encryptGcm } from '../crypto/cipher.ts';
import type { KeyStore } from '../crypto/index.ts';
import { pack, unpack } from '../crypto/packing.ts';
import { newSecret } from '../lib/ids.ts';
import { AuditError } from './errors.ts';
import type { AuditContent, AuditSeal } from './types.ts';

const context = 'audit-event';
// A content key seals one event, once; so the IV may be constant (NIST SP 800-38D §8.2.1).
const iv = new Uint8Array(12);

/**
 * Seals each event under a content key of its own, wrapped by the node's master key. Not the patient's key: the record
 * of who read what outlives an erasure. Bytes: docs/formats/access-entry.md.
 */
export function createAuditSeal(
  keyStore: Pick<KeyStore, 'wrapKey' | 'unwrapKey'>,
  tenant: string,
): AuditSeal {
  const aad = (eventId: string): Uint8Array =>
    Buffer.from(`medseal/audit-event/v1\n${JSON.stringify([tenant, eventId])}`, 'utf8');
  return {
    seal: (content) => {
      const contentKey = newSecret(32);
      const wrapped = keyStore.wrapKey(contentKey, context);
      const key = createSecretKey(contentKey);
      const body = encryptGcm(pack(JSON.stringify(content)), { key, iv, aad: aad(content.auditEvent.id) });
      return Buffer.concat([Uint8Array.of(wrapped.length), wrapped, body]);
    },
    open: (sealed, eventId) => {
      try {
        const start = 1 + (sealed[0] ?? 0);
        const key = createSecretKey(keyStore.unwrapKey(sealed.subarray(1, start), context));
        const packed = decryptGcm(sealed.subarray(start), { key, iv, aad: aad(eventId) });
        return JSON.parse(unpack(packed)) as AuditContent;
      } catch (cause) {
        throw new AuditError('AUDIT_SEAL_REFUSED', { cause });
      }
    },
  };
}
