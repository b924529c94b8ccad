import {
  boolField,
  bytesField,
  bytesList,
  bytesMap,
  int32Field,
  int64Field,
  type Message,
  message,
  messageField,
  messageList,
  messageMap,
  textField,
  uint32Field,
  uint64Field,
} from './protobuf.ts';

// The messages of Hyperledger Fabric that a verifier reads, by the numbers of hyperledger/fabric-protos. What is only
// hashed or signed stays bytes.

const timestamp = message({ seconds: int64Field(1), nanos: int32Field(2) });
const header = message({ channelHeader: bytesField(1), signatureHeader: bytesField(2) });
const blockHeader = message({ number: uint64Field(1), previousHash: bytesField(2), dataHash: bytesField(3) });
const metadataSignature = message({
  signatureHeader: bytesField(1),
  signature: bytesField(2),
  identifierHeader: bytesField(3),
});
const lastConfig = message({ index: uint64Field(1) });

export type MetadataSignature = MessageOf<typeof metadataSignature>;
/** What is read of a message. */
export type MessageOf<Type> = Type extends Message<infer Of> ? Of : never;

export const blockMessage = message({
  header: messageField(1, blockHeader),
  data: messageField(2, message({ envelopes: bytesList(1) })),
  metadata: messageField(3, message({ entries: bytesList(1) })),
});
export const metadataMessage = message({
  value: bytesField(1),
  signatures: messageList(2, metadataSignature),
});
export const ordererMetadata = message({
  lastConfig: messageField(1, lastConfig),
  consenterMetadata: bytesField(2),
});
export const identifierHeader = message({ identifier: uint32Field(1), nonce: bytesField(2) });
export const envelopeMessage = message({ payload: bytesField(1), signature: bytesField(2) });
export const payloadMessage = message({ header: messageField(1, header), data: bytesField(2) });
export const channelHeader = message({
  type: int32Field(1),
  version: int32Field(2),
  timestamp: messageField(3, timestamp),
  channelId: textField(4),
  txId: textField(5),
  epoch: uint64Field(6),
  extension: bytesField(7),
  tlsCertHash: bytesField(8),
});
export const signatureHeader = message({ creator: bytesField(1), nonce: bytesField(2) });
export const serializedIdentity = message({ mspId: textField(1), pem: bytesField(2) });

const chaincodeId = message({ path: textField(1), name: textField(2), version: textField(3) });
const endorsement = message({ endorser: bytesField(1), signature: bytesField(2) });
const endorsedAction = message({ responsePayload: bytesField(1), endorsements: messageList(2, endorsement) });
const response = message({ status: int32Field(1), message: textField(2), payload: bytesField(3) });

export const headerExtension = message({ chaincodeId: messageField(2, chaincodeId) });
export const transactionMessage = message({
  actions: messageList(1, message({ header: bytesField(1), payload: bytesField(2) })),
});
export const actionPayload = message({
  proposalPayload: bytesField(1),
  action: messageField(2, endorsedAction),
});
export const responsePayload = message({ proposalHash: bytesField(1), extension: bytesField(2) });
export const chaincodeAction = message({
  results: bytesField(1),
  events: bytesField(2),
  response: messageField(3, response),
  chaincodeId: messageField(4, chaincodeId),
});
export const chaincodeEvent = message({
  chaincodeId: textField(1),
  txId: textField(2),
  name: textField(3),
  payload: bytesField(4),
});

const hashedCollection = message({ name: textField(1), hashedSet: bytesField(2), setHash: bytesField(3) });
const namespace = message({
  name: textField(1),
  set: bytesField(2),
  collections: messageList(3, hashedCollection),
});
const version = message({ block: uint64Field(1), tx: uint64Field(2) });
const read = message({ key: textField(1), version: messageField(2, version) });
const rangeQuery = message({
  startKey: textField(1),
  endKey: textField(2),
  exhausted: boolField(3),
  rawReads: messageField(4, message({ reads: messageList(1, read) })),
  hashes: messageField(
    5,
    message({ maxDegree: uint32Field(1), maxLevel: uint32Field(2), maxLevelHashes: bytesList(3) }),
  ),
});
const metadataEntry = message({ name: textField(1), value: bytesField(2) });

export const writeSets = message({ dataModel: int32Field(1), namespaces: messageList(2, namespace) });
export const keySet = message({
  reads: messageList(1, read),
  rangeQueries: messageList(2, rangeQuery),
  writes: messageList(3, message({ key: textField(1), isDelete: boolField(2), value: bytesField(3) })),
  metadataWrites: messageList(4, message({ key: textField(1), entries: messageList(2, metadataEntry) })),
});

/** A group of the channel's configuration; groups lie in groups. */
export type ConfigGroup = {
  version: number;
  groups: Map<string, ConfigGroup>;
  values: Map<string, MessageOf<typeof configValue>>;
  policies: Map<string, Uint8Array>;
  modPolicy: string;
};
const configValue = message({ version: uint64Field(1), value: bytesField(2), modPolicy: textField(3) });
const configGroup: Message<ConfigGroup> = message<ConfigGroup>({
  version: uint64Field(1),
  groups: messageMap(2, () => configGroup),
  values: messageMap(3, () => configValue),
  policies: bytesMap(4),
  modPolicy: textField(5),
});
const config = message({ sequence: uint64Field(1), channelGroup: messageField(2, configGroup) });

export type Config = MessageOf<typeof config>;
export const configEnvelope = message({ config: messageField(1, config), lastUpdate: bytesField(2) });
export const consensusType = message({ type: textField(1), metadata: bytesField(2), state: int32Field(3) });
const consenter = message({
  id: uint32Field(1),
  host: textField(2),
  port: uint32Field(3),
  mspId: textField(4),
  identity: bytesField(5),
  clientTlsCert: bytesField(6),
  serverTlsCert: bytesField(7),
});
/** Names of what a channel may do; what stands under them is empty. */
export const capabilitiesMessage = message({ capabilities: bytesMap(1) });
export const orderersMessage = message({ consenters: messageList(1, consenter) });

const unitIdentifier = message({ certificate: bytesField(1), unit: textField(2) });
const nodeUnits = message({
  enable: boolField(1),
  client: messageField(2, unitIdentifier),
  peer: messageField(3, unitIdentifier),
  admin: messageField(4, unitIdentifier),
  orderer: messageField(5, unitIdentifier),
});

export type UnitIdentifier = MessageOf<typeof unitIdentifier>;
export const mspConfig = message({ type: int32Field(1), config: bytesField(2) });
/** What MSPs of all kinds begin with. */
export const namedMspConfig = message({ name: textField(1) });
const cryptoConfig = message({ signatureHashFamily: textField(1), identifierHash: textField(2) });
export const fabricMspConfig = message({
  name: textField(1),
  rootCerts: bytesList(2),
  intermediateCerts: bytesList(3),
  admins: bytesList(4),
  revocationLists: bytesList(5),
  signingIdentity: bytesField(6),
  unitIdentifiers: messageList(7, unitIdentifier),
  cryptoConfig: messageField(8, cryptoConfig),
  tlsRootCerts: bytesList(9),
  tlsIntermediateCerts: bytesList(10),
  nodeUnits: messageField(11, nodeUnits),
});
