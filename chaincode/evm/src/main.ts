import { parseArgs } from 'node:util';
import { type Address, getAddress, http } from 'viem';
import { startLocalChain } from './chain.ts';
import { deployNotary } from './deploy.ts';
import { createNotaryKey, readNotaryKey } from './key.ts';

const usage = `npm run notary -- COMMAND
  key    --file FILE                                          creates a notary's key, prints its address
  deploy --rpc URL --key-file FILE --notaries A,B --threshold N   puts the contract on a chain
  chain  --port P --notaries A,B --threshold N [--block-seconds S]  runs a chain in memory with the contract on it
联盟之外的公证：新建密钥、部署合约、运行仅供演示的内存链。
Each prints one JSON line.`;

const hint = 'npm run notary -- --help';

type Values = Record<string, string | undefined>;

function required(values: Values, name: string): string {
  const value = values[name];
  if (value === undefined) throw new Error(`--${name} is missing; ${hint}`);
  return value;
}

function setOf(values: Values): { notaries: Address[]; threshold: number } {
  const notaries = required(values, 'notaries')
    .split(',')
    .map((address) => getAddress(address));
  const threshold = Number(required(values, 'threshold'));
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > notaries.length)
    throw new Error(`--threshold takes a whole number from 1 to the number of notaries; ${hint}`);
  return { notaries, threshold };
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
      throw new Error(`no command ${command ?? 'is given'}; ${hint}`);
  }
}

/** One line: a library's first sentence and the reason below it, not the request with all its bytes. */
function problemOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'EEXIST') return 'the file exists already; a key is never replaced';
  const [first = ''] = error.message.split(/\n|\. To specify/);
  const reason = 'details' in error && typeof error.details === 'string' ? ` ${error.details}` : '';
  return first + reason;
}

const text = { type: 'string' } as const;
const options = {
  file: text,
  rpc: text,
  'key-file': text,
  notaries: text,
  threshold: text,
  port: text,
  'block-seconds': text,
  help: { type: 'boolean', short: 'h' },
} as const;

try {
  const { positionals, values } = parseArgs({ allowPositionals: true, options });
  const { help, ...texts } = values;
  if (help) console.log(usage);
  else await run(positionals[0], texts);
} catch (error) {
  process.stderr.write(`✗ ${problemOf(error)}\n`);
  process.exitCode = 1;
}
