import { X509Certificate } from 'node:crypto';
import { hex } from '@medseal/evidence';
import type { Config } from '../config.ts';
import type { KeyStore } from '../crypto/index.ts';
import type { MemberProfile } from '../identity/index.ts';
import type { OrganizationId } from '../lib/brand.ts';

/** What this organisation publishes about itself on the ledger. */
export function ownProfile(
  config: Config,
  { keys, logKey, certificate }: { keys: KeyStore; logKey: string; certificate: Uint8Array },
): MemberProfile {
  const { fingerprint256 } = new X509Certificate(certificate);
  return {
    organizationId: config.MEDSEAL_ORGANIZATION_ID as OrganizationId,
    kind: config.MEDSEAL_ORGANIZATION_KIND,
    names: { zh: config.MEDSEAL_ORGANIZATION_NAME_ZH, en: config.MEDSEAL_ORGANIZATION_NAME_EN },
    nodeUrl: config.MEDSEAL_NODE_URL,
    tlsFingerprint: fingerprint256.replaceAll(':', '').toLowerCase(),
    sealingKey: hex(keys.agreementKey().publicKey),
    logKey,
    messageKey: hex(keys.publicKey('message')),
  };
}
