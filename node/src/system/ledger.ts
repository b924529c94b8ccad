import { base64, type ChannelTrust, channelTrust } from '@medseal/evidence';
import { configsBefore, trustAfter } from '../adapters/fabric/config-lineage.ts';
import { connectLedger, type LedgerConnection } from '../adapters/fabric/connect.ts';
import { blockByNumber, createLedger, type LedgerPort } from '../adapters/fabric/contracts.ts';
import { type Config, readSettingFile } from '../config.ts';
import type { MspRoots } from '../http/index.ts';
import { AppError } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import { readLedgerFiles } from './own-files.ts';

export type Ledger = {
  connection: LedgerConnection;
  port: LedgerPort;
  genesis: Uint8Array;
  trust: ChannelTrust;
  /** Roots of every organisation of the channel, by the configuration read last. */
  readonly mspRoots: readonly MspRoots[];
  /** Takes over a configuration that was verified from the pinned one on. */
  useTrust(trust: ChannelTrust): void;
  /** Reads the configuration in force: organisations may have joined since the pinned one. */
  readConfiguration(): Promise<void>;
  /** Told of the roots whenever a new configuration is taken over. */
  onRoots(listener: (roots: readonly MspRoots[]) => void): void;
  block(number: number): Promise<Uint8Array>;
  /** What a proof needs of the channel: the anchor's block, the one that read it back, the configurations up to there. */
  anchorBlocks(place: {
    anchor: { blockNumber: number };
    confirmation?: { txId: string; blockNumber: number } | undefined;
  }): Promise<AnchorBlocks>;
};

type AnchorBlocks = {
  block: Uint8Array;
  configBlocks: Uint8Array[];
  confirmation?: { txId: string; block: Uint8Array };
};

/** Connects to the channel's gateway and starts the line of trust from the pinned genesis block. */
export function openLedger(config: Config): Ledger {
  const genesis = readSettingFile(config, 'MEDSEAL_LEDGER_GENESIS');
  const trust = pinnedTrust(config, genesis);
  const connection = connectLedger({
    endpoint: config.MEDSEAL_LEDGER_ENDPOINT,
    mspId: config.MEDSEAL_MSP_ID,
    ...readLedgerFiles(config),
    channel: config.MEDSEAL_LEDGER_CHANNEL,
    chaincode: config.MEDSEAL_LEDGER_CHAINCODE,
  });
  const block = (number: number): Promise<Uint8Array> => blockByNumber(connection, number);
  const port = createLedger(connection);
  const listeners: ((roots: readonly MspRoots[]) => void)[] = [];
  let newest = trust;
  let roots = rootsIn(trust);
  const useTrust = (current: ChannelTrust): void => {
    // A replay from the first block passes old configurations again.
    if (current.configNumber < newest.configNumber) return;
    newest = current;
    roots = rootsIn(current);
    for (const listener of listeners) listener(roots);
  };
  return {
    ...{ connection, port, genesis, trust, block, useTrust },
    get mspRoots() {
      return roots;
    },
    onRoots: (listener) => {
      listeners.push(listener);
    },
    readConfiguration: async () => {
      const last = await block((await port.chainHeight()) - 1);
      useTrust(await trustAfter(last, trust, block));
    },
    anchorBlocks: async ({ anchor, confirmation }) => {
      const anchoring = await block(anchor.blockNumber);
      const later = confirmation === undefined ? undefined : await block(confirmation.blockNumber);
      // Those since the genesis block, which every verifier holds pinned.
      const configBlocks = await configsBefore(later ?? anchoring, trust.configNumber, block);
      if (confirmation === undefined || later === undefined) return { block: anchoring, configBlocks };
      return { block: anchoring, configBlocks, confirmation: { txId: confirmation.txId, block: later } };
    },
  };
}

function pinnedTrust(
  { MEDSEAL_LEDGER_GENESIS_HASH: genesisHash, MEDSEAL_LEDGER_CHANNEL: channel }: Config,
  genesis: Uint8Array,
): ChannelTrust {
  let trust: ChannelTrust;
  try {
    trust = channelTrust(genesis, { genesisHash });
  } catch (cause) {
    throw new AppError('CONFIG_FILE', {
      message: 'MEDSEAL_LEDGER_GENESIS: the file is not the genesis block with MEDSEAL_LEDGER_GENESIS_HASH',
      cause,
    });
  }
  if (trust.channelId !== channel)
    throw new AppError('CONFIG_INVALID', {
      message: `MEDSEAL_LEDGER_CHANNEL is not the channel of MEDSEAL_LEDGER_GENESIS, ${trust.channelId}`,
    });
  return trust;
}

/** Number of blocks that the peer has, with the configuration in force taken over; 0 without a ledger. */
export async function heightAtStart(ledger: Ledger, logger: Logger): Promise<number> {
  try {
    await ledger.readConfiguration();
    return await ledger.port.chainHeight();
  } catch (error) {
    logger.warn('ledger.away-at-start', { error });
    return 0;
  }
}

function rootsIn({ applicationMsps }: ChannelTrust): MspRoots[] {
  return [...applicationMsps.values()].map(({ mspId, roots }) => ({
    mspId,
    roots: roots.map(({ der }) => pemOf(der)),
  }));
}

function pemOf(der: Uint8Array): string {
  const lines = base64(der).match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
