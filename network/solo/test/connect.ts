import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, credentials } from '@grpc/grpc-js';
import { connect, type Gateway, hash } from '@hyperledger/fabric-gateway';
import { layoutOf, type Organization } from '../src/index.ts';
import { signLowS } from '../src/signature.ts';

export const probeDirectory = fileURLToPath(new URL('./probe', import.meta.url));

export const organizations: Organization[] = [
  { organizationId: 'hospital-a', mspId: 'HospitalAMSP', name: '甲医院' },
  { organizationId: 'hospital-b', mspId: 'HospitalBMSP', name: '乙医院' },
  { organizationId: 'regulator', mspId: 'RegulatorMSP', name: 'Regulator' },
];

export type Connection = { gateway: Gateway; client: Client; mspId: string; close(): void };

/** A client of a solo ledger with an organisation's own identity. */
export function connectTo(
  directory: string,
  port: number,
  { organizationId, mspId }: Organization,
): Connection {
  const files = layoutOf(directory);
  const { client: pair } = files.organization(organizationId);
  const client = new Client(`localhost:${port}`, credentials.createSsl(readFileSync(files.tlsRoot)));
  const key = createPrivateKey(readFileSync(pair.key));
  const gateway = connect({
    client,
    identity: { mspId, credentials: readFileSync(pair.certificate) },
    // The signer hashes for itself: natively, far faster than the library's own.
    signer: (message) => Promise.resolve(signLowS(key, message)),
    hash: hash.none,
  });
  const close = (): void => {
    gateway.close();
    client.close();
  };
  return { gateway, client, mspId, close };
}

export function temporaryDirectory(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'medseal-solo-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
