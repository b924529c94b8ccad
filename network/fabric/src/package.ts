import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chaincodePortOf, type FabricPlan, type PeerPlan } from './plan.ts';
import type { ChaincodeDefinition } from './state.ts';
import { tar } from './tar.ts';

export type ChaincodePackage = {
  file: string;
  /** Under which the peer knows the package and the chaincode server registers. */
  packageId: string;
};

/**
 * The package that an organisation's peer installs: where its chaincode server listens and the certificates of that
 * connection, and no code. Made once, since another package would be another chaincode to Fabric.
 */
export function chaincodePackage(
  { chaincode }: FabricPlan,
  peer: PeerPlan,
  definition: ChaincodeDefinition,
): ChaincodePackage {
  const label = `${chaincode}_${definition.version}`;
  const file = join(peer.folder, 'chaincode', definition.version, 'package.tar.gz');
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true });
    const code = archive({ 'connection.json': connectionOf(peer, definition) });
    writeFileSync(file, archive({ 'metadata.json': { type: 'ccaas', label }, 'code.tar.gz': code }), {
      mode: 0o600, // it holds the peer's key for the connection
    });
  }
  const packageId = `${label}:${createHash('sha256').update(readFileSync(file)).digest('hex')}`;
  return { file, packageId };
}

/** Mutual TLS under an authority that issues for these two ends alone (Fabric docs, "chaincode as a service"). */
function connectionOf(peer: PeerPlan, definition: ChaincodeDefinition): object {
  const pem = (name: string): string =>
    readFileSync(join(peer.folder, 'chaincode', 'tls', 'peer', name), 'utf8');
  return {
    address: `${peer.chaincodeHost}:${chaincodePortOf(peer, definition)}`,
    dial_timeout: '10s',
    tls_required: true,
    client_auth_required: true,
    client_key: pem('server.key'),
    client_cert: pem('server.crt'),
    root_cert: pem('ca.crt'),
  };
}

function archive(files: Record<string, Uint8Array | object>): Uint8Array {
  const entries = Object.entries(files).map(([name, content]) => ({
    name,
    content: content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content)),
  }));
  return gzipSync(tar(entries));
}
