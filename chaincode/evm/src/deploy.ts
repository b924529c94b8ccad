import {
  type Address,
  createWalletClient,
  encodeDeployData,
  type Hex,
  publicActions,
  type Transport,
} from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { notaryAbi, notaryBytecode } from './contract.ts';

export type Deployment = { contract: Address; chainId: number; gasUsed: bigint };

/** Puts the contract on a chain; `privateKey` pays for it and keeps no rights over it. */
export async function deployNotary(
  transport: Transport,
  { privateKey, notaries, threshold }: { privateKey: Hex; notaries: readonly Address[]; threshold: number },
): Promise<Deployment> {
  const account = privateKeyToAccount(privateKey);
  const client = createWalletClient({ account, transport, pollingInterval: 250 }).extend(publicActions);
  const data = encodeDeployData({
    abi: notaryAbi,
    bytecode: notaryBytecode,
    args: [notaries, threshold],
  });
  const hash = await client.sendTransaction({ chain: null, data });
  const { contractAddress, gasUsed, status } = await client.waitForTransactionReceipt({ hash });
  if (status !== 'success' || contractAddress === null || contractAddress === undefined)
    throw new Error('the contract could not be deployed');
  return { contract: contractAddress, chainId: await client.getChainId(), gasUsed };
}
