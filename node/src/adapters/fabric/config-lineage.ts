import { common } from '@hyperledger/fabric-protos';
import { applyConfig, type ChannelTrust, parseBlock } from '@medseal/evidence';
import { LedgerError } from './errors.ts';

/** Brings a block of the channel; nothing in it is verified. */
export type BlockSource = (number: number) => Promise<Uint8Array>;

/**
 * The trust in force for a block, starting from an older one: walks back over the configuration blocks in between,
 * each named by the blocks after it, then applies them forward. What the walk reads is not believed; `applyConfig`
 * checks every step, so a source that lies can only make this fail.
 */
export async function trustFor(
  blockBytes: Uint8Array,
  trust: ChannelTrust,
  fetchBlock: BlockSource,
): Promise<ChannelTrust> {
  const lineage: Uint8Array[] = [];
  const { number } = parseBlock(blockBytes);
  let at = lastConfigOf(blockBytes);
  // A configuration block names itself; the one before it is named by its predecessor.
  if (at === number) at = await lastConfigBefore(number, fetchBlock);
  while (at > trust.configNumber) {
    lineage.unshift(await fetchBlock(at));
    at = await lastConfigBefore(at, fetchBlock);
  }
  return lineage.reduce(applyConfig, trust);
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
