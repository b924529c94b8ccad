import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { canonicalJson, noteSigner, signNote, verifierKey } from '@medseal/evidence';
import { logOrigin, type MemberContent, memberEntryDigest } from '../src/rules/index.ts';
import type { TestChaincode } from './chaincode.ts';

/** An organisation with a log key of its own. */
export type TestMember = {
  content: MemberContent;
  mspId: string;
  signNote(text: string): string;
  json: string;
};

export function createMember(organizationId: string, kind: MemberContent['kind'] = 'hospital'): TestMember {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = rawPublicKey(publicKey);
  const origin = logOrigin(organizationId);
  const signer = noteSigner(origin, raw, (text) => sign(null, text, privateKey));
  const digest = (label: string): string =>
    createHash('sha256').update(`${organizationId} ${label}`).digest('hex');
  const content: MemberContent = {
    organizationId,
    kind,
    names: { zh: `成员 ${organizationId}`, en: `Member ${organizationId}` },
    nodeUrl: 'https://localhost:8443',
    tlsFingerprint: digest('tls'),
    sealingKey: digest('seal'),
    logKey: verifierKey(origin, raw),
    messageKey: digest('message'),
  };
  return {
    content,
    mspId: `${organizationId}-msp`,
    json: canonicalJson(content),
    signNote: (text) => signNote(text, signer),
  };
}

function rawPublicKey(key: KeyObject): Uint8Array {
  return key.export({ format: 'der', type: 'spki' }).subarray(-32);
}

export const regulator = createMember('regulator', 'regulator');

/** Names the regulator and registers it together with `members`. */
export async function registerAll({ invoke }: TestChaincode, ...members: TestMember[]): Promise<void> {
  await invoke(regulator.mspId, 'member:initialize', regulator.mspId);
  await invoke(regulator.mspId, 'member:save', regulator.json);
  for (const { mspId, json, content } of members) {
    await invoke(mspId, 'member:save', json);
    await invoke(regulator.mspId, 'member:approve', content.organizationId, memberEntryDigest(content));
  }
}
