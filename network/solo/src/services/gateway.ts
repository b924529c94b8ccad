import { type handleUnaryCall, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { gateway, type peer } from '@hyperledger/fabric-protos';
import { batch } from '../blocks/batch.ts';
import type { RunResult } from '../chaincode/conversation.ts';
import { endorsedEnvelope } from '../endorse.ts';
import { SoloError, textOf } from '../errors.ts';
import type { SigningIdentity } from '../identity.ts';
import type { Log } from '../log.ts';
import { checkProposal, type Proposal } from '../proposal.ts';
import { fill, parse, present } from '../protobuf.ts';
import { checkEnvelope } from '../transaction.ts';
import { chaincodeEvents } from './chaincode-events.ts';
import type { ServiceContext } from './context.ts';
import { querySystem } from './qscc.ts';
import { detailedStatus, statusOf } from './status.ts';

const maxConcurrentRuns = 500;

/** The Gateway service of a peer (internal/pkg/gateway), for clients of `@hyperledger/fabric-gateway`. */
export function gatewayService(context: ServiceContext) {
  let runs = 0;
  const limited = async <T>(work: () => Promise<T>): Promise<T> => {
    if (runs >= maxConcurrentRuns) throw new SoloError('LEDGER_BUSY', 'too many proposals run at once');
    runs += 1;
    try {
      return await work();
    } finally {
      runs -= 1;
    }
  };
  return {
    evaluate: unary<gateway.EvaluateRequest, gateway.EvaluateResponse>(context, ({ request }) =>
      limited(() => evaluate(context, request)),
    ),
    endorse: unary<gateway.EndorseRequest, gateway.EndorseResponse>(context, ({ request }) =>
      limited(() => endorse(context, request)),
    ),
    submit: unary<gateway.SubmitRequest, gateway.SubmitResponse>(context, ({ request }) =>
      submit(context, request),
    ),
    commitStatus: unary<gateway.SignedCommitStatusRequest, gateway.CommitStatusResponse>(context, (call) =>
      commitStatus(context, call),
    ),
    chaincodeEvents: chaincodeEvents(context),
  };
}

async function evaluate(
  context: ServiceContext,
  request: gateway.EvaluateRequest,
): Promise<gateway.EvaluateResponse> {
  const proposal = checkedProposal(context, request.getProposedTransaction());
  const response =
    proposal.chaincode === 'qscc'
      ? await querySystem(context.chain, context.network.channel, proposal.input.getArgsList_asU8())
      : (await run(context, proposal)).response;
  if (!succeeded(response)) {
    const message = chaincodeMessage(response);
    throw new ServiceFailure(
      detailedStatus(status.UNKNOWN, `evaluate call to endorser returned error: ${message}`, {
        mspId: localMspId(context),
        message,
      }),
    );
  }
  return fill(new gateway.EvaluateResponse(), (reply) => reply.setResult(response));
}

/** Whatever refuses an endorsement is told as a peer tells it: ABORTED, with the reason in the details. */
async function endorse(
  context: ServiceContext,
  request: gateway.EndorseRequest,
): Promise<gateway.EndorseResponse> {
  const proposal = checkedProposal(context, request.getProposedTransaction());
  if (request.getTransactionId() !== proposal.txId)
    throw new SoloError('PROPOSAL_REFUSED', 'the request names another transaction than the proposal');
  const endorsers = endorsersFor(context, request.getEndorsingOrganizationsList());
  const result = await run(context, proposal);
  if (!succeeded(result.response)) throw notEndorsed(context, chaincodeMessage(result.response));
  const envelope = endorsedEnvelope(proposal, result, {
    chaincode: context.network.chaincode,
    endorsers,
    ownEndorsements: context.ownEndorsements,
  });
  return fill(new gateway.EndorseResponse(), (reply) => reply.setPreparedTransaction(envelope));
}

async function submit(
  context: ServiceContext,
  request: gateway.SubmitRequest,
): Promise<gateway.SubmitResponse> {
  const { network, membership, clock, orderer } = context;
  const envelope = present(request.getPreparedTransaction(), 'prepared transaction');
  const transaction = checkEnvelope(envelope, {
    channel: network.channel,
    membership,
    clock,
    maxBytes: batch.maxTransactionBytes,
  });
  if (request.getTransactionId() !== transaction.txId)
    throw new SoloError('TRANSACTION_REFUSED', 'the request names another transaction than the envelope');
  orderer.order(transaction);
  return new gateway.SubmitResponse();
}

async function commitStatus(
  { network, membership, chain }: ServiceContext,
  call: ServerUnaryCall<gateway.SignedCommitStatusRequest, gateway.CommitStatusResponse>,
): Promise<gateway.CommitStatusResponse> {
  const bytes = call.request.getRequest_asU8();
  const request = parse(gateway.CommitStatusRequest, bytes, 'commit status request');
  membership.authenticate({
    creator: request.getIdentity_asU8(),
    bytes,
    signature: call.request.getSignature_asU8(),
  });
  if (request.getChannelId() !== network.channel)
    throw new SoloError('PROPOSAL_REFUSED', `channel ${request.getChannelId()} is unknown`);
  const waiting = new AbortController();
  call.once('cancelled', () => waiting.abort());
  const { block, code } = await chain.whenCommitted(request.getTransactionId(), waiting.signal);
  return fill(new gateway.CommitStatusResponse(), (reply) => {
    reply.setResult(code as peer.TxValidationCodeMap[keyof peer.TxValidationCodeMap]);
    reply.setBlockNumber(block);
  });
}

function checkedProposal(context: ServiceContext, signed: peer.SignedProposal | undefined): Proposal {
  const { network, membership, clock } = context;
  return checkProposal(present(signed, 'proposed transaction'), {
    channel: network.channel,
    membership,
    clock,
  });
}

async function run({ network, chain, chaincode }: ServiceContext, proposal: Proposal): Promise<RunResult> {
  if (proposal.chaincode !== network.chaincode.name)
    throw new SoloError('PROPOSAL_REFUSED', `chaincode ${proposal.chaincode} not found`);
  if (chain.find(proposal.txId) !== undefined)
    throw new SoloError('TRANSACTION_DUPLICATE', `duplicate transaction found [${proposal.txId}]`);
  return chaincode.run(proposal, chain.view());
}

function endorsersFor({ network }: ServiceContext, mspIds: readonly string[]): SigningIdentity[] {
  const peers = network.organizations.map(({ peer: identity }) => identity);
  if (mspIds.length === 0) return peers;
  const unknown = mspIds.find((mspId) => !peers.some((identity) => identity.mspId === mspId));
  if (unknown !== undefined)
    throw new SoloError('PROPOSAL_REFUSED', `no peer of ${unknown} serves this channel`);
  return peers.filter((identity) => mspIds.includes(identity.mspId));
}

function succeeded(response: peer.Response): boolean {
  return response.getStatus() >= 200 && response.getStatus() < 400;
}

function chaincodeMessage(response: peer.Response): string {
  return `chaincode response ${response.getStatus()}, ${response.getMessage()}`;
}

function notEndorsed(context: ServiceContext, message: string): ServiceFailure {
  const text = 'failed to endorse transaction, see attached details for more info';
  return new ServiceFailure(detailedStatus(status.ABORTED, text, { mspId: localMspId(context), message }));
}

/** The organisation whose peer a client is told of. */
function localMspId({ network }: ServiceContext): string {
  return network.organizations[0]?.mspId ?? '';
}

class ServiceFailure extends Error {
  readonly reply: ReturnType<typeof statusOf>;

  constructor(reply: ReturnType<typeof statusOf>) {
    super(reply.details);
    this.reply = reply;
  }
}

function unary<Request, Response>(
  { log }: ServiceContext,
  work: (call: ServerUnaryCall<Request, Response>) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  const reply = async (
    call: ServerUnaryCall<Request, Response>,
    callback: sendUnaryData<Response>,
  ): Promise<void> => {
    try {
      callback(null, await work(call));
    } catch (error) {
      callback(replyTo(error, log));
    }
  };
  return (call, callback) => void reply(call, callback); // whatever fails is told to the client
}

function replyTo(error: unknown, log: Log): ReturnType<typeof statusOf> {
  if (error instanceof ServiceFailure) return error.reply;
  if (!(error instanceof SoloError)) log('error', { message: textOf(error) });
  return statusOf(error);
}
