import { common, peer } from '@hyperledger/fabric-protos';
import type { SigningIdentity } from './identity.ts';
import type { OwnEndorsements } from './own-endorsements.ts';
import { headerOfPair, type Proposal, proposalHash } from './proposal.ts';
import { encode, fill } from './protobuf.ts';

/** What running the chaincode gave. */
export type Execution = { response: peer.Response; event: Uint8Array; results: Uint8Array };

/**
 * The transaction a client is to sign: the execution endorsed by each peer's own key. The chaincode ran once; all keys
 * lie in this process, so that running it once per key would show nothing more.
 */
export function endorsedEnvelope(
  proposal: Proposal,
  execution: Execution,
  by: {
    chaincode: { name: string; version: string };
    endorsers: readonly SigningIdentity[];
    ownEndorsements: OwnEndorsements;
  },
): common.Envelope {
  const payload = encode(new peer.ProposalResponsePayload(), (message) => {
    message.setProposalHash(proposalHash(proposal));
    message.setExtension$(chaincodeAction(execution, by.chaincode));
  });
  const action = fill(new peer.ChaincodeEndorsedAction(), (message) => {
    message.setProposalResponsePayload(payload);
    message.setEndorsementsList(
      by.endorsers.map((endorser) => endorsement(payload, endorser, by.ownEndorsements)),
    );
  });
  const transaction = encode(new peer.Transaction(), (message) => {
    message.setActionsList([
      fill(new peer.TransactionAction(), (entry) => {
        entry.setHeader(proposal.signatureHeader);
        entry.setPayload(
          encode(new peer.ChaincodeActionPayload(), (content) => {
            content.setChaincodeProposalPayload(proposal.storedPayload);
            content.setAction(action);
          }),
        );
      }),
    ]);
  });
  return fill(new common.Envelope(), (envelope) =>
    envelope.setPayload(
      encode(new common.Payload(), (message) => {
        message.setHeader(headerOfPair(proposal));
        message.setData(transaction);
      }),
    ),
  );
}

function chaincodeAction(execution: Execution, chaincode: { name: string; version: string }): Uint8Array {
  return encode(new peer.ChaincodeAction(), (action) => {
    action.setResults(execution.results);
    action.setEvents(execution.event);
    action.setResponse(execution.response);
    action.setChaincodeId(
      fill(new peer.ChaincodeID(), (id) => {
        id.setName(chaincode.name);
        id.setVersion(chaincode.version);
      }),
    );
  });
}

/** A peer signs ProposalResponsePayload ‖ endorser. */
function endorsement(payload: Uint8Array, endorser: SigningIdentity, own: OwnEndorsements): peer.Endorsement {
  const signed = Buffer.concat([payload, endorser.serialized]);
  const signature = endorser.sign(signed);
  own.remember(signed, signature);
  return fill(new peer.Endorsement(), (message) => {
    message.setEndorser(endorser.serialized);
    message.setSignature(signature);
  });
}
