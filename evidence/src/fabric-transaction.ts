import common from '@hyperledger/fabric-protos/lib/common/common_pb.js';
import kvrwset, { type KVRead } from '@hyperledger/fabric-protos/lib/ledger/rwset/kvrwset/kv_rwset_pb.js';
import rwset from '@hyperledger/fabric-protos/lib/ledger/rwset/rwset_pb.js';
import chaincodeEvent from '@hyperledger/fabric-protos/lib/peer/chaincode_event_pb.js';
import proposal, {
  type ChaincodeAction as ActionMessage,
} from '@hyperledger/fabric-protos/lib/peer/proposal_pb.js';
import proposalResponse from '@hyperledger/fabric-protos/lib/peer/proposal_response_pb.js';
import transaction from '@hyperledger/fabric-protos/lib/peer/transaction_pb.js';
import { refusal } from './errors.ts';
import { decodeExactly, present } from './fabric-decode.ts';

/** One key that a transaction wrote. */
export type LedgerWrite = { namespace: string; key: string; value: Uint8Array; isDelete: boolean };
/** One key that a transaction read, at the version (block, transaction) it was last written; undefined: absent. */
export type LedgerRead = {
  namespace: string;
  key: string;
  version: { block: number; tx: number } | undefined;
};
/** An endorsement: a peer's signature over the response and its own identity. */
export type Endorsement = { endorser: Uint8Array; signature: Uint8Array };

/** An endorser transaction taken apart; the byte fields are what signatures and hashes are computed over. */
export type Transaction = {
  readonly channelId: string;
  readonly txId: string;
  /** Milliseconds; chosen by the client, held to ±15 minutes by orderers of Fabric 3.1. */
  readonly timestamp: number;
  readonly creator: Uint8Array;
  readonly nonce: Uint8Array;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  readonly channelHeader: Uint8Array;
  readonly signatureHeader: Uint8Array;
  readonly actionHeader: Uint8Array;
  readonly proposalPayload: Uint8Array;
  readonly responsePayload: Uint8Array;
  readonly proposalHash: Uint8Array;
  readonly endorsements: readonly Endorsement[];
  readonly chaincode: { readonly name: string; readonly version: string };
  readonly invokedName: string;
  readonly responseStatus: number;
  readonly writes: readonly LedgerWrite[];
  readonly reads: readonly LedgerRead[];
  readonly event: { readonly name: string; readonly payload: Uint8Array } | undefined;
};

const endorserHeaderType = 3;
const code = 'TX_MALFORMED';
const lastSecond = 253_402_300_799;

/** Takes an endorser transaction apart. Every message in it must be in its one encoding. */
export function parseTransaction(envelopeBytes: Uint8Array): Transaction {
  const envelope = decodeExactly(common.Envelope, envelopeBytes, code);
  const payload = decodeExactly(common.Payload, envelope.getPayload_asU8(), code);
  const header = present(payload.getHeader(), code);
  const channelHeader = decodeExactly(common.ChannelHeader, header.getChannelHeader_asU8(), code);
  if (channelHeader.getType() !== endorserHeaderType) throw refusal(code, 'not an endorser transaction');
  const signatureHeader = decodeExactly(common.SignatureHeader, header.getSignatureHeader_asU8(), code);
  const extension = decodeExactly(proposal.ChaincodeHeaderExtension, channelHeader.getExtension_asU8(), code);
  return {
    channelId: channelHeader.getChannelId(),
    txId: channelHeader.getTxId(),
    timestamp: millisecondsOf(present(channelHeader.getTimestamp(), code)),
    creator: signatureHeader.getCreator_asU8(),
    nonce: signatureHeader.getNonce_asU8(),
    payload: envelope.getPayload_asU8(),
    signature: envelope.getSignature_asU8(),
    channelHeader: header.getChannelHeader_asU8(),
    signatureHeader: header.getSignatureHeader_asU8(),
    invokedName: present(extension.getChaincodeId(), code).getName(),
    ...actionOf(payload.getData_asU8()),
  };
}

/** A time between 1970 and 9999, as protobuf's Timestamp allows; anything else no calendar could show. */
function millisecondsOf(timestamp: { getSeconds(): number; getNanos(): number }): number {
  const [seconds, nanos] = [timestamp.getSeconds(), timestamp.getNanos()];
  if (seconds < 0 || seconds > lastSecond || nanos < 0 || nanos >= 1e9) throw refusal(code, 'time');
  return seconds * 1000 + Math.floor(nanos / 1e6);
}

type ActionPart =
  | 'actionHeader'
  | 'proposalPayload'
  | 'endorsements'
  | 'responsePayload'
  | 'proposalHash'
  | ResultPart;
type ResultPart = 'chaincode' | 'responseStatus' | 'writes' | 'reads' | 'event';

function actionOf(bytes: Uint8Array): Pick<Transaction, ActionPart> {
  const [action, ...others] = decodeExactly(transaction.Transaction, bytes, code).getActionsList();
  if (action === undefined || others.length > 0) throw refusal(code, 'not exactly one action');
  const payload = decodeExactly(transaction.ChaincodeActionPayload, action.getPayload_asU8(), code);
  const endorsed = present(payload.getAction(), code);
  const responsePayload = endorsed.getProposalResponsePayload_asU8();
  const response = decodeExactly(proposalResponse.ProposalResponsePayload, responsePayload, code);
  return {
    actionHeader: action.getHeader_asU8(),
    proposalPayload: payload.getChaincodeProposalPayload_asU8(),
    endorsements: endorsed
      .getEndorsementsList()
      .map((entry) => ({ endorser: entry.getEndorser_asU8(), signature: entry.getSignature_asU8() })),
    responsePayload,
    proposalHash: response.getProposalHash_asU8(),
    ...resultOf(decodeExactly(proposal.ChaincodeAction, response.getExtension_asU8(), code)),
  };
}

function resultOf(action: ActionMessage): Pick<Transaction, ResultPart> {
  const chaincode = present(action.getChaincodeId(), code);
  return {
    chaincode: { name: chaincode.getName(), version: chaincode.getVersion() },
    responseStatus: present(action.getResponse(), code).getStatus(),
    ...readWriteSet(action.getResults_asU8()),
    event: eventOf(action.getEvents_asU8()),
  };
}

function readWriteSet(bytes: Uint8Array): Pick<Transaction, 'writes' | 'reads'> {
  const writes: LedgerWrite[] = [];
  const reads: LedgerRead[] = [];
  for (const entry of decodeExactly(rwset.TxReadWriteSet, bytes, code).getNsRwsetList()) {
    const namespace = entry.getNamespace();
    const set = decodeExactly(kvrwset.KVRWSet, entry.getRwset_asU8(), code);
    for (const read of set.getReadsList())
      reads.push({ namespace, key: read.getKey(), version: versionOf(read) });
    for (const write of set.getWritesList()) {
      const [key, value, isDelete] = [write.getKey(), write.getValue_asU8(), write.getIsDelete()];
      writes.push({ namespace, key, value, isDelete });
    }
  }
  return { writes, reads };
}

function versionOf(read: KVRead): LedgerRead['version'] {
  const version = read.getVersion();
  return version === undefined ? undefined : { block: version.getBlockNum(), tx: version.getTxNum() };
}

function eventOf(bytes: Uint8Array): Transaction['event'] {
  if (bytes.length === 0) return undefined;
  const event = decodeExactly(chaincodeEvent.ChaincodeEvent, bytes, code);
  return { name: event.getEventName(), payload: event.getPayload_asU8() };
}
