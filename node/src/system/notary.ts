import { notaryChannelId } from '@medseal/evidence';
import { createNotary } from '../adapters/evm/notary.ts';
import { type Config, readSettingFile } from '../config.ts';
import {
  createHistoryTiles,
  keepHistoryBlock,
  type NotarizeWorkerDeps,
  runNotary,
} from '../evidence-log/index.ts';
import type { Queryable } from '../lib/sql.ts';
import type { Ledger } from './ledger.ts';

export type Notarizing = {
  /** Keeps a verified block's hash for the channel's history; in the transaction that projects the block. */
  keepBlock(tx: Queryable, block: { number: number; hash: Uint8Array }): Promise<void>;
  run(signal: AbortSignal): Promise<void>;
  /** Code of what kept the last round from notarizing. */
  problem(): string | undefined;
};

/** Notarizing of the channel on an EVM chain; undefined where it is not configured. */
export function openNotarizing(
  config: Config,
  {
    db,
    clock,
    logger,
    ledger,
  }: Pick<NotarizeWorkerDeps, 'db' | 'clock' | 'logger'> & {
    ledger: Pick<Ledger, 'block'>;
  },
): Notarizing | undefined {
  const {
    MEDSEAL_EVM_RPC_URL: rpcUrl,
    MEDSEAL_EVM_CHAIN_ID: chainId,
    MEDSEAL_EVM_CONTRACT: contract,
    MEDSEAL_EVM_CONFIRMATIONS: confirmations,
  } = config;
  if (rpcUrl === undefined || chainId === undefined || contract === undefined) return undefined;
  const privateKey = readSettingFile(config, 'MEDSEAL_EVM_KEY_FILE').toString('utf8').trim();
  const notary = createNotary({ rpcUrl, chainId, contract, privateKey, confirmations });
  const channelId = notaryChannelId(config.MEDSEAL_LEDGER_CHANNEL, config.MEDSEAL_LEDGER_GENESIS_HASH);
  let problem: string | undefined;
  const report = (found: string | undefined): void => {
    problem = found;
  };
  const intervalMs = config.MEDSEAL_EVM_INTERVAL_SECONDS * 1000;
  const chain = { db, channelId, tiles: createHistoryTiles(), block: ledger.block };
  const deps = { ...chain, notary, clock, logger, intervalMs, confirmations, report };
  return {
    keepBlock: (tx, { number, hash }) => keepHistoryBlock(tx, { channelId, height: number, blockHash: hash }),
    run: (signal) => runNotary(deps, signal),
    problem: () => problem,
  };
}
