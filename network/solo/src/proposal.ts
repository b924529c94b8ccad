import { common, peer } from '@hyperledger/fabric-protos';
import { transactionId } from './blocks/block.ts';
import { type Clock, withinWindow } from './clock.ts';
import { SoloError } from './errors.ts';
import type { Membership, Principal } from './membership.ts';
import { encode, fill, parse, present } from './protobuf.ts';
import { sha256 } from './signature.ts';

/** A proposal that passed a peer's checks. */
export type Proposal = {
  signed: peer.SignedProposal;
  txId: string;
  chaincode: string;
  input: peer.ChaincodeInput;
  timestamp: { seconds: number; nanos: number };
  creator: Principal;
  channelHeader: Uint8Array;
  signatureHeader: Uint8Array;
  /** ChaincodeProposalPayload without the transient map: what is stored and hashed (protoutil GetProposalHash1). */
  storedPayload: Uint8Array;
};

export type ProposalChecks = { channel: string; membership: Membership; clock: Clock };

/** Checks a proposal as a peer does before it runs anything (core/endorser). */
export function checkProposal(signed: peer.SignedProposal, checks: ProposalChecks): Proposal {
  const bytes = signed.getProposalBytes_asU8();
  const proposal = parse(peer.Proposal, bytes, 'proposal');
  const headers = openHeaders(parse(common.Header, proposal.getHeader_asU8(), 'proposal header'), checks);
  const creator = checks.membership.authenticate({
    creator: headers.creator,
    bytes,
    signature: signed.getSignature_asU8(),
  });
  const payload = parse(peer.ChaincodeProposalPayload, proposal.getPayload_asU8(), 'proposal payload');
  const invocation = parse(peer.ChaincodeInvocationSpec, payload.getInput_asU8(), 'chaincode input');
  const spec = present(invocation.getChaincodeSpec(), 'chaincode specification');
  const input = present(spec.getInput(), 'chaincode input');
  if (spec.getChaincodeId()?.getName() !== headers.chaincode)
    throw new SoloError('PROPOSAL_REFUSED', 'the proposal names two chaincodes');
  if (input.getIsInit()) throw new SoloError('PROPOSAL_REFUSED', 'the chaincode needs no initialisation');
  const { txId, chaincode, timestamp, channelHeader, signatureHeader } = headers;
  const storedPayload = encode(new peer.ChaincodeProposalPayload(), (kept) =>
    kept.setInput(payload.getInput_asU8()),
  );
  return {
    signed,
    txId,
    chaincode,
    input,
    timestamp,
    creator,
    channelHeader,
    signatureHeader,
    storedPayload,
  };
}

/** SHA-256(channel_header ‖ signature_header ‖ payload as stored). */
export function proposalHash(
  proposal: Pick<Proposal, 'channelHeader' | 'signatureHeader' | 'storedPayload'>,
): Uint8Array {
  return sha256(proposal.channelHeader, proposal.signatureHeader, proposal.storedPayload);
}

export type Headers = {
  txId: string;
  creator: Uint8Array;
  chaincode: string;
  timestamp: { seconds: number; nanos: number };
  channelHeader: Uint8Array;
  signatureHeader: Uint8Array;
};

/** Checks the pair of headers every endorsed transaction carries; the caller checks the signature. */
export function openHeaders(
  header: common.Header,
  { channel, clock }: { channel: string; clock: Clock },
): Headers {
  const channelHeader = header.getChannelHeader_asU8();
  const signatureHeader = header.getSignatureHeader_asU8();
  const open = parse(common.ChannelHeader, channelHeader, 'channel header');
  const signer = parse(common.SignatureHeader, signatureHeader, 'signature header');
  const [creator, nonce] = [signer.getCreator_asU8(), signer.getNonce_asU8()];
  const extension = parse(
    peer.ChaincodeHeaderExtension,
    open.getExtension_asU8(),
    'channel header extension',
  );
  const timestamp = present(open.getTimestamp(), 'timestamp');
  const problem = [
    [
      open.getType() !== common.HeaderType.ENDORSER_TRANSACTION,
      'the header is not that of an endorsed transaction',
    ],
    [open.getChannelId() !== channel, `channel ${JSON.stringify(open.getChannelId())} is unknown`],
    [open.getEpoch() !== 0, 'the epoch must be 0'],
    [nonce.length === 0 || creator.length === 0, 'nonce or creator is missing'],
    [open.getTxId() !== transactionId(nonce, creator), 'the transaction id is not that of nonce and creator'],
    [!withinWindow(timestamp.toDate(), clock.now()), 'the timestamp is more than 15 minutes off'],
  ].find(([failed]) => failed);
  if (problem !== undefined) throw new SoloError('PROPOSAL_REFUSED', String(problem[1]));
  return {
    txId: open.getTxId(),
    creator,
    chaincode: extension.getChaincodeId()?.getName() ?? '',
    timestamp: { seconds: timestamp.getSeconds(), nanos: timestamp.getNanos() },
    channelHeader,
    signatureHeader,
  };
}

/** Common.Header of two serialised headers. */
export function headerOfPair(pair: {
  channelHeader: Uint8Array;
  signatureHeader: Uint8Array;
}): common.Header {
  return fill(new common.Header(), (header) => {
    header.setChannelHeader(pair.channelHeader);
    header.setSignatureHeader(pair.signatureHeader);
  });
}
