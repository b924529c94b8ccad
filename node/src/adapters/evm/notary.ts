import { createPublicClient, type Hex, hexToBytes, http, isHex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import type { NotaryPort, NotaryView } from '../../evidence-log/index.ts';
import { lookBack, type NotaryChain } from './chain.ts';
import { notaryAbi } from './contract.ts';
import { NotaryError } from './errors.ts';
import { recordsAfter } from './records.ts';
import { broadcast, outcomeOf, prepare } from './transactions.ts';
import { toHex } from './trie.ts';

export type NotarySettings = {
  rpcUrl: string;
  chainId: number;
  /** 20 bytes, with 0x. */
  contract: string;
  /** 32 bytes, with 0x. */
  privateKey: string;
  /** How many blocks deep a record must be, its own included. */
  confirmations: number;
};

const timeoutMs = 15_000;

/** The notary's contract over JSON-RPC. Sends nothing by itself; the key never leaves this process. */
export function createNotary(settings: NotarySettings): NotaryPort {
  const chain = openChain(settings);
  return {
    view: (channelId) => reach(chain, () => view(chain, toHex(channelId))),
    prepare: (value, replaces) => reach(chain, () => prepare(chain, value, replaces)),
    broadcast: (transaction) => reach(chain, () => broadcast(chain, transaction)),
    outcomeOf: (transactions) => reach(chain, () => outcomeOf(chain, transactions)),
    recordsAfter: (channelId, after) => reach(chain, () => recordsAfter(chain, toHex(channelId), after)),
  };
}

function openChain({ rpcUrl, chainId, contract, privateKey, confirmations }: NotarySettings): NotaryChain {
  if (!isHex(privateKey) || privateKey.length !== 66)
    throw new NotaryError('NOTARY_KEY_INVALID', {
      message: 'the key file does not hold 0x and 64 hex digits',
    });
  return {
    client: createPublicClient({ transport: http(rpcUrl, { timeout: timeoutMs, retryCount: 0 }) }),
    account: privateKeyToAccount(privateKey),
    contract: contract.toLowerCase() as Hex,
    chainId,
    confirmations,
  };
}

/** Whatever the chain cannot answer counts as away; another chain behind the same URL is refused. */
async function reach<Result>({ client, chainId }: NotaryChain, work: () => Promise<Result>): Promise<Result> {
  try {
    const found = await client.getChainId();
    if (found !== chainId)
      throw new NotaryError('NOTARY_WRONG_CHAIN', { message: `chain ${found} instead of ${chainId}` });
    return await work();
  } catch (cause) {
    if (cause instanceof NotaryError) throw cause;
    throw new NotaryError('NOTARY_UNREACHABLE', { cause });
  }
}

async function view({ client, account, contract }: NotaryChain, channelId: Hex): Promise<NotaryView> {
  const at = { address: contract, abi: notaryAbi } as const;
  const latest = await client.getBlockNumber({ cacheTime: 0 });
  const [exists, height, blockHash, historyRoot] = await client.readContract({
    ...at,
    functionName: 'headOf',
    args: [channelId],
  });
  const authorized = await client.readContract({ ...at, functionName: 'isNotary', args: [account.address] });
  const given = await client.getContractEvents({
    ...at,
    eventName: 'Confirmed',
    args: { channelId },
    fromBlock: latest > lookBack ? latest - lookBack : 0n,
    toBlock: latest,
    strict: true,
  });
  const open = new Map<string, NotaryView['open'][number]>();
  for (const { args } of given) {
    if (exists && args.height <= height) continue;
    open.set(`${args.height} ${args.blockHash} ${args.historyRoot}`, notarized(args));
  }
  const head = exists ? notarized({ height, blockHash, historyRoot }) : undefined;
  return { authorized, head, open: [...open.values()] };
}

type RawValue = { height: bigint; blockHash: Hex; historyRoot: Hex };

function notarized({ height, blockHash, historyRoot }: RawValue): NotaryView['open'][number] {
  return {
    height: Number(height),
    blockHash: hexToBytes(blockHash),
    historyRoot: hexToBytes(historyRoot),
  };
}
