import { join } from 'node:path';
import type { FabricPlan, OrdererPlan, PeerPlan } from './plan.ts';

const signature = (rule: string) => ({ Type: 'Signature', Rule: rule });
const meta = (rule: string) => ({ Type: 'ImplicitMeta', Rule: rule });

function memberPolicies(mspId: string) {
  return {
    Readers: signature(`OR('${mspId}.member')`),
    Writers: signature(`OR('${mspId}.member')`),
    Admins: signature(`OR('${mspId}.admin')`),
    Endorsement: signature(`OR('${mspId}.peer')`),
  };
}

function ordererOrganization({ mspId, folder, host, port }: OrdererPlan) {
  return {
    Name: mspId,
    ID: mspId,
    MSPDir: join(folder, 'organization-msp'),
    Policies: memberPolicies(mspId),
    OrdererEndpoints: [`${host}:${port}`],
  };
}

function peerOrganization({ mspId, folder, host, port }: PeerPlan) {
  return {
    Name: mspId,
    ID: mspId,
    MSPDir: join(folder, 'organization-msp'),
    Policies: memberPolicies(mspId),
    AnchorPeers: [{ Host: host, Port: port }],
  };
}

function consenter({ id, mspId, folder, host, port }: OrdererPlan) {
  const certificate = join(folder, 'tls', 'server.crt');
  const identity = join(folder, 'msp', 'signcerts', 'cert.pem');
  return {
    ID: id,
    Host: host,
    Port: port,
    MSPID: mspId,
    Identity: identity,
    ClientTLSCert: certificate,
    ServerTLSCert: certificate,
  };
}

/**
 * In one block. A bundle carries whole blocks, two as a rule, in at most 64 KiB: with 16 transactions each it has half of that,
 * with 50 more than all of it (docs/fabric.md has the figures).
 */
const maxTransactions = 16;

/** Shorter than Fabric's defaults, so that the death of the leading orderer costs seconds (docs/fabric.md has the figures). */
const smartBft = {
  RequestBatchMaxCount: maxTransactions,
  RequestBatchMaxBytes: 10_485_760,
  RequestBatchMaxInterval: '200ms',
  RequestForwardTimeout: '1s',
  RequestComplainTimeout: '3s',
  RequestAutoRemoveTimeout: '3m0s',
  ViewChangeResendInterval: '1s',
  ViewChangeTimeout: '3s',
  LeaderHeartbeatTimeout: '4s',
  LeaderHeartbeatCount: 10,
  CollectTimeout: '1s',
  IncomingMessageBufferSize: 200,
  RequestPoolSize: 100_000,
};

function readWriteAdmin() {
  return { Readers: meta('ANY Readers'), Writers: meta('ANY Writers'), Admins: meta('MAJORITY Admins') };
}

/** The channel's profile for configtxgen, as JSON, which is YAML too. BFT ordering, majority endorsement. */
export function configtx(plan: FabricPlan): string {
  const profile = {
    Policies: readWriteAdmin(),
    Capabilities: { V3_0: true },
    Orderer: {
      OrdererType: 'BFT',
      BatchTimeout: '500ms',
      // BFT ordering looks at these two and leaves PreferredMaxBytes aside (Fabric v3.1.1, orderer/consensus/smartbft/util.go).
      BatchSize: { MaxMessageCount: maxTransactions, AbsoluteMaxBytes: '10 MB' },
      ConsenterMapping: plan.orderers.map(consenter),
      SmartBFT: smartBft,
      Organizations: plan.orderers.map(ordererOrganization),
      Policies: { ...readWriteAdmin(), BlockValidation: meta('ANY Writers') },
      Capabilities: { V2_0: true },
    },
    Application: {
      Organizations: plan.peers.map(peerOrganization),
      Policies: {
        ...readWriteAdmin(),
        LifecycleEndorsement: meta('MAJORITY Endorsement'),
        Endorsement: meta('MAJORITY Endorsement'),
      },
      Capabilities: { V2_5: true },
    },
  };
  return JSON.stringify({ Profiles: { Alliance: profile } }, undefined, 2);
}
