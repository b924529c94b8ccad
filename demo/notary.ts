import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createNotaryKey, notaryAddress } from '../chaincode/evm/src/index.ts';
import { organizations } from './organizations.ts';
import type { RunningProcess } from './processes.ts';

/** More than half of the members have to agree on a block. */
const threshold = Math.floor(organizations.length / 2) + 1;
/** So that the demo shows a final record within seconds; a real chain is asked once an hour (docs/notary.md). */
const pace = { blockSeconds: 1, intervalSeconds: 5, confirmations: 2 };

const keyFile = (folder: string, organizationId: string): string =>
  join(folder, 'keys', organizationId, 'notary.key');

/** Arguments of the chain outside the alliance: in memory, with a key of every member among its notaries. */
export function notaryChain({ folder, port }: { folder: string; port: number }): {
  script: string;
  args: string[];
} {
  const notaries = organizations.map(({ organizationId }) => {
    const file = keyFile(folder, organizationId);
    mkdirSync(dirname(file), { recursive: true });
    return existsSync(file) ? notaryAddress(file) : createNotaryKey(file);
  });
  const set = ['--notaries', notaries.join(','), '--threshold', String(threshold)];
  return {
    script: 'chaincode/evm/src/main.ts',
    args: ['chain', '--port', String(port), ...set, '--block-seconds', String(pace.blockSeconds)],
  };
}

/** What an organisation's node is told of that chain. */
export function notarySettings(
  { ready }: Pick<RunningProcess, 'ready'>,
  { folder, organizationId }: { folder: string; organizationId: string },
): Record<string, string> {
  return {
    MEDSEAL_EVM_RPC_URL: `http://127.0.0.1:${ready['port']}`,
    MEDSEAL_EVM_CHAIN_ID: String(ready['chainId']),
    MEDSEAL_EVM_CONTRACT: String(ready['contract']),
    MEDSEAL_EVM_KEY_FILE: keyFile(folder, organizationId),
    MEDSEAL_EVM_INTERVAL_SECONDS: String(pace.intervalSeconds),
    MEDSEAL_EVM_CONFIRMATIONS: String(pace.confirmations),
  };
}
