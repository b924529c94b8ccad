import { refusal } from './errors.ts';
import { readEnvelope } from './fabric-envelope.ts';
import {
  actionPayload,
  chaincodeAction,
  chaincodeEvent,
  channelHeader as channelHeaderMessage,
  headerExtension,
  keySet,
  type MessageOf,
  payloadMessage,
  responsePayload as responsePayloadMessage,
  signatureHeader as signatureHeaderMessage,
  transactionMessage,
  writeSets,
} from './fabric-messages.ts';
import { present, readMessage, type Spelling } from './protobuf.ts';

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
  /** Milliseconds; chosen by the client, held to ±15 minutes by the peers that endorse it. */
  readonly timestamp: number;
  /** Who handed it in and signed it. */
  readonly creator: Uint8Array;
  /** Whose proposal was endorsed: whom the chaincode took for the caller. */
  readonly proposer: Uint8Array;
  readonly nonce: Uint8Array;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  readonly channelHeader: Uint8Array;
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
const endOfTime = 253_402_300_800_000;

type How = { code: typeof code; spelling: Spelling };

/**
 * Takes an endorser transaction apart as Fabric's peers do, in whatever spelling its client and its endorsers signed: what is
 * committed has its effect, and its client must not be able to make it unreadable for everybody else.
 */
export function parseTransaction(envelopeBytes: Uint8Array, spelling: Spelling = 'any'): Transaction {
  const how: How = { code, spelling };
  const { payload, signature } = readEnvelope(envelopeBytes, code);
  const { header, data } = readMessage(payloadMessage, payload, how);
  const { channelHeader, signatureHeader } = present(header, code);
  const { type, timestamp, channelId, txId, extension } = readMessage(
    channelHeaderMessage,
    channelHeader,
    how,
  );
  if (type !== endorserHeaderType) throw refusal(code, 'not an endorser transaction');
  const { creator, nonce } = readMessage(signatureHeaderMessage, signatureHeader, how);
  const { chaincodeId } = readMessage(headerExtension, extension, how);
  return {
    channelId,
    txId,
    timestamp: millisecondsOf(present(timestamp, code)),
    creator,
    nonce,
    payload,
    signature,
    channelHeader,
    invokedName: present(chaincodeId, code).name,
    ...actionOf(data, how),
  };
}

/** A time between 1970 and 9999; as for Fabric (Go's AsTime), more nanoseconds than make a second count, and so do fewer than none. */
function millisecondsOf({ seconds, nanos }: { seconds: number; nanos: number }): number {
  const time = seconds * 1000 + Math.floor(nanos / 1e6);
  if (time < 0 || time >= endOfTime) throw refusal(code, 'time');
  return time;
}

type ActionPart =
  | 'actionHeader'
  | 'proposer'
  | 'proposalPayload'
  | 'endorsements'
  | 'responsePayload'
  | 'proposalHash'
  | ResultPart;
type ResultPart = 'chaincode' | 'responseStatus' | 'writes' | 'reads' | 'event';

function actionOf(bytes: Uint8Array, how: How): Pick<Transaction, ActionPart> {
  const [first, ...others] = readMessage(transactionMessage, bytes, how).actions;
  if (first === undefined || others.length > 0) throw refusal(code, 'not exactly one action');
  const { proposalPayload, action } = readMessage(actionPayload, first.payload, how);
  const { responsePayload, endorsements } = present(action, code);
  const { proposalHash, extension } = readMessage(responsePayloadMessage, responsePayload, how);
  return {
    actionHeader: first.header,
    proposer: readMessage(signatureHeaderMessage, first.header, how).creator,
    proposalPayload,
    endorsements,
    responsePayload,
    proposalHash,
    ...resultOf(readMessage(chaincodeAction, extension, how), how),
  };
}

function resultOf(action: MessageOf<typeof chaincodeAction>, how: How): Pick<Transaction, ResultPart> {
  const { name, version } = present(action.chaincodeId, code);
  return {
    chaincode: { name, version },
    responseStatus: present(action.response, code).status,
    ...readWriteSet(action.results, how),
    event: eventOf(action.events, how),
  };
}

function readWriteSet(bytes: Uint8Array, how: How): Pick<Transaction, 'writes' | 'reads'> {
  const writes: LedgerWrite[] = [];
  const reads: LedgerRead[] = [];
  for (const { name: namespace, set } of readMessage(writeSets, bytes, how).namespaces) {
    const keys = readMessage(keySet, set, how);
    for (const { key, version } of keys.reads) reads.push({ namespace, key, version });
    for (const { key, value, isDelete } of keys.writes) writes.push({ namespace, key, value, isDelete });
  }
  return { writes, reads };
}

function eventOf(bytes: Uint8Array, how: How): Transaction['event'] {
  if (bytes.length === 0) return undefined;
  const { name, payload } = readMessage(chaincodeEvent, bytes, how);
  return { name, payload };
}
