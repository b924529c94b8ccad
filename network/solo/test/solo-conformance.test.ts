import { startLedger } from '../src/index.ts';
import { connectTo, organizations, probeDirectory, temporaryDirectory } from './connect.ts';
import { type ConformanceNetwork, ledgerConformance } from './ledger-conformance.ts';

ledgerConformance('solo', async (): Promise<ConformanceNetwork> => {
  const directory = temporaryDirectory();
  const start = () =>
    startLedger({ directory: directory.path, organizations, chaincodeDirectory: probeDirectory });
  let ledger = await start();
  return {
    channel: 'care',
    chaincode: 'medseal',
    mspIds: organizations.map(({ mspId }) => mspId),
    genesisHash: ledger.genesisHash,
    connect: (mspId) => {
      const organization = organizations.find((each) => each.mspId === mspId);
      if (organization === undefined) throw new Error(`no organisation ${mspId}`);
      return connectTo(directory.path, ledger.port, organization);
    },
    restart: async () => {
      await ledger.close();
      ledger = await start();
    },
    close: async () => {
      await ledger.close();
      directory.remove();
    },
  };
});
