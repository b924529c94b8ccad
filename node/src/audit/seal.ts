import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { decryptGcm, encryptGcm } from '../crypto/cipher.ts';
import type { KeyStore } from '../crypto/index.ts';
import { pack, unpack } from '../crypto/packing.ts';
import { newSecret } from '../lib/ids.ts';
import { AuditError } from './errors.ts';
import type { AuditContent, AuditSeal } from './types.ts';

const context = 'audit-event';
// A content key seals one event, once; so the IV may be constant (NIST SP 800-38D §8.2.1).
const iv = new Uint8Array(12);
const keptKeys = 64;

type RunKey = { wrapped: Uint8Array; key: KeyObject };

/**
 * Seals each event under a content key of its own, derived from a key of this run of the node, which the master key
 * wraps once: a wrap for each event would wear the master key out (2^32 random IVs, NIST SP 800-38D §8.3). Not the
 * patient's key: the record of who read what outlives an erasure. Bytes: docs/formats/access-entry.md.
 */
export function createAuditSeal(
  keyStore: Pick<KeyStore, 'wrapKey' | 'unwrapKey'>,
  tenant: string,
): AuditSeal {
  const own = newRunKey(keyStore);
  const unwrap = createUnwrap(keyStore);
  const aad = (eventId: string): Uint8Array =>
    Buffer.from(`medseal/audit-event/v1\n${JSON.stringify([tenant, eventId])}`, 'utf8');
  return {
    seal: (content) => {
      const { id } = content.auditEvent;
      const body = encryptGcm(pack(JSON.stringify(content)), {
        key: contentKey(own.key, id),
        iv,
        aad: aad(id),
      });
      return Buffer.concat([Uint8Array.of(own.wrapped.length), own.wrapped, body]);
    },
    open: (sealed, eventId) => {
      try {
        const start = 1 + (sealed[0] ?? 0);
        const key = contentKey(unwrap(sealed.subarray(1, start)), eventId);
        const packed = decryptGcm(sealed.subarray(start), { key, iv, aad: aad(eventId) });
        return JSON.parse(unpack(packed)) as AuditContent;
      } catch (cause) {
        throw new AuditError('AUDIT_SEAL_REFUSED', { cause });
      }
    },
  };
}

function newRunKey(keyStore: Pick<KeyStore, 'wrapKey'>): RunKey {
  const secret = newSecret(32);
  return { wrapped: keyStore.wrapKey(secret, context), key: createSecretKey(secret) };
}

function contentKey(runKey: KeyObject, eventId: string): KeyObject {
  const derived = createHmac('sha256', runKey).update(`medseal/audit-content-key/v1\n${eventId}`).digest();
  return createSecretKey(derived);
}

/** Unwraps the keys of earlier runs, keeping the last few. */
function createUnwrap(keyStore: Pick<KeyStore, 'unwrapKey'>): (wrapped: Uint8Array) => KeyObject {
  const kept = new Map<string, KeyObject>();
  return (wrapped) => {
    const name = Buffer.from(wrapped).toString('base64');
    const known = kept.get(name);
    if (known !== undefined) return known;
    const key = createSecretKey(keyStore.unwrapKey(wrapped, context));
    const [oldest] = kept.keys();
    if (kept.size >= keptKeys && oldest !== undefined) kept.delete(oldest);
    kept.set(name, key);
    return key;
  };
}
