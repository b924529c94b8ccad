import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { deployNotary } from '@medseal/notary-contract';
import {
  type Address,
  createTestClient,
  type Hex,
  http,
  parseEther,
  publicActions,
  walletActions,
} from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { freePort } from '../../../../../test/journey/ports.ts';

const root = join(import.meta.dirname, '../../../../..');
// First account of hardhat's public test mnemonic: worth nothing anywhere.
const deployer: Hex = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';

export type TestChain = Awaited<ReturnType<typeof startTestChain>>;

function spawnNode(port: number): ChildProcess {
  const cli = join(root, 'node_modules/hardhat/dist/src/cli.js');
  const endsWithUs = new URL('../../../../../demo/exit-with-parent.ts', import.meta.url).href;
  return spawn(
    process.execPath,
    ['--import', endsWithUs, cli, 'node', '--hostname', '127.0.0.1', '--port', String(port)],
    {
      cwd: join(root, 'chaincode/evm'),
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { ...process.env, HARDHAT_DISABLE_TELEMETRY: 'true' },
    },
  );
}

async function untilAnswered(ask: () => Promise<unknown>): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    try {
      await ask();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await delay(50);
    }
  }
}

/** A `hardhat node` process with the contract on it, for `size` notaries with keys of their own. */
export async function startTestChain({ size, threshold }: { size: number; threshold: number }) {
  const port = await freePort();
  const rpcUrl = `http://127.0.0.1:${port}`;
  const child = spawnNode(port);
  const client = createTestClient({
    mode: 'hardhat',
    transport: http(rpcUrl, { retryCount: 0 }),
    pollingInterval: 20,
  })
    .extend(publicActions)
    .extend(walletActions);
  await untilAnswered(() => client.getChainId());
  const keys = Array.from({ length: size }, () => generatePrivateKey());
  const notaries = keys.map((key): Address => privateKeyToAccount(key).address);
  for (const address of notaries) await client.setBalance({ address, value: parseEther('10') });
  const deploy = () => deployNotary(http(rpcUrl), { privateKey: deployer, notaries, threshold });
  const { contract, chainId } = await deploy();

  return {
    rpcUrl,
    client,
    keys,
    notaries,
    contract,
    chainId,
    deploy,
    mine: (blocks: number) => client.mine({ blocks }),
    /** The settings of one notary's node. */
    settings: (index: number, confirmations: number) => ({
      rpcUrl,
      chainId,
      contract,
      privateKey: keys[index] ?? '0x',
      confirmations,
    }),
    /** Stops the process where it stands, as a chain that is away; `resume` brings it back. */
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    stop: async () => {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}
