import { common, peer } from '@hyperledger/fabric-protos';
import { parseTransaction } from '@medseal/evidence';
import type { Clock } from './clock.ts';
import { SoloError } from './errors.ts';
import type { Membership } from './membership.ts';
import { type Headers, openHeaders, proposalHash } from './proposal.ts';
import { parse, present } from './protobuf.ts';
import { decodeReadWriteSet, type ReadWriteSet } from './rwset.ts';
import { equal } from './signature.ts';

/** An envelope an orderer takes: well-formed, in time, signed by a member. */
export type SubmittedTransaction = { txId: string; bytes: Uint8Array };

/** Checks an envelope as it comes in (orderer's size, signature and expiration filters; the peer's time window). */
export function checkEnvelope(
  envelope: common.Envelope,
  checks: { channel: string; membership: Membership; clock: Clock; maxBytes: number },
): SubmittedTransaction {
  const bytes = envelope.serializeBinary();
  if (bytes.length > checks.maxBytes)
    throw new SoloError('TRANSACTION_REFUSED', `the transaction is larger than ${checks.maxBytes} bytes`);
  const payload = parse(common.Payload, envelope.getPayload_asU8(), 'payload');
  const headers = openHeaders(present(payload.getHeader(), 'payload header'), checks);
  checks.membership.authenticate({
    creator: headers.creator,
    bytes: envelope.getPayload_asU8(),
    signature: envelope.getSignature_asU8(),
  });
  requireOneEncoding(bytes);
  const opened = openTransaction(bytes);
  if (!bindsProposal(opened, headers))
    throw new SoloError('TRANSACTION_REFUSED', 'the endorsed action is not that of the headers');
  return { txId: headers.txId, bytes };
}

/** What two programs could read in two ways has no place on this ledger. */
function requireOneEncoding(bytes: Uint8Array): void {
  try {
    parseTransaction(bytes, 'one');
  } catch (cause) {
    throw new SoloError('TRANSACTION_REFUSED', 'the transaction is not in its one encoding', { cause });
  }
}

/** An endorsed transaction taken apart; signatures are not checked here. */
export type OpenedTransaction = {
  txId: string;
  timestamp: { seconds: number; nanos: number };
  responsePayload: Uint8Array;
  proposalHash: Uint8Array;
  storedPayload: Uint8Array;
  actionHeader: Uint8Array;
  endorsements: { endorser: Uint8Array; signature: Uint8Array }[];
  chaincode: { name: string; version: string };
  status: number;
  event: peer.ChaincodeEvent | undefined;
  readWriteSet: ReadWriteSet;
};

export function openTransaction(envelopeBytes: Uint8Array): OpenedTransaction {
  const envelope = parse(common.Envelope, envelopeBytes, 'envelope');
  const payload = parse(common.Payload, envelope.getPayload_asU8(), 'payload');
  const header = parse(
    common.ChannelHeader,
    present(payload.getHeader(), 'payload header').getChannelHeader_asU8(),
    'channel header',
  );
  const actions = parse(peer.Transaction, payload.getData_asU8(), 'transaction').getActionsList();
  const [first] = actions;
  if (first === undefined || actions.length !== 1)
    throw new SoloError('TRANSACTION_REFUSED', 'a transaction has exactly one action');
  const content = parse(peer.ChaincodeActionPayload, first.getPayload_asU8(), 'action');
  const endorsed = present(content.getAction(), 'endorsed action');
  const timestamp = present(header.getTimestamp(), 'timestamp');
  return {
    txId: header.getTxId(),
    timestamp: { seconds: timestamp.getSeconds(), nanos: timestamp.getNanos() },
    actionHeader: first.getHeader_asU8(),
    storedPayload: content.getChaincodeProposalPayload_asU8(),
    endorsements: endorsed.getEndorsementsList().map((entry) => ({
      endorser: entry.getEndorser_asU8(),
      signature: entry.getSignature_asU8(),
    })),
    ...openResponse(endorsed.getProposalResponsePayload_asU8()),
  };
}

function openResponse(responsePayload: Uint8Array) {
  const response = parse(peer.ProposalResponsePayload, responsePayload, 'proposal response');
  const action = parse(peer.ChaincodeAction, response.getExtension_asU8(), 'chaincode action');
  const event = action.getEvents_asU8();
  return {
    responsePayload,
    proposalHash: response.getProposalHash_asU8(),
    chaincode: {
      name: action.getChaincodeId()?.getName() ?? '',
      version: action.getChaincodeId()?.getVersion() ?? '',
    },
    status: action.getResponse()?.getStatus() ?? 0,
    event: event.length === 0 ? undefined : parse(peer.ChaincodeEvent, event, 'chaincode event'),
    readWriteSet: decodeReadWriteSet(action.getResults_asU8()),
  };
}

function bindsProposal(transaction: OpenedTransaction, headers: Headers): boolean {
  const expected = proposalHash({ ...headers, storedPayload: transaction.storedPayload });
  return (
    equal(transaction.actionHeader, headers.signatureHeader) &&
    equal(transaction.proposalHash, expected) &&
    transaction.chaincode.name === headers.chaincode
  );
}
