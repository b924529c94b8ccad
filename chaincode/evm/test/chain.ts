import {
  type Address,
  createTestClient,
  custom,
  decodeErrorResult,
  type Hex,
  parseEventLogs,
  publicActions,
  walletActions,
} from 'viem';
import { openHardhat } from '../src/compile.ts';
import { notaryAbi } from '../src/contract.ts';
import { deployNotary } from '../src/deploy.ts';

// The first account of hardhat's public test mnemonic: worth nothing anywhere.
const deployer: Hex = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';

export type Outcome = { gasUsed: bigint; events: { name: string; args: Record<string, unknown> }[] };

/** A fresh in-process chain with the contract on it; `accounts` are unlocked and funded. */
export async function openChain(threshold: number, notaries: number) {
  const hardhat = await openHardhat();
  const { provider } = await hardhat.network.create();
  const transport = custom(provider);
  const client = createTestClient({ mode: 'hardhat', transport, pollingInterval: 5 })
    .extend(publicActions)
    .extend(walletActions);
  const [, ...accounts] = await client.getAddresses();
  const set = accounts.slice(0, notaries);
  const { contract, gasUsed } = await deployNotary(transport, {
    privateKey: deployer,
    notaries: set,
    threshold,
  });

  /** Sends a call from one account; a revert is thrown as the contract's error name. */
  async function send(
    from: Address,
    functionName: 'confirm' | 'confirmSet',
    args: readonly unknown[],
  ): Promise<Outcome> {
    const call = { address: contract, abi: notaryAbi, functionName, args, account: from } as const;
    try {
      const hash = await client.writeContract({ ...call, chain: null } as never);
      const { logs, gasUsed: used } = await client.waitForTransactionReceipt({ hash });
      const events = parseEventLogs({ abi: notaryAbi, logs });
      return {
        gasUsed: used,
        events: events.map(({ eventName, args: values }) => ({ name: eventName, args: values })),
      };
    } catch (error) {
      throw new Error(errorName(error));
    }
  }

  return { client, transport, contract, deploymentGas: gasUsed, accounts, set, send };
}

function errorName(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    const revert = (at as { data?: unknown }).data;
    const data = typeof revert === 'string' ? revert : (revert as { data?: unknown } | undefined)?.data;
    if (typeof data === 'string' && data.startsWith('0x') && data.length >= 10)
      return decodeErrorResult({ abi: notaryAbi, data: data as Hex }).errorName;
  }
  return error instanceof Error ? error.message : String(error);
}
