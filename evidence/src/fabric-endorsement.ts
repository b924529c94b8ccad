import { concat, equalBytes, hex, sha256 } from './bytes.ts';
import { attempt, EvidenceError, type EvidenceErrorCode, refusal } from './errors.ts';
import {
  type Identity,
  identify,
  identityMspId,
  isSignedBy,
  type Role,
  type ValidityTime,
} from './fabric-msp.ts';
import { type Signers, signersOf } from './fabric-signers.ts';
import type { Endorsement, Transaction } from './fabric-transaction.ts';
import type { ChannelTrust } from './fabric-trust.ts';

/**
 * Whose endorsements count and how many distinct organisations it takes. Without `organizations` every application
 * organisation of the channel counts; without `minimum` it takes more than half of those that count.
 */
export type EndorsementPolicy = { minimum?: number; organizations?: readonly string[] };

/** Who stands behind a transaction. */
export type TransactionSigners = { readonly creator: Identity; readonly endorsers: readonly Identity[] };

/**
 * Checks all signatures of a transaction: the client's over the payload, the transaction id, the binding of the
 * proposal to the response, and the endorsements. What a signature covers is taken from the bytes, never re-encoded.
 */
export function verifyTransaction(
  transaction: Transaction,
  trust: ChannelTrust,
  policy: EndorsementPolicy,
): TransactionSigners {
  requireBinding(transaction, trust.channelId);
  return {
    creator: verifyCreator(transaction, trust),
    endorsers: verifyEndorsements(transaction, trust, policy),
  };
}

/**
 * The same for a transaction that the peers committed, as they judge it: whether a certificate has ended they do not ask;
 * who endorses for an organisation is its own rule, which it changes alone; and who its client is they may know where this
 * verifier cannot judge it (names under constraints, another kind of MSP): then the organisations that endorsed it have.
 * Where it can, the client's signature has to hold.
 */
export function verifyCommitted(
  transaction: Transaction,
  trust: ChannelTrust,
  policy: EndorsementPolicy,
): void {
  requireBinding(transaction, trust.channelId);
  requireEnough(endorsersOf(transaction, trust, { atTime: undefined, role: undefined }), trust, policy);
  const creator = judgedCreator(transaction, trust);
  if (creator !== undefined) requireSignature(transaction, creator);
}

/** What one may think of otherwise than Fabric, of a certificate of an organisation that the channel has. */
const unjudged: ReadonlySet<EvidenceErrorCode> = new Set([
  'CERTIFICATE_MALFORMED',
  'IDENTITY_REVOKED',
  'IDENTITY_ROLE',
  'IDENTITY_UNTRUSTED',
]);

function judgedCreator({ creator }: Transaction, trust: ChannelTrust): Identity | undefined {
  const judged = attempt(() => identify(trust.applicationMsps, creator, undefined));
  if (!(judged instanceof EvidenceError)) return judged;
  if (unjudged.has(judged.code)) return undefined;
  throw judged;
}

/** Checks that the parts of a transaction belong together, as peers do: channel, id, proposal and response. */
export function requireBinding(transaction: Transaction, channelId: string): void {
  const { channelHeader, actionHeader, proposalPayload } = transaction;
  if (transaction.channelId !== channelId)
    throw refusal('CHANNEL_MISMATCH', 'a transaction of another channel');
  if (!hasOwnId(transaction)) throw refusal('TX_ID', 'not the hash of nonce and creator');
  if (transaction.invokedName !== transaction.chaincode.name) {
    throw refusal('TX_HEADER_MISMATCH', 'two chaincode names');
  }
  const proposalHash = sha256(concat(channelHeader, actionHeader, proposalPayload));
  if (!equalBytes(proposalHash, transaction.proposalHash)) {
    throw refusal('TX_PROPOSAL_HASH', 'the endorsers answered another proposal');
  }
  if (transaction.responseStatus < 200 || transaction.responseStatus >= 400) {
    throw refusal('TX_RESPONSE', 'the chaincode did not succeed');
  }
}

/** Whether the transaction's id is the hash of its nonce and creator. */
export function hasOwnId({ nonce, creator, txId }: Transaction): boolean {
  return nonce.length > 0 && hex(sha256(concat(nonce, creator))) === txId;
}

/**
 * Checks the client's signature and returns the client, who must be of the organisation whose proposal was endorsed: what a
 * transaction did is done in the name of the proposer, whom the endorsing peers authenticated.
 */
export function verifyCreator(transaction: Transaction, trust: ChannelTrust): Identity {
  const creator = identify(trust.applicationMsps, transaction.creator, notEnded(transaction));
  requireSignature(transaction, creator);
  if (identityMspId(transaction.proposer) !== creator.mspId)
    throw refusal('TX_HEADER_MISMATCH', 'proposed by one organisation, handed in by another');
  return creator;
}

function requireSignature({ payload, signature }: Transaction, creator: Identity): void {
  if (!isSignedBy(creator, payload, signature)) throw refusal('TX_CREATOR_SIGNATURE', 'does not verify');
}

/** How far a transaction's time may be from the clocks of the peers that endorsed it. */
const timeWindow = 15 * 60 * 1000;

/**
 * Fabric asks whether a certificate has ended, by its own clock, and never whether it has begun; the client chooses the time
 * of its transaction within the window. To ask for more would let a member commit what no verifier takes.
 */
function notEnded({ timestamp }: Pick<Transaction, 'timestamp'>): ValidityTime {
  return { notEndedBy: timestamp - timeWindow };
}

/**
 * Checks that enough distinct organisations of the policy endorsed. An endorsement that does not hold counts for nothing, as
 * for Fabric's peers: whoever hands in a transaction can add any to it, and could else make what is committed unverifiable.
 */
export function verifyEndorsements(
  transaction: Transaction,
  trust: ChannelTrust,
  policy: EndorsementPolicy,
): Identity[] {
  return requireEnough(
    endorsersOf(transaction, trust, { atTime: notEnded(transaction), role: 'peer' }),
    trust,
    policy,
  );
}

/** What is asked of an endorser beside its organisation; undefined: whenever, whoever. */
type Asked = { atTime: ValidityTime; role: Role | undefined };

function requireEnough(
  { signers: endorsers, fault }: Signers,
  trust: ChannelTrust,
  policy: EndorsementPolicy,
): Identity[] {
  const counted = policy.organizations ?? [...trust.applicationMsps.keys()];
  const minimum = policy.minimum ?? Math.floor(counted.length / 2) + 1;
  const organizations = new Set(
    endorsers.map(({ mspId }) => mspId).filter((mspId) => counted.includes(mspId)),
  );
  if (minimum < 1 || organizations.size < minimum) {
    throw (
      fault ?? refusal('ENDORSEMENT_POLICY', `${organizations.size} of the ${minimum} organisations it takes`)
    );
  }
  return endorsers;
}

function endorsersOf(transaction: Transaction, trust: ChannelTrust, { atTime, role }: Asked): Signers {
  return signersOf(transaction.endorsements, (endorsement) => ({
    name: hex(endorsement.endorser),
    verified: () => {
      const endorser = identityOf(trust, endorsement.endorser, atTime);
      if (role !== undefined && !endorser.roles.includes(role))
        throw refusal('ENDORSER_ROLE', `endorsed by a ${endorser.roles.join()}`);
      requireEndorsement(endorsement, transaction, endorser);
      return endorser;
    },
  }));
}

function requireEndorsement(
  { endorser, signature }: Endorsement,
  { responsePayload }: Pick<Transaction, 'responsePayload'>,
  signer: Identity,
): void {
  if (!isSignedBy(signer, concat(responsePayload, endorser), signature)) {
    throw refusal('ENDORSEMENT_SIGNATURE', 'does not verify');
  }
}

function identityOf(trust: ChannelTrust, endorser: Uint8Array, atTime: ValidityTime): Identity {
  try {
    return identify(trust.applicationMsps, endorser, atTime);
  } catch (cause) {
    // An organisation outside the channel cannot help to satisfy any policy.
    if (cause instanceof EvidenceError && cause.code === 'IDENTITY_UNKNOWN_MSP') {
      throw new EvidenceError('ENDORSEMENT_POLICY', { message: 'endorsed from outside the channel', cause });
    }
    throw cause;
  }
}
