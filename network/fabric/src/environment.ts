import { join } from 'node:path';
import { type FabricPlan, listenHost, loopback, type OrdererPlan, type PeerPlan } from './plan.ts';

/** Environment of one orderer process. */
export function ordererEnvironment(plan: FabricPlan, orderer: OrdererPlan): Record<string, string> {
  const tls = (file: string): string => join(orderer.folder, 'tls', file);
  const ledger = join(orderer.folder, 'ledger');
  const listen = listenHost(orderer.host);
  return {
    FABRIC_CFG_PATH: join(plan.directory, 'config'),
    FABRIC_LOGGING_SPEC: 'grpc=error:info',
    ORDERER_GENERAL_LISTENADDRESS: listen,
    ORDERER_GENERAL_LISTENPORT: String(orderer.port),
    ORDERER_GENERAL_LOCALMSPID: orderer.mspId,
    ORDERER_GENERAL_LOCALMSPDIR: join(orderer.folder, 'msp'),
    ORDERER_GENERAL_TLS_ENABLED: 'true',
    ORDERER_GENERAL_TLS_PRIVATEKEY: tls('server.key'),
    ORDERER_GENERAL_TLS_CERTIFICATE: tls('server.crt'),
    ORDERER_GENERAL_TLS_ROOTCAS: `[${tls('ca.crt')}]`,
    ORDERER_GENERAL_CLUSTER_CLIENTCERTIFICATE: tls('server.crt'),
    ORDERER_GENERAL_CLUSTER_CLIENTPRIVATEKEY: tls('server.key'),
    ORDERER_GENERAL_CLUSTER_ROOTCAS: `[${tls('ca.crt')}]`,
    // A catch-up whose source stops delivering is given up after 3 × 5 s and begun anew; Fabric's default is a minute.
    ORDERER_GENERAL_CLUSTER_REPLICATIONMAXRETRIES: '3',
    ORDERER_GENERAL_BOOTSTRAPMETHOD: 'none',
    ORDERER_CHANNELPARTICIPATION_ENABLED: 'true',
    ORDERER_ADMIN_LISTENADDRESS: `${listen}:${orderer.adminPort}`,
    ORDERER_ADMIN_TLS_ENABLED: 'true',
    ORDERER_ADMIN_TLS_PRIVATEKEY: tls('server.key'),
    ORDERER_ADMIN_TLS_CERTIFICATE: tls('server.crt'),
    ORDERER_ADMIN_TLS_ROOTCAS: `[${tls('ca.crt')}]`,
    ORDERER_ADMIN_TLS_CLIENTAUTHREQUIRED: 'true',
    ORDERER_ADMIN_TLS_CLIENTROOTCAS: `[${tls('ca.crt')}]`,
    ORDERER_OPERATIONS_LISTENADDRESS: `${listen}:${orderer.operationsPort}`,
    ORDERER_METRICS_PROVIDER: 'prometheus',
    ORDERER_FILELEDGER_LOCATION: ledger,
    ORDERER_CONSENSUS_WALDIR: join(ledger, 'wal'),
    ORDERER_CONSENSUS_SNAPDIR: join(ledger, 'snapshots'),
  };
}

/** Environment of one peer process. */
export function peerEnvironment(plan: FabricPlan, peer: PeerPlan): Record<string, string> {
  const address = `${peer.host}:${peer.port}`;
  const listen = listenHost(peer.host);
  return {
    ...tlsOfPeer(peer),
    FABRIC_CFG_PATH: join(plan.directory, 'config'),
    FABRIC_LOGGING_SPEC: 'grpc=error:info',
    CORE_PEER_ID: `peer0.${peer.organizationId}`,
    CORE_PEER_LOCALMSPID: peer.mspId,
    CORE_PEER_MSPCONFIGPATH: join(peer.folder, 'peer-msp'),
    CORE_PEER_ADDRESS: address,
    CORE_PEER_LISTENADDRESS: `${listen}:${peer.port}`,
    // Chaincode as a service never dials in, but the peer wants somewhere to listen.
    CORE_PEER_CHAINCODELISTENADDRESS: `${loopback}:0`,
    CORE_PEER_GOSSIP_EXTERNALENDPOINT: address,
    // Only peers of the same organisation count here; the others are found by their anchor peers.
    CORE_PEER_GOSSIP_BOOTSTRAP: address,
    // Fabric's defaults (4, 4, 5, 25 s) let a restarted peer wait half a minute for endorsers.
    CORE_PEER_GOSSIP_PUBLISHSTATEINFOINTERVAL: '1s',
    CORE_PEER_GOSSIP_REQUESTSTATEINFOINTERVAL: '1s',
    CORE_PEER_GOSSIP_ALIVETIMEINTERVAL: '1s',
    CORE_PEER_GOSSIP_RECONNECTINTERVAL: '2s',
    CORE_PEER_FILESYSTEMPATH: join(peer.folder, 'ledger'),
    CORE_LEDGER_SNAPSHOTS_ROOTDIR: join(peer.folder, 'ledger', 'snapshots'),
    CORE_OPERATIONS_LISTENADDRESS: `${listen}:${peer.operationsPort}`,
    CORE_METRICS_PROVIDER: 'prometheus',
    CORE_VM_ENDPOINT: '',
  };
}

function tlsOfPeer({ folder }: PeerPlan): Record<string, string> {
  return {
    CORE_PEER_TLS_ENABLED: 'true',
    CORE_PEER_TLS_CERT_FILE: join(folder, 'tls', 'server.crt'),
    CORE_PEER_TLS_KEY_FILE: join(folder, 'tls', 'server.key'),
    CORE_PEER_TLS_ROOTCERT_FILE: join(folder, 'tls', 'ca.crt'),
  };
}

/** Environment of the `peer` command line, acting as the organisation's administrator. */
export function administratorEnvironment(plan: FabricPlan, peer: PeerPlan): Record<string, string> {
  return {
    ...tlsOfPeer(peer),
    FABRIC_CFG_PATH: join(plan.directory, 'config'),
    FABRIC_LOGGING_SPEC: 'error',
    CORE_PEER_LOCALMSPID: peer.mspId,
    CORE_PEER_MSPCONFIGPATH: join(peer.folder, 'admin-msp'),
    CORE_PEER_ADDRESS: `${peer.host}:${peer.port}`,
  };
}
