import { parseArgs } from 'node:util';
import { type Address, getAddress, http } from 'viem';
import { startLocalChain } from './chain.ts';
import { deployNotary } from './deploy.ts';
import { createNotaryKey, readNotaryKey } from './key.ts';

const usage = `node chaincode/evm/src/main.ts
  key    --file FILE                                          creates a notary's key, prints its address
  deploy --rpc URL --key-file FILE --notaries A,B --threshold N   puts the contract on a chain
  chain  --port P --notaries A,B --threshold N [--block-seconds S]  runs a chain in memory with the contract on it
Each prints one JSON line.`;

type Values = Record<string, string | undefined>;

function required(values: Values, name: string): string {
  const value = values[name];
  if (value === undefined) throw new Error(`--${name} is missing\n${usage}`);
  return value;
}

function setOf(values: Values): { notaries: Address[]; threshold: number } {
  const notaries = required(values, 'notaries')
    .split(',')
    .map((address) => getAddress(address));
  return { notaries, threshold: Number(required(values, 'threshold')) };
}

function print(value: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

async function run(command: string | undefined, values: Values): Promise<void> {
  switch (command) {
    case 'key':
      return print({ event: 'key', address: createNotaryKey(required(values, 'file')) });
    case 'deploy': {
      const privateKey = readNotaryKey(required(values, 'key-file'));
      const deployment = await deployNotary(http(required(values, 'rpc')), { privateKey, ...setOf(values) });
      return print({ event: 'deployed', ...deployment, gasUsed: Number(deployment.gasUsed) });
    }
    case 'chain': {
      const port = Number(required(values, 'port'));
      const blockSeconds = Number(values['block-seconds'] ?? 0);
      const { contract, chainId, ended } = await startLocalChain({ port, blockSeconds, ...setOf(values) });
      print({ event: 'ready', port, chainId, contract });
      await ended;
      return;
    }
    default:
      throw new Error(usage);
  }
}

const text = { type: 'string' } as const;
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    file: text,
    rpc: text,
    'key-file': text,
    notaries: text,
    threshold: text,
    port: text,
    'block-seconds': text,
  },
});
try {
  await run(positionals[0], values);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
