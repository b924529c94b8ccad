import { hex } from '@medseal/evidence';
import type { KeyStore } from '../crypto/index.ts';
import type { PatientId } from '../lib/brand.ts';
import type { Queryable } from '../lib/sql.ts';
import { findVersion } from './consent-store.ts';
import { openConsentRow } from './open-consent.ts';
import type { ConsentContent } from './sealed-consent.ts';
import { consentToken } from './tokens.ts';

/** What proves one version of a consent to a stranger: `content` with `salt` (hex) gives the digest of its leaf. */
export type ConsentEvidence = {
  patientId: PatientId;
  content: ConsentContent;
  salt: string;
  leafId: bigint;
};

/** One version of a consent, ended ones too, with what proves it. Undefined where there is none or its patient was erased. */
export async function consentEvidence(
  { id, version }: { id: string; version: number },
  deps: { db: Queryable; keyStore: KeyStore; tenant: string },
): Promise<ConsentEvidence | undefined> {
  const row = await findVersion(deps.db, { idToken: consentToken(deps.keyStore, id), version });
  const opened = row === undefined ? undefined : openConsentRow(row, deps);
  if (row === undefined || opened === undefined) return undefined;
  const { content, consent, salt } = opened;
  return { patientId: consent.patientId, content, salt: hex(salt), leafId: BigInt(row.leaf_id) };
}
