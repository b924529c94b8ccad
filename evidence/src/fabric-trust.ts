import common from '@hyperledger/fabric-protos/lib/common/common_pb.js';
import configtx, {
  type Config,
  type ConfigGroup,
} from '@hyperledger/fabric-protos/lib/common/configtx_pb.js';
import configuration from '@hyperledger/fabric-protos/lib/common/configuration_pb.js';
import ordering from '@hyperledger/fabric-protos/lib/orderer/configuration_pb.js';
import { equalBytes, hex } from './bytes.ts';
import { refusal } from './errors.ts';
import { type Block, parseBlock, requireData } from './fabric-block.ts';
import { decode, decodeExactly, decodeUnordered, present } from './fabric-decode.ts';
import { type Msp, parseMsp, pemOf } from './fabric-msp.ts';

/** An orderer of a BFT channel, by its number. */
export type Consenter = { readonly mspId: string; readonly pem: string };

/** How blocks are signed: by any one orderer, or by a quorum of numbered ones. */
export type Ordering =
  | { readonly kind: 'single' }
  | { readonly kind: 'bft'; readonly consenters: ReadonlyMap<number, Consenter>; readonly quorum: number };

/** What a channel's configuration block says about who may sign what. */
export type ChannelTrust = {
  readonly channelId: string;
  readonly genesisHash: string;
  /** Number of the configuration block this is, and its place in the line of configurations. */
  readonly configNumber: number;
  readonly sequence: number;
  /** `solo` when all keys of the channel lie on one machine. */
  readonly ledger: 'fabric' | 'solo';
  readonly ordering: Ordering;
  readonly ordererMsps: ReadonlyMap<string, Msp>;
  readonly applicationMsps: ReadonlyMap<string, Msp>;
};

/** A configuration block's content, not yet believed. */
export type ChannelConfig = Omit<ChannelTrust, 'genesisHash'> & { readonly timestamp: number };

const configHeaderType = 1;

/**
 * Starts a line of trust from the genesis block whose header hash the verifier pinned. Everything else about the
 * channel follows from this block and the configuration blocks after it.
 */
export function channelTrust(genesis: Uint8Array, { genesisHash }: { genesisHash: string }): ChannelTrust {
  const block = parseBlock(genesis);
  if (hex(block.hash) !== genesisHash) throw refusal('GENESIS_HASH', 'not the pinned genesis block');
  if (block.number !== 0) throw refusal('GENESIS_HASH', 'not block 0');
  requireData(block, 'genesis');
  const { timestamp: _timestamp, ...config } = channelConfig(block);
  return { ...config, genesisHash };
}

/** Whether the block carries a new configuration (a single envelope of type CONFIG). */
export function isConfigBlock(block: Block): boolean {
  const [first, ...rest] = block.envelopes;
  return first !== undefined && rest.length === 0 && configEnvelope(first) !== undefined;
}

/** What a configuration block says. */
export function channelConfig(block: Block): ChannelConfig {
  const [first, ...rest] = block.envelopes;
  const envelope = first === undefined || rest.length > 0 ? undefined : configEnvelope(first);
  if (envelope === undefined) throw refusal('CONFIG_MALFORMED', 'not a configuration block');
  const config = present(envelope.content.getConfig(), 'CONFIG_MALFORMED');
  const sequence = config.getSequence();
  if (!Number.isSafeInteger(sequence)) throw refusal('CONFIG_MALFORMED', 'sequence');
  return {
    channelId: envelope.channelId,
    configNumber: block.number,
    sequence,
    timestamp: envelope.timestamp,
    ...partiesOf(config),
  };
}

function partiesOf(
  config: Config,
): Pick<ChannelTrust, 'ledger' | 'ordering' | 'ordererMsps' | 'applicationMsps'> {
  const channel = present(config.getChannelGroup(), 'CONFIG_MALFORMED');
  const orderer = present(channel.getGroupsMap().get('Orderer'), 'CONFIG_MALFORMED');
  const application = present(channel.getGroupsMap().get('Application'), 'CONFIG_MALFORMED');
  const consensus = decodeExactly(
    ordering.ConsensusType,
    configValue(orderer, 'ConsensusType'),
    'CONFIG_MALFORMED',
  ).getType();
  return {
    ledger: consensus === 'solo' ? 'solo' : 'fabric',
    ordering: consensus === 'BFT' ? bftOrdering(orderer) : { kind: 'single' },
    ordererMsps: mspsOf(orderer),
    applicationMsps: mspsOf(application),
  };
}

function bftOrdering(orderer: ConfigGroup): Ordering {
  const list = decodeExactly(configuration.Orderers, configValue(orderer, 'Orderers'), 'CONFIG_MALFORMED');
  const consenters = new Map<number, Consenter>();
  for (const consenter of list.getConsenterMappingList()) {
    const pem = pemOf(consenter.getIdentity_asU8());
    consenters.set(consenter.getId(), { mspId: consenter.getMspId(), pem });
  }
  if (consenters.size === 0 || consenters.size !== list.getConsenterMappingList().length) {
    throw refusal('CONFIG_MALFORMED', 'consenters');
  }
  // Fabric's ComputeBFTQuorum: with f = ⌊(n-1)/3⌋ faulty ones, ⌈(n+f+1)/2⌉ must sign; 3 of 4.
  const faulty = Math.floor((consenters.size - 1) / 3);
  return { kind: 'bft', consenters, quorum: Math.ceil((consenters.size + faulty + 1) / 2) };
}

function mspsOf(group: ConfigGroup): ReadonlyMap<string, Msp> {
  const msps = new Map<string, Msp>();
  group.getGroupsMap().forEach((organization) => {
    const msp = parseMsp(configValue(organization, 'MSP'));
    if (msp.mspId === '' || msps.has(msp.mspId)) throw refusal('CONFIG_MALFORMED', 'MSP id');
    msps.set(msp.mspId, msp);
  });
  if (msps.size === 0) throw refusal('CONFIG_MALFORMED', 'no organisations');
  return msps;
}

function configValue(group: ConfigGroup, name: string): Uint8Array {
  return present(group.getValuesMap().get(name), 'CONFIG_MALFORMED').getValue_asU8();
}

function configEnvelope(
  bytes: Uint8Array,
):
  | { channelId: string; timestamp: number; content: InstanceType<typeof configtx.ConfigEnvelope> }
  | undefined {
  const envelope = decode(common.Envelope, bytes, 'BLOCK_ENVELOPE_MALFORMED');
  const payload = decode(common.Payload, envelope.getPayload_asU8(), 'BLOCK_ENVELOPE_MALFORMED');
  const headerBytes = payload.getHeader()?.getChannelHeader_asU8();
  if (headerBytes === undefined) return undefined;
  const header = decode(common.ChannelHeader, headerBytes, 'BLOCK_ENVELOPE_MALFORMED');
  if (header.getType() !== configHeaderType) return undefined;
  // Outside the maps of the configuration itself the one encoding is required here too.
  decodeExactly(common.ChannelHeader, headerBytes, 'CONFIG_MALFORMED');
  if (!equalBytes(envelope.serializeBinary(), bytes))
    throw refusal('CONFIG_MALFORMED', 'not in its one encoding');
  const content = decodeUnordered(configtx.ConfigEnvelope, payload.getData_asU8(), 'CONFIG_MALFORMED');
  const seconds = header.getTimestamp()?.getSeconds() ?? 0;
  return { channelId: header.getChannelId(), timestamp: seconds * 1000, content };
}
