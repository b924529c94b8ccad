import { binaryOf, hex } from './bytes.ts';
import { EvidenceError, refusal } from './errors.ts';
import { type Block, parseBlock, requireData } from './fabric-block.ts';
import {
  type Config,
  type ConfigGroup,
  capabilitiesMessage,
  channelHeader as channelHeaderMessage,
  configEnvelope,
  consensusType,
  envelopeMessage,
  orderersMessage,
  payloadMessage,
} from './fabric-messages.ts';
import { type Msp, parseMsp } from './fabric-msp.ts';
import { present, readMessage } from './protobuf.ts';

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
const malformed = 'CONFIG_MALFORMED';
// As Fabric reads it: members write parts of it.
const how = { code: malformed, spelling: 'any' } as const;

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
  if (first === undefined || rest.length > 0) return false;
  try {
    return configHeader(first) !== undefined;
  } catch (error) {
    // Members may have anything ordered; what an orderer makes, as every configuration, is in its one encoding.
    if (error instanceof EvidenceError) return false;
    throw error;
  }
}

/** What a configuration block says. */
export function channelConfig(block: Block): ChannelConfig {
  const [first, ...rest] = block.envelopes;
  const found = first === undefined || rest.length > 0 ? undefined : configHeader(first);
  if (found === undefined) throw refusal('CONFIG_MALFORMED', 'not a configuration block');
  const envelope = readMessage(configEnvelope, found.content, how);
  const config = present(envelope.config, malformed);
  if (!Number.isSafeInteger(config.sequence)) throw refusal('CONFIG_MALFORMED', 'sequence');
  return {
    channelId: found.channelId,
    configNumber: block.number,
    sequence: config.sequence,
    timestamp: found.timestamp,
    ...partiesOf(config),
  };
}

function partiesOf(
  config: Config,
): Pick<ChannelTrust, 'ledger' | 'ordering' | 'ordererMsps' | 'applicationMsps'> {
  const channel = present(config.channelGroup, malformed);
  const { groups } = channel;
  const memberKeys = memberKeysOf(channel);
  const orderer = present(groups.get('Orderer'), malformed);
  const application = present(groups.get('Application'), malformed);
  const { type: consensus } = readMessage(consensusType, configValue(orderer, 'ConsensusType'), how);
  return {
    ledger: consensus === 'solo' ? 'solo' : 'fabric',
    ordering: consensus === 'BFT' ? bftOrdering(orderer) : { kind: 'single' },
    ordererMsps: mspsOf(orderer, memberKeys),
    applicationMsps: mspsOf(application, memberKeys),
  };
}

function bftOrdering(orderer: ConfigGroup): Ordering {
  const listed = readMessage(orderersMessage, configValue(orderer, 'Orderers'), how).consenters;
  const consenters = new Map<number, Consenter>();
  for (const { id, mspId, identity } of listed) consenters.set(id, { mspId, pem: binaryOf(identity) });
  if (consenters.size === 0 || consenters.size !== listed.length) {
    throw refusal('CONFIG_MALFORMED', 'consenters');
  }
  // Fabric's ComputeBFTQuorum: with f = ⌊(n-1)/3⌋ faulty ones, ⌈(n+f+1)/2⌉ must sign; 3 of 4.
  const faulty = Math.floor((consenters.size - 1) / 3);
  return { kind: 'bft', consenters, quorum: Math.ceil((consenters.size + faulty + 1) / 2) };
}

/** Ed25519 is for channels that can do V3_0 (fabric/common/capabilities/channel.go, MSPVersion; msp/mspimplsetup.go, setupV3). */
function memberKeysOf({ values }: ConfigGroup): Msp['memberKeys'] {
  const stated = values.get('Capabilities');
  const { capabilities } = readMessage(capabilitiesMessage, stated?.value ?? new Uint8Array(0), how);
  return capabilities.has('V3_0') ? ['ecdsa', 'ed25519'] : ['ecdsa'];
}

function mspsOf(group: ConfigGroup, memberKeys: Msp['memberKeys']): ReadonlyMap<string, Msp> {
  const msps = new Map<string, Msp>();
  for (const organization of group.groups.values()) {
    const msp = parseMsp(configValue(organization, 'MSP'), memberKeys);
    if (msp.mspId === '' || msps.has(msp.mspId)) throw refusal('CONFIG_MALFORMED', 'MSP id');
    msps.set(msp.mspId, msp);
  }
  if (msps.size === 0) throw refusal('CONFIG_MALFORMED', 'no organisations');
  return msps;
}

function configValue(group: ConfigGroup, name: string): Uint8Array {
  return present(group.values.get(name), malformed).value;
}

function configHeader(
  bytes: Uint8Array,
): { channelId: string; timestamp: number; content: Uint8Array } | undefined {
  const { payload } = readMessage(envelopeMessage, bytes, { code: malformed });
  const { header, data } = readMessage(payloadMessage, payload, how);
  if (header === undefined) return undefined;
  const { type, timestamp, channelId } = readMessage(channelHeaderMessage, header.channelHeader, how);
  if (type !== configHeaderType) return undefined;
  return { channelId, timestamp: (timestamp?.seconds ?? 0) * 1000, content: data };
}
