import type { handleServerStreamingCall, ServerWritableStream } from '@grpc/grpc-js';
import { type common, gateway, peer } from '@hyperledger/fabric-protos';
import { codesOf, envelopesOf, headerOf } from '../blocks/block.ts';
import { SoloError } from '../errors.ts';
import { fill, parse } from '../protobuf.ts';
import { openTransaction } from '../transaction.ts';
import type { ServiceContext } from './context.ts';
import { startOf } from './seek.ts';
import { statusOf } from './status.ts';
import { writeTo } from './write-to.ts';

type Request = gateway.SignedChaincodeEventsRequest;
type Call = ServerWritableStream<Request, gateway.ChaincodeEventsResponse>;

/** Streams the events of valid transactions, block by block, until the client hangs up. */
export function chaincodeEvents(
  context: ServiceContext,
): handleServerStreamingCall<Request, gateway.ChaincodeEventsResponse> {
  return (call) => {
    stream(context, call).then(
      () => call.end(),
      (error: unknown) => call.emit('error', statusOf(error)),
    );
  };
}

async function stream(context: ServiceContext, call: Call): Promise<void> {
  const { chain, membership, network } = context;
  const bytes = call.request.getRequest_asU8();
  const request = parse(gateway.ChaincodeEventsRequest, bytes, 'chaincode events request');
  membership.authenticate({
    creator: request.getIdentity_asU8(),
    bytes,
    signature: call.request.getSignature_asU8(),
  });
  if (request.getChannelId() !== network.channel)
    throw new SoloError('PROPOSAL_REFUSED', `channel ${request.getChannelId()} is unknown`);
  const stop = new AbortController();
  call.once('cancelled', () => stop.abort());
  let after = request.getAfterTransactionId();
  for (let number = startOf(request.getStartPosition(), chain.height); !stop.signal.aborted; number += 1) {
    await chain.whenBlock(number, stop.signal);
    const events = eventsOf(await chain.readBlock(number), request.getChaincodeId(), after);
    after = '';
    if (events.length > 0) await writeTo(call, responseOf(number, events), stop.signal);
  }
}

/** Events of one block; those up to and with transaction `after` are skipped. */
function eventsOf(block: common.Block, chaincode: string, after: string): peer.ChaincodeEvent[] {
  if (headerOf(block).getNumber() === 0) return [];
  const codes = codesOf(block);
  const transactions = envelopesOf(block).map(openTransaction);
  const skipped = transactions.findIndex(({ txId }) => txId === after) + 1;
  return transactions
    .filter((_, index) => index >= skipped && codes[index] === peer.TxValidationCode.VALID)
    .flatMap(({ event }) => (event !== undefined && event.getChaincodeId() === chaincode ? [event] : []));
}

function responseOf(number: number, events: peer.ChaincodeEvent[]): gateway.ChaincodeEventsResponse {
  return fill(new gateway.ChaincodeEventsResponse(), (response) => {
    response.setBlockNumber(number);
    response.setEventsList(events);
  });
}
