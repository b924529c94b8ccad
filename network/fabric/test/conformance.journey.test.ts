import { describe, it } from 'vitest';
import { type ConformanceNetwork, ledgerConformance } from '../../solo/test/ledger-conformance.ts';
import { untilEndorsable } from '../src/ready.ts';
import { organizations, skipReason, startTestNetwork } from './network.ts';

const reason = skipReason('ledger conformance on a real Fabric network');

if (reason === undefined) {
  ledgerConformance('Fabric 3.1.1 with BFT ordering', async (): Promise<ConformanceNetwork> => {
    const network = await startTestNetwork('probe');
    return {
      channel: 'care',
      chaincode: 'medseal',
      mspIds: organizations.map(({ mspId }) => mspId),
      genesisHash: network.genesisHash,
      connect: network.connect,
      restart: async () => {
        await network.processes.end('peer-hospital-a', 'SIGTERM');
        network.restart('peer-hospital-a');
        await untilEndorsable(network.plan(), { function: 'probe:put', args: ['ready', 'yes'] });
      },
      close: network.remove,
    };
  });
} else {
  describe('ledger conformance: Fabric', () => {
    it.skip(reason, () => undefined);
  });
}
