import { createPrivateKey, type KeyObject } from 'node:crypto';
import { Client, credentials } from '@grpc/grpc-js';
import { type Contract, connect, hash, type Network, type Status } from '@hyperledger/fabric-gateway';
import { gateway as gatewayMessages, msp } from '@hyperledger/fabric-protos';
import { type Clock, systemClock } from '../../lib/clock.ts';
import { LedgerError } from './errors.ts';
import { type LedgerSigner, ledgerSigner } from './signer.ts';

export type ConnectionSettings = {
  /** `host:port` of a peer's gateway. */
  endpoint: string;
  /** PEM root of the peer's TLS certificate. */
  tlsRoot: Uint8Array;
  mspId: string;
  /** PEM certificate and private key of the organisation's ledger client. */
  certificate: Uint8Array;
  key: Uint8Array;
  channel: string;
  chaincode: string;
  clock?: Clock;
};

/** A connection to the channel through one peer; it connects by itself, and again after a break. */
export type LedgerConnection = {
  readonly channel: string;
  readonly network: Network;
  contract(name: string): Contract;
  system(name: 'qscc'): Contract;
  /** What became of a transaction that was handed over; waits a little for the block that brings it. */
  outcomeOf(txId: string): Promise<Status>;
  close(): void;
};

/** No call waits longer: to run, to endorse, to hand over, to see committed, to see what became of one whose handing over failed. */
const deadlineMilliseconds = {
  evaluate: 5_000,
  endorse: 15_000,
  submit: 10_000,
  commitStatus: 60_000,
  outcome: 10_000,
};
const maxMessageBytes = 64 * 1024 * 1024;

export function connectLedger(settings: ConnectionSettings): LedgerConnection {
  const { channel, chaincode, mspId, clock = systemClock } = settings;
  const within = (milliseconds: number) => () => ({ deadline: clock.now().getTime() + milliseconds });
  const client = new Client(settings.endpoint, credentials.createSsl(Buffer.from(settings.tlsRoot)), {
    'grpc.max_receive_message_length': maxMessageBytes,
    // A Fabric peer ends a connection that pings more often than once a minute (peer.keepalive.minInterval).
    'grpc.keepalive_time_ms': 70_000,
    'grpc.keepalive_timeout_ms': 10_000,
    'grpc.initial_reconnect_backoff_ms': 200,
    'grpc.max_reconnect_backoff_ms': 5_000,
  });
  const gateway = connect({
    client,
    identity: { mspId, credentials: settings.certificate },
    // The signer hashes for itself.
    hash: hash.none,
    signer: signerOf(settings.key),
    evaluateOptions: within(deadlineMilliseconds.evaluate),
    endorseOptions: within(deadlineMilliseconds.endorse),
    submitOptions: within(deadlineMilliseconds.submit),
    commitStatusOptions: within(deadlineMilliseconds.commitStatus),
  });
  const network = gateway.getNetwork(channel);
  const creator = { mspId, certificate: settings.certificate };
  return {
    channel,
    network,
    contract: (name) => network.getContract(chaincode, name),
    system: (name) => network.getContract(name),
    outcomeOf: (txId) =>
      gateway
        .newCommit(commitRequest(txId, channel, creator))
        .getStatus(within(deadlineMilliseconds.outcome)()),
    close: () => {
      gateway.close();
      client.close();
    },
  };
}

/** The request for the status of a transaction, to be signed (fabric-protos gateway.proto, SignedCommitStatusRequest). */
function commitRequest(
  txId: string,
  channel: string,
  creator: { mspId: string; certificate: Uint8Array },
): Uint8Array {
  const identity = new msp.SerializedIdentity();
  identity.setMspid(creator.mspId);
  identity.setIdBytes(creator.certificate);
  const request = new gatewayMessages.CommitStatusRequest();
  request.setTransactionId(txId);
  request.setChannelId(channel);
  request.setIdentity(identity.serializeBinary());
  const signed = new gatewayMessages.SignedCommitStatusRequest();
  signed.setRequest(request.serializeBinary());
  return signed.serializeBinary();
}

function signerOf(pem: Uint8Array): LedgerSigner {
  const signer = ledgerSigner(privateKeyOf(pem));
  if (signer === undefined) throw new LedgerError('LEDGER_SETTINGS_INVALID');
  return signer;
}

function privateKeyOf(pem: Uint8Array): KeyObject {
  try {
    return createPrivateKey(Buffer.from(pem));
  } catch (cause) {
    throw new LedgerError('LEDGER_SETTINGS_INVALID', { cause });
  }
}
