import {
  type EvidenceBundle,
  type NotaryProof,
  parseStrictJson,
  parseTrustPolicy,
  verifyBundle,
} from '@medseal/evidence';
import { bftChannel } from '../../../../evidence/test/alliance.ts';
import { createLog, makeProof, policyOf } from '../../../../evidence/test/proof.ts';
import { packed } from '../../../../evidence/test/unpacked.ts';
import { type Certificate, certificateOf } from '../certificate.ts';

export const issuer = { organizationId: 'hospital-a', zh: '甲县人民医院', en: "County A People's Hospital" };
export const issuedAt = '2026-11-22T23:00:00.000Z';

const channel = bftChannel();
const log = createLog();

/** A bundle of an anchored record on a channel of four orderers and three members. */
export const bundle = packed(makeProof(channel, log)) as EvidenceBundle;
export const bundleText = JSON.stringify(bundle);
export const policy = parseTrustPolicy(policyOf(channel, log));
export const verify = (text: string) => verifyBundle(parseStrictJson(text), policy);

/** The certificate of {@link bundle}, or of one that is changed. */
export function certificate(change: Partial<Parameters<typeof certificateOf>[0]> = {}): Certificate {
  return certificateOf({
    record: { type: 'Observation', version: 3 },
    ...{ bundle, bundleText, issuer, issuedAt },
    verdict: verify(bundleText),
    channel: { name: 'care', genesisHash: channel.genesisHash },
    ...change,
  });
}

/** What the bundle says once a notary recorded its block; the proof is not judged here. */
export function notarized(): EvidenceBundle {
  const proof: NotaryProof = {
    format: 'medseal/notary-proof/v1',
    ...{ channelId: '11'.repeat(32), height: 9, blockHash: '22'.repeat(32), chainId: 31_337 },
    historyRoot: '44'.repeat(32),
    contract: '33'.repeat(20),
    ...{ header: '', transactionIndex: 0, logIndex: 0, receiptProof: [] },
  };
  return { ...bundle, notary: { proof, inclusionProof: [] } };
}

/** The verdict as it is about a ledger whose keys lie on one machine. */
export function soloVerdict(): ReturnType<typeof verify> {
  return { ...verify(bundleText), ledger: 'solo' };
}
