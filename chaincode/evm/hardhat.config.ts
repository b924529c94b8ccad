import { createRequire } from 'node:module';
import { join } from 'node:path';
import { defineConfig } from 'hardhat/config';

const outside = join(import.meta.dirname, '../../.medseal/hardhat');

// The compiler is the npm package solc: nothing is downloaded.
export default defineConfig({
  solidity: {
    compilers: [
      {
        version: '0.8.37',
        path: createRequire(import.meta.url).resolve('solc/soljson.js'),
        settings: { evmVersion: 'cancun', optimizer: { enabled: true, runs: 200 } },
      },
    ],
  },
  paths: { cache: join(outside, 'cache'), artifacts: join(outside, 'artifacts') },
  networks: {
    default: { type: 'edr-simulated', chainType: 'l1', chainId: 31_337 },
    node: { type: 'edr-simulated', chainType: 'l1', chainId: 31_337 },
  },
});
