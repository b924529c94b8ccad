import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Address, getAddress, type Hex, http, isHex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { startLocalChain } from './chain.ts';
import { deployNotary } from './deploy.ts';

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

function readKey(path: string): Hex {
  const key = readFileSync(path, 'utf8').trim();
  if (!isHex(key) || key.length !== 66) throw new Error('the key file does not hold 0x and 64 hex digits');
  return key;
}

function print(value: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function createKey(path: string): void {
  const key: Hex = `0x${randomBytes(32).toString('hex')}`;
  const { address } = privateKeyToAccount(key);
  writeFileSync(path, `${key}\n`, { mode: 0o600, flag: 'wx' });
  print({ event: 'key', address });
}

async function run(command: string | undefined, values: Values): Promise<void> {
  switch (command) {
    case 'key':
      return createKey(required(values, 'file'));
    case 'deploy': {
      const privateKey = readKey(required(values, 'key-file'));
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
