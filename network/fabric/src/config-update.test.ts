import { createPublicKey } from 'node:crypto';
import { common, msp, peer } from '@hyperledger/fabric-protos';
import { describe, expect, it } from 'vitest';
import { createAuthority, issueIdentity } from '../../solo/src/material/certificates.ts';
import { configBlock } from '../../solo/src/material/config-block.ts';
import { verifyLowS } from '../../solo/src/signature.ts';
import { configOf, memberMspIds, membershipUpdate, signedUpdate } from './config-update.ts';

const now = new Date('2026-11-22T20:00:00Z');
const authority = await createAuthority('A', 'A root', now);
const member = (mspId: string) => ({ mspId, rootPem: authority.certificate });
const genesis = configBlock({
  channel: 'care',
  organizations: [member('AMSP'), member('BMSP')],
  orderer: member('OrdererMSP'),
  tlsRootPem: authority.certificate,
  now,
});
const joining = {
  ...member('CMSP'),
  tlsRootPem: authority.certificate,
  anchorPeer: { host: '127.0.0.1', port: 9128 },
};
const application = (group: common.ConfigGroup | undefined) => group?.getGroupsMap().get('Application');

describe('the update that admits an organisation', () => {
  const config = configOf(genesis);
  config.getChannelGroup()?.getGroupsMap().get('Application')?.setVersion(7);
  const update = common.ConfigUpdate.deserializeBinary(membershipUpdate(config, 'care', joining));

  it('rests on the versions of what is there, and raises that of the changed group alone', () => {
    const [read, write] = [application(update.getReadSet()), application(update.getWriteSet())];

    expect(update.getChannelId()).toBe('care');
    expect([read?.getVersion(), write?.getVersion()]).toEqual([7, 8]);
    expect([...(read?.getGroupsMap().keys() ?? [])].sort()).toEqual(['AMSP', 'BMSP']);
    expect([...(write?.getGroupsMap().keys() ?? [])].sort()).toEqual(['AMSP', 'BMSP', 'CMSP']);
    expect(write?.getModPolicy()).toBe('Admins');
    expect([...(write?.getPoliciesMap().keys() ?? [])].sort()).toEqual(
      [...(read?.getPoliciesMap().keys() ?? [])].sort(),
    );
    expect(write?.getGroupsMap().get('AMSP')?.getValuesMap().getLength()).toBe(0);
    expect([...(update.getWriteSet()?.getGroupsMap().keys() ?? [])]).toEqual(['Application']);
  });

  it('gives the organisation its roots, its policies and its anchor peer', () => {
    const group = application(update.getWriteSet())?.getGroupsMap().get('CMSP');
    const value = (name: string): Uint8Array =>
      group?.getValuesMap().get(name)?.getValue_asU8() ?? new Uint8Array();
    const [anchor] = peer.AnchorPeers.deserializeBinary(value('AnchorPeers')).getAnchorPeersList();
    const roots = msp.FabricMSPConfig.deserializeBinary(
      msp.MSPConfig.deserializeBinary(value('MSP')).getConfig_asU8(),
    );

    expect([anchor?.getHost(), anchor?.getPort()]).toEqual(['127.0.0.1', 9128]);
    expect(roots.getName()).toBe('CMSP');
    expect([...(group?.getPoliciesMap().keys() ?? [])].sort()).toEqual([
      'Admins',
      'Endorsement',
      'Readers',
      'Writers',
    ]);
  });

  it('is refused for a member and for a block without a configuration', () => {
    expect(memberMspIds(config).sort()).toEqual(['AMSP', 'BMSP']);
    expect(() => membershipUpdate(config, 'care', { ...joining, mspId: 'AMSP' })).toThrow(
      'AMSP is a member already',
    );
    expect(() => configOf(new common.Block().serializeBinary())).toThrow('holds no configuration');
  });

  it('carries a signature of every administrator over exactly this change', async () => {
    const admins = await Promise.all(
      ['AMSP', 'BMSP'].map(async (mspId) => ({
        mspId,
        ...(await issueIdentity(authority, { commonName: `admin@${mspId}`, role: 'admin', now })),
      })),
    );
    const bytes = update.serializeBinary();
    const envelope = common.Envelope.deserializeBinary(signedUpdate(bytes, 'care', admins));
    const payload = common.Payload.deserializeBinary(envelope.getPayload_asU8());
    const content = common.ConfigUpdateEnvelope.deserializeBinary(payload.getData_asU8());

    expect(content.getConfigUpdate_asU8()).toEqual(bytes);
    const verdicts = content.getSignaturesList().map((signature, at) => {
      const header = signature.getSignatureHeader_asU8();
      const key = createPublicKey(admins[at]!.certificate);
      return verifyLowS(key, Buffer.concat([header, bytes]), signature.getSignature_asU8());
    });
    expect(verdicts).toEqual([true, true]);
  });
});
