import type { NotaryProof } from '@medseal/evidence';
import { type Hex, hexToBytes } from 'viem';
import type { NotaryPort, NotaryRecord } from '../../evidence-log/index.ts';
import { lookBack, type NotaryChain } from './chain.ts';
import { notaryAbi } from './contract.ts';
import { NotaryError } from './errors.ts';
import { type FoundEvent, proveEvent } from './prove.ts';

const chunk = 2_000n;
const mostRecords = 20;

/** Final records of a channel that are deep enough, oldest first, each with its offline proof where one can be made. */
export async function recordsAfter(
  chain: NotaryChain,
  channelId: Hex,
  after: { evmBlockNumber: number; evmBlockHash: string } | undefined,
): ReturnType<NotaryPort['recordsAfter']> {
  const { client, contract, confirmations } = chain;
  const latest = await client.getBlockNumber({ cacheTime: 0 });
  const deep = latest - BigInt(confirmations - 1);
  if (after !== undefined && !(await isPart(chain, after, latest))) return { stands: false, records: [] };
  const lookedBack = latest > lookBack ? latest - lookBack : 0n;
  let from = after === undefined ? lookedBack : BigInt(after.evmBlockNumber) + 1n;
  const records: NotaryRecord[] = [];
  while (from <= deep && records.length < mostRecords) {
    const to = from + chunk - 1n < deep ? from + chunk - 1n : deep;
    const events = await client.getContractEvents({
      address: contract,
      abi: notaryAbi,
      eventName: 'Notarized',
      args: { channelId },
      fromBlock: from,
      toBlock: to,
      strict: true,
    });
    for (const { args, blockNumber, ...found } of events) {
      records.push({
        height: Number(args.height),
        blockHash: hexToBytes(args.blockHash),
        historyRoot: hexToBytes(args.historyRoot),
        evmBlockNumber: Number(blockNumber),
        evmBlockHash: found.blockHash.slice(2),
        proof: await proofOf(chain, found),
      });
    }
    from = to + 1n;
  }
  return { stands: true, records };
}

async function isPart(
  { client }: NotaryChain,
  { evmBlockNumber, evmBlockHash }: { evmBlockNumber: number; evmBlockHash: string },
  latest: bigint,
): Promise<boolean> {
  if (BigInt(evmBlockNumber) > latest) return false;
  const { hash } = await client.getBlock({ blockNumber: BigInt(evmBlockNumber) });
  return hash === `0x${evmBlockHash}`;
}

async function proofOf(
  { client, chainId, contract }: NotaryChain,
  found: FoundEvent,
): Promise<NotaryProof | undefined> {
  try {
    return await proveEvent(client, found, { chainId, contract });
  } catch (error) {
    // A chain whose headers or receipts are encoded otherwise: the record still stands, for a check online.
    if (error instanceof NotaryError && error.code === 'NOTARY_PROOF_FAILED') return undefined;
    throw error;
  }
}
