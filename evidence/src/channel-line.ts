import { concat, fromHex, hex, sha256 } from './bytes.ts';
import { EvidenceError } from './errors.ts';
import { parseBlock } from './fabric-block.ts';
import { type ChannelTrust, channelTrust } from './fabric-trust.ts';
import { applyConfig } from './fabric-verify.ts';
import { present } from './protobuf.ts';

// Bundles of one channel carry the same configurations, which cost most of the work. A result depends on these very
// bytes and the pinned hash alone, so remembering it changes no answer.
const known = new Map<string, ChannelTrust>();
const maxKnown = 256;

/** All configurations from the pinned genesis block on, each one verified under the one before it. */
export function channelLine(
  genesis: Uint8Array,
  later: readonly Uint8Array[],
  genesisHash: string,
): [ChannelTrust, ...ChannelTrust[]] {
  let key = sha256(concat(fromHex(genesisHash), genesis));
  let trust = remembered(key, () => channelTrust(genesis, { genesisHash }));
  const line: [ChannelTrust, ...ChannelTrust[]] = [trust];
  for (const block of later) {
    key = sha256(concat(key, block));
    const before = trust;
    trust = remembered(key, () => applyConfig(before, block));
    line.push(trust);
  }
  return line;
}

/** Whether the first of the configuration blocks that a file carries is to be the genesis block. */
export function startsAtGenesis([first]: readonly Uint8Array[]): boolean {
  if (first === undefined) return false;
  try {
    return parseBlock(first).number === 0;
  } catch (error) {
    // Not a block at all: say so where it is used as one.
    if (error instanceof EvidenceError) return true;
    throw error;
  }
}

/** The configuration that was in force just before a block. */
export function trustAt(blockNumber: number, line: readonly ChannelTrust[]): ChannelTrust {
  return present(
    line.findLast(({ configNumber }) => configNumber < blockNumber),
    'CONFIG_LINEAGE',
  );
}

function remembered(key: Uint8Array, verify: () => ChannelTrust): ChannelTrust {
  const name = hex(key);
  const trust = known.get(name) ?? verify();
  if (known.size >= maxKnown) known.clear();
  known.set(name, trust);
  return trust;
}
