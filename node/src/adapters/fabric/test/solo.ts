import { readFileSync } from 'node:fs';
import { layoutOf, type Organization } from '../../../../../network/solo/src/index.ts';
import {
  organizations,
  probeDirectory,
  temporaryDirectory,
} from '../../../../../network/solo/test/connect.ts';
import { type ConnectionSettings, connectLedger, type LedgerConnection } from '../connect.ts';

export { organizations, probeDirectory, temporaryDirectory };

/** What an organisation needs to connect to the solo ledger in `directory`. */
export function settingsIn(
  directory: string,
  port: number,
  { organizationId, mspId }: Organization = organizations[0]!,
): ConnectionSettings {
  const files = layoutOf(directory);
  const { client } = files.organization(organizationId);
  return {
    endpoint: `localhost:${port}`,
    tlsRoot: readFileSync(files.tlsRoot),
    mspId,
    certificate: readFileSync(client.certificate),
    key: readFileSync(client.key),
    channel: 'care',
    chaincode: 'medseal',
  };
}

export function connectionTo(directory: string, port: number): LedgerConnection {
  return connectLedger(settingsIn(directory, port));
}

export function genesisOf(directory: string): Uint8Array {
  return readFileSync(layoutOf(directory).genesis);
}
