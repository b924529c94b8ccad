import type { handleBidiStreamingCall, ServerDuplexStream } from '@grpc/grpc-js';
import { common, orderer, peer } from '@hyperledger/fabric-protos';
import { withinWindow } from '../clock.ts';
import { SoloError } from '../errors.ts';
import { fill, parse, present } from '../protobuf.ts';
import type { ServiceContext } from './context.ts';
import { filteredBlock } from './filtered-block.ts';
import { startOf, stopOf } from './seek.ts';
import { writeTo } from './write-to.ts';

type Call = ServerDuplexStream<common.Envelope, peer.DeliverResponse>;
type Render = (block: common.Block) => peer.DeliverResponse;

/** The Deliver service of a peer (core/peer/deliverevents.go). */
export function deliverService(context: ServiceContext) {
  return {
    deliver: delivering(context, (block) =>
      fill(new peer.DeliverResponse(), (reply) => reply.setBlock(block)),
    ),
    deliverFiltered: delivering(context, (block) =>
      fill(new peer.DeliverResponse(), (reply) =>
        reply.setFilteredBlock(filteredBlock(block, context.network.channel)),
      ),
    ),
    deliverWithPrivateData: delivering(context, (block) =>
      fill(new peer.DeliverResponse(), (reply) =>
        reply.setBlockAndPrivateData(fill(new peer.BlockAndPrivateData(), (pair) => pair.setBlock(block))),
      ),
    ),
  };
}

/** Serves one request after the other on a stream; one that is not answered with SUCCESS is the last. */
function delivering(
  context: ServiceContext,
  render: Render,
): handleBidiStreamingCall<common.Envelope, peer.DeliverResponse> {
  return (call) => {
    const stop = new AbortController();
    call.once('cancelled', () => stop.abort());
    let previous = Promise.resolve<number>(common.Status.SUCCESS);
    call.on('data', (envelope: common.Envelope) => {
      previous = previous.then(async (status) => {
        if (status !== common.Status.SUCCESS || stop.signal.aborted) return status;
        const result = await serve(context, { call, envelope, render, signal: stop.signal });
        await writeTo(call, statusReply(result), stop.signal);
        if (result !== common.Status.SUCCESS) call.end();
        return result;
      });
    });
    call.on('end', () => void previous.then(() => call.end()));
    call.on('error', () => stop.abort());
  };
}

type Request = { call: Call; envelope: common.Envelope; render: Render; signal: AbortSignal };

async function serve(context: ServiceContext, request: Request): Promise<number> {
  const { chain, log } = context;
  try {
    const seek = openRequest(context, request.envelope);
    const start = startOf(seek.getStart(), chain.height);
    const stop = stopOf(seek.getStop(), start, chain.height);
    if (stop < start) return common.Status.BAD_REQUEST;
    if (start > chain.height) return common.Status.NOT_FOUND;
    const failing = seek.getBehavior() === orderer.SeekInfo.SeekBehavior.FAIL_IF_NOT_READY;
    for (let number = start; number <= stop; number += 1) {
      if (failing && number >= chain.height) return common.Status.NOT_FOUND;
      await chain.whenBlock(number, request.signal);
      await writeTo(request.call, request.render(await chain.readBlock(number)), request.signal);
      if (request.signal.aborted) return common.Status.SERVICE_UNAVAILABLE;
    }
    return common.Status.SUCCESS;
  } catch (error) {
    const status = statusFor(error);
    if (status === common.Status.INTERNAL_SERVER_ERROR)
      log('error', { message: 'a block could not be delivered' });
    return status;
  }
}

/** The request of a member organisation, signed and in time. */
function openRequest(
  { membership, network, clock }: ServiceContext,
  envelope: common.Envelope,
): orderer.SeekInfo {
  const payload = parse(common.Payload, envelope.getPayload_asU8(), 'payload');
  const header = present(payload.getHeader(), 'payload header');
  const channelHeader = parse(common.ChannelHeader, header.getChannelHeader_asU8(), 'channel header');
  const signatureHeader = parse(common.SignatureHeader, header.getSignatureHeader_asU8(), 'signature header');
  const timestamp = present(channelHeader.getTimestamp(), 'timestamp');
  if (!withinWindow(timestamp.toDate(), clock.now()))
    throw new SoloError('MESSAGE_MALFORMED', 'the timestamp is more than 15 minutes off');
  if (channelHeader.getChannelId() !== network.channel)
    throw new SoloError('PROPOSAL_REFUSED', `channel ${channelHeader.getChannelId()} is unknown`);
  membership.authenticate({
    creator: signatureHeader.getCreator_asU8(),
    bytes: envelope.getPayload_asU8(),
    signature: envelope.getSignature_asU8(),
  });
  return parse(orderer.SeekInfo, payload.getData_asU8(), 'seek request');
}

function statusFor(error: unknown): number {
  const { Status } = common;
  if (!(error instanceof SoloError)) return Status.INTERNAL_SERVER_ERROR;
  switch (error.code) {
    case 'MESSAGE_MALFORMED':
      return Status.BAD_REQUEST;
    case 'PROPOSAL_REFUSED':
      return Status.NOT_FOUND;
    case 'IDENTITY_REFUSED':
    case 'SIGNATURE_REFUSED':
      return Status.FORBIDDEN;
    case 'LEDGER_CLOSED':
      return Status.SERVICE_UNAVAILABLE;
    default:
      return Status.INTERNAL_SERVER_ERROR;
  }
}

function statusReply(status: number): peer.DeliverResponse {
  return fill(new peer.DeliverResponse(), (reply) =>
    reply.setStatus(status as common.StatusMap[keyof common.StatusMap]),
  );
}
