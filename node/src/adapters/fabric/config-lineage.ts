import { common } from '@hyperledger/fabric-protos';
import { type ChannelTrust, followConfig, isConfigBlock, parseBlock } from '@medseal/evidence';
import { LedgerError } from './errors.ts';

/** Brings a block of the channel; nothing in it is verified. */
export type BlockSource = (number: number) => Promise<Uint8Array>;

/**
 * The trust in force for a block, starting from an older one. What is read on the way is not believed; `followConfig`
 * checks every step, so a source that lies can only make this fail.
 */
export async function trustFor(
  blockBytes: Uint8Array,
  trust: ChannelTrust,
  fetchBlock: BlockSource,
): Promise<ChannelTrust> {
  return (await configsBefore(blockBytes, trust.configNumber, fetchBlock)).reduce(followConfig, trust);
}

/** The trust that holds after a block: its own, if it is a configuration. */
export async function trustAfter(
  blockBytes: Uint8Array,
  trust: ChannelTrust,
  fetchBlock: BlockSource,
): Promise<ChannelTrust> {
  const block = parseBlock(blockBytes);
  if (block.number === 0) return trust;
  const before = await trustFor(blockBytes, trust, fetchBlock);
  return isConfigBlock(block) ? followConfig(before, blockBytes) : before;
}

/**
 * The configuration blocks after number `since` that came before a block, in ascending order: walks back over them,
 * each named by the blocks after it.
 */
export async function configsBefore(
  blockBytes: Uint8Array,
  since: number,
  fetchBlock: BlockSource,
): Promise<Uint8Array[]> {
  const lineage: Uint8Array[] = [];
  const { number } = parseBlock(blockBytes);
  let at = lastConfigOf(blockBytes);
  // A configuration block names itself; the one before it is named by its predecessor.
  if (at === number) at = await lastConfigBefore(number, fetchBlock);
  while (at > since) {
    lineage.unshift(await fetchBlock(at));
    at = await lastConfigBefore(at, fetchBlock);
  }
  return lineage;
}

async function lastConfigBefore(number: number, fetchBlock: BlockSource): Promise<number> {
  const before = number <= 1 ? 0 : lastConfigOf(await fetchBlock(number - 1));
  // Strictly backwards, or a lying source could keep us walking for ever.
  if (before >= number) throw new LedgerError('LEDGER_ANSWER_INVALID');
  return before;
}

function lastConfigOf(blockBytes: Uint8Array): number {
  const [signatures = new Uint8Array()] = parseBlock(blockBytes).metadata;
  const value = common.Metadata.deserializeBinary(signatures).getValue_asU8();
  return common.OrdererBlockMetadata.deserializeBinary(value).getLastConfig()?.getIndex() ?? 0;
}
