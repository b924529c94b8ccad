import common from '@hyperledger/fabric-protos/lib/common/common_pb.js';
import kvrwset from '@hyperledger/fabric-protos/lib/ledger/rwset/kvrwset/kv_rwset_pb.js';
import rwset from '@hyperledger/fabric-protos/lib/ledger/rwset/rwset_pb.js';
import chaincodes from '@hyperledger/fabric-protos/lib/peer/chaincode_pb.js';
import proposal from '@hyperledger/fabric-protos/lib/peer/proposal_pb.js';
import responses from '@hyperledger/fabric-protos/lib/peer/proposal_response_pb.js';
import transactions from '@hyperledger/fabric-protos/lib/peer/transaction_pb.js';
import timestamps from 'google-protobuf/google/protobuf/timestamp_pb.js';
import { concat, hex, sha256 } from '../src/bytes.ts';
import { dataHashOf, encodeHeader } from '../src/fabric-block.ts';
import { type Holder, signLedger } from './organizations.ts';

export type TransactionOptions = {
  creator: Holder;
  endorsers: Holder[];
  writes?: [key: string, value: Uint8Array][];
  reads?: [key: string, block: number, tx: number][];
  channelId?: string;
  chaincode?: { name: string; version: string };
  at?: string;
  /** Bends one part before what depends on it is signed. */
  bend?: Partial<{
    txId: string;
    signature: Uint8Array;
    /** How the client signs. */
    sign: (message: Uint8Array, creator: Holder) => Uint8Array;
    proposalPayload: Uint8Array;
    actionHeader: Uint8Array;
    invokedName: string;
    status: number;
    endorse: (message: Uint8Array, endorser: Holder) => Uint8Array;
    endorsementForm: 'low' | 'high';
    endorsedPayload: Uint8Array;
    /** Whose proposal was endorsed, where another hands it in. */
    proposer: Holder;
    timestamp: { seconds: number; nanos: number };
  }>;
};

let nonceCounter = 0;

/** A genuine endorser transaction: envelope and id. */
export function endorserTransaction(options: TransactionOptions): { envelope: Uint8Array; txId: string } {
  const { creator, bend = {}, chaincode = { name: 'medseal', version: '1.0' } } = options;
  nonceCounter += 1;
  const nonce = sha256(Uint8Array.of(nonceCounter & 255, nonceCounter >> 8)).subarray(0, 24);
  const txId = bend.txId ?? hex(sha256(concat(nonce, creator.serialized)));
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(creator.serialized);
  signatureHeader.setNonce(nonce);
  const extension = new proposal.ChaincodeHeaderExtension();
  extension.setChaincodeId(chaincodeId({ name: bend.invokedName ?? chaincode.name, version: '' }));
  const header = new common.ChannelHeader();
  header.setType(3);
  header.setChannelId(options.channelId ?? 'care');
  header.setTxId(txId);
  header.setTimestamp(timestampOf(options.at ?? '2026-06-02T00:00:00Z', bend.timestamp));
  header.setExtension$(extension.serializeBinary());
  const channelHeader = header.serializeBinary();
  const signatureHeaderBytes = signatureHeader.serializeBinary();
  const proposalPayload = Uint8Array.of(0x0a, 0x01, 0x01);
  const response = new responses.ProposalResponsePayload();
  signatureHeader.setCreator((bend.proposer ?? creator).serialized);
  const endorsedHeader = signatureHeader.serializeBinary();
  response.setProposalHash(sha256(concat(channelHeader, endorsedHeader, proposalPayload)));
  response.setExtension$(chaincodeAction(options, chaincode));
  const responsePayload = response.serializeBinary();
  const endorsed = new transactions.ChaincodeEndorsedAction();
  endorsed.setProposalResponsePayload(bend.endorsedPayload ?? responsePayload);
  for (const endorser of options.endorsers) {
    const message = concat(responsePayload, endorser.serialized);
    const endorsement = new responses.Endorsement();
    endorsement.setEndorser(endorser.serialized);
    endorsement.setSignature(
      bend.endorse?.(message, endorser) ?? signLedger(endorser.key, message, bend.endorsementForm),
    );
    endorsed.addEndorsements(endorsement);
  }
  const proposed = new transactions.ChaincodeActionPayload();
  proposed.setChaincodeProposalPayload(bend.proposalPayload ?? proposalPayload);
  proposed.setAction(endorsed);
  const action = new transactions.TransactionAction();
  action.setHeader(bend.actionHeader ?? endorsedHeader);
  action.setPayload(proposed.serializeBinary());
  const body = new transactions.Transaction();
  body.addActions(action);
  const parts = { channelHeader, signatureHeader: signatureHeaderBytes, data: body.serializeBinary() };
  const payload = payloadOf(parts);
  const signature = bend.signature ?? bend.sign?.(payload, creator) ?? signLedger(creator.key, payload);
  return { envelope: envelope({ ...parts, signature }), txId };
}

export type BlockSigner =
  | { kind: 'single'; orderer: Holder; form?: 'low' | 'high' }
  | { kind: 'bft'; signers: { id: number; orderer: Holder }[] };

export type BlockOptions = {
  number: number;
  previousHash?: Uint8Array;
  envelopes: Uint8Array[];
  lastConfig?: number;
  signer: BlockSigner;
  codes?: number[];
  dataHash?: Uint8Array;
};

/** A genuine block, signed by its orderers. */
export function blockOf({ number, envelopes, lastConfig = 0, signer, ...options }: BlockOptions): Uint8Array {
  const dataHash = options.dataHash ?? dataHashOf(envelopes);
  const previousHash =
    options.previousHash ?? (number === 0 ? new Uint8Array(0) : new Uint8Array(32).fill(7));
  const config = new common.LastConfig();
  config.setIndex(lastConfig);
  const orderer = new common.OrdererBlockMetadata();
  orderer.setLastConfig(config);
  const value = orderer.serializeBinary();
  const metadata = new common.Metadata();
  metadata.setValue(value);
  const header = encodeHeader(number, previousHash, dataHash);
  if (number > 0)
    for (const signature of signaturesOf(signer, value, header)) metadata.addSignatures(signature);
  const codes = options.codes ?? envelopes.map(() => 0);
  return assemble({
    number,
    previousHash,
    dataHash,
    envelopes,
    metadata: [metadata.serializeBinary(), new Uint8Array(0), Uint8Array.from(codes)],
  });
}

export function assemble(parts: {
  number: number;
  previousHash: Uint8Array;
  dataHash: Uint8Array;
  envelopes: readonly Uint8Array[];
  metadata: readonly Uint8Array[];
}): Uint8Array {
  const header = new common.BlockHeader();
  header.setNumber(parts.number);
  header.setPreviousHash(parts.previousHash);
  header.setDataHash(parts.dataHash);
  const data = new common.BlockData();
  data.setDataList([...parts.envelopes]);
  const metadata = new common.BlockMetadata();
  metadata.setMetadataList([...parts.metadata]);
  const block = new common.Block();
  block.setHeader(header);
  block.setData(data);
  block.setMetadata(metadata);
  return block.serializeBinary();
}

function signaturesOf(signer: BlockSigner, value: Uint8Array, header: Uint8Array) {
  if (signer.kind === 'single') {
    const signatureHeader = new common.SignatureHeader();
    signatureHeader.setCreator(signer.orderer.serialized);
    signatureHeader.setNonce(Uint8Array.of(1, 2, 3));
    const signature = new common.MetadataSignature();
    signature.setSignatureHeader(signatureHeader.serializeBinary());
    signature.setSignature(
      signLedger(signer.orderer.key, concat(value, signatureHeader.serializeBinary(), header), signer.form),
    );
    return [signature];
  }
  return signer.signers.map(({ id, orderer }) => {
    const identifier = new common.IdentifierHeader();
    identifier.setIdentifier(id);
    identifier.setNonce(new Uint8Array(24).fill(id));
    const signature = new common.MetadataSignature();
    signature.setIdentifierHeader(identifier.serializeBinary());
    signature.setSignature(signLedger(orderer.key, concat(value, identifier.serializeBinary(), header)));
    return signature;
  });
}

function chaincodeAction(
  { writes = [], reads = [], bend }: TransactionOptions,
  chaincode: { name: string; version: string },
): Uint8Array {
  const set = new kvrwset.KVRWSet();
  for (const [key, block, tx] of reads) {
    const version = new kvrwset.Version();
    version.setBlockNum(block);
    version.setTxNum(tx);
    const read = new kvrwset.KVRead();
    read.setKey(key);
    read.setVersion(version);
    set.addReads(read);
  }
  for (const [key, value] of writes) {
    const write = new kvrwset.KVWrite();
    write.setKey(key);
    write.setValue(value);
    set.addWrites(write);
  }
  const namespace = new rwset.NsReadWriteSet();
  namespace.setNamespace(chaincode.name);
  namespace.setRwset(set.serializeBinary());
  const results = new rwset.TxReadWriteSet();
  results.addNsRwset(namespace);
  const response = new responses.Response();
  response.setStatus(bend?.status ?? 200);
  const action = new proposal.ChaincodeAction();
  action.setResults(results.serializeBinary());
  action.setResponse(response);
  action.setChaincodeId(chaincodeId(chaincode));
  return action.serializeBinary();
}

function chaincodeId({ name, version }: { name: string; version: string }) {
  const id = new chaincodes.ChaincodeID();
  id.setName(name);
  id.setVersion(version);
  return id;
}

type EnvelopeParts = { channelHeader: Uint8Array; signatureHeader: Uint8Array; data: Uint8Array };

function payloadOf({ channelHeader, signatureHeader, data }: EnvelopeParts): Uint8Array {
  const header = new common.Header();
  header.setChannelHeader(channelHeader);
  header.setSignatureHeader(signatureHeader);
  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(data);
  return payload.serializeBinary();
}

export function envelope({ signature, ...parts }: EnvelopeParts & { signature: Uint8Array }): Uint8Array {
  const message = new common.Envelope();
  message.setPayload(payloadOf(parts));
  message.setSignature(signature);
  return message.serializeBinary();
}

export function timestampOf(at: string, bent?: { seconds: number; nanos: number }) {
  const timestamp = new timestamps.Timestamp();
  const milliseconds = Date.parse(at);
  timestamp.setSeconds(bent?.seconds ?? Math.floor(milliseconds / 1000));
  timestamp.setNanos(bent?.nanos ?? (milliseconds % 1000) * 1e6);
  return timestamp;
}
