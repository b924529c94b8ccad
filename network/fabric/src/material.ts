import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  type Authority,
  createAuthority,
  issueIdentity,
  issueTls,
  type KeyPair,
  type NodeRole,
} from '../../solo/src/material/certificates.ts';
import { type FabricPlan, loopback, type OrdererPlan, type PeerPlan } from './plan.ts';

function write(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  if (file.endsWith('key.pem') || file.endsWith('.key')) chmodSync(file, 0o600);
}

/** Fabric's config.yaml of an MSP: roles stand in the certificates' OU (JSON is YAML). */
function nodeOus(): string {
  const ou = (OrganizationalUnitIdentifier: NodeRole) => ({
    Certificate: 'cacerts/ca.pem',
    OrganizationalUnitIdentifier,
  });
  return JSON.stringify(
    {
      NodeOUs: {
        Enable: true,
        ClientOUIdentifier: ou('client'),
        PeerOUIdentifier: ou('peer'),
        AdminOUIdentifier: ou('admin'),
        OrdererOUIdentifier: ou('orderer'),
      },
    },
    undefined,
    2,
  );
}

/** Every certificate is good for this machine; one of a container for its name, too. */
function namesOf(host: string): string[] {
  return host === loopback ? [] : [host];
}

type Authorities = { identity: Authority; tls: Authority };

/** The folder that describes an organisation to the channel: its roots and no key. */
function writeOrganizationMsp(folder: string, { identity, tls }: Authorities): void {
  write(join(folder, 'cacerts', 'ca.pem'), identity.certificate);
  write(join(folder, 'tlscacerts', 'tlsca.pem'), tls.certificate);
  write(join(folder, 'config.yaml'), nodeOus());
}

function writeIdentityMsp(folder: string, authorities: Authorities, { certificate, key }: KeyPair): void {
  writeOrganizationMsp(folder, authorities);
  write(join(folder, 'signcerts', 'cert.pem'), certificate);
  write(join(folder, 'keystore', 'key.pem'), key);
}

function writeTls(folder: string, authority: Authority, { certificate, key }: KeyPair): void {
  write(join(folder, 'server.crt'), certificate);
  write(join(folder, 'server.key'), key);
  write(join(folder, 'ca.crt'), authority.certificate);
}

async function authoritiesOf(mspId: string, now: Date): Promise<Authorities> {
  const [identity, tls] = await Promise.all([
    createAuthority(mspId, `${mspId} root`, now),
    createAuthority(mspId, `${mspId} TLS root`, now),
  ]);
  return { identity, tls };
}

async function createOrderer({ mspId, folder, host, id }: OrdererPlan, now: Date): Promise<void> {
  const authorities = await authoritiesOf(mspId, now);
  const commonName = `orderer-${id}`;
  writeOrganizationMsp(join(folder, 'organization-msp'), authorities);
  writeIdentityMsp(
    join(folder, 'msp'),
    authorities,
    await issueIdentity(authorities.identity, { commonName, role: 'orderer', now }),
  );
  writeIdentityMsp(
    join(folder, 'admin-msp'),
    authorities,
    await issueIdentity(authorities.identity, { commonName: `${commonName}-admin`, role: 'admin', now }),
  );
  writeTls(
    join(folder, 'tls'),
    authorities.tls,
    await issueTls(authorities.tls, { commonName, names: namesOf(host), now }),
  );
}

/** Beside the MSPs, the files that a Medseal node reads, laid out as those of the solo ledger. */
async function createPeer(
  { mspId, folder, host, chaincodeHost, organizationId }: PeerPlan,
  now: Date,
): Promise<void> {
  const authorities = await authoritiesOf(mspId, now);
  const identity = (commonName: string, role: NodeRole) =>
    issueIdentity(authorities.identity, { commonName, role, now });
  writeOrganizationMsp(join(folder, 'organization-msp'), authorities);
  writeIdentityMsp(join(folder, 'peer-msp'), authorities, await identity(`peer0.${organizationId}`, 'peer'));
  writeIdentityMsp(
    join(folder, 'admin-msp'),
    authorities,
    await identity(`admin@${organizationId}`, 'admin'),
  );
  writeTls(
    join(folder, 'tls'),
    authorities.tls,
    await issueTls(authorities.tls, { commonName: `peer0.${organizationId}`, names: namesOf(host), now }),
  );
  const client = await identity(`node@${organizationId}`, 'client');
  write(join(folder, 'client', 'cert.pem'), client.certificate);
  write(join(folder, 'client', 'key.pem'), client.key);
  const node = await issueTls(authorities.identity, { commonName: `node.${organizationId}`, now });
  write(join(folder, 'node', 'cert.pem'), node.certificate);
  write(join(folder, 'node', 'key.pem'), node.key);
  await createChaincodeTls(join(folder, 'chaincode', 'tls'), { mspId, host: chaincodeHost }, now);
  write(join(folder, 'msp', 'ca.pem'), authorities.identity.certificate);
  write(join(folder, 'ledger-tls-ca.pem'), authorities.tls.certificate);
}

/** An authority of its own for the two ends of the chaincode connection: no other certificate opens it. */
async function createChaincodeTls(
  folder: string,
  { mspId, host }: { mspId: string; host: string },
  now: Date,
): Promise<void> {
  const authority = await createAuthority(mspId, `${mspId} chaincode root`, now);
  writeTls(
    join(folder, 'server'),
    authority,
    await issueTls(authority, { commonName: 'chaincode', names: namesOf(host), now }),
  );
  writeTls(join(folder, 'peer'), authority, await issueTls(authority, { commonName: 'peer', now }));
}

/** Makes the certificates and keys of every orderer and peer organisation that has none yet. */
export async function createMaterial(plan: FabricPlan, now: Date): Promise<void> {
  for (const orderer of plan.orderers)
    if (!existsSync(join(orderer.folder, 'tls', 'ca.crt'))) await createOrderer(orderer, now);
  for (const peer of plan.peers)
    if (!existsSync(join(peer.folder, 'ledger-tls-ca.pem'))) await createPeer(peer, now);
}
