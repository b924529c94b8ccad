import { concat } from './bytes.ts';
import { refusal } from './errors.ts';
import type { Block } from './fabric-block.ts';
import {
  identifierHeader,
  type MetadataSignature,
  metadataMessage,
  ordererMetadata,
  signatureHeader as signatureHeaderMessage,
} from './fabric-messages.ts';
import { type Identity, identify, identifyMember, type ValidityTime } from './fabric-msp.ts';
import type { ChannelTrust } from './fabric-trust.ts';
import { verifyP256 } from './p256.ts';
import { present, readMessage } from './protobuf.ts';

const maxSignatures = 256;

type SignedBlock = { block: Block; trust: ChannelTrust; atTime: ValidityTime; value: Uint8Array };

/**
 * Checks the orderers' signatures under the configuration `trust`, and that they were made under it: the number of
 * the last configuration block is read from the signed part of the metadata only. Returns the signers.
 */
export function verifyOrdererSignatures(
  block: Block,
  trust: ChannelTrust,
  { atTime, lastConfig }: { atTime: ValidityTime; lastConfig: number },
): Identity[] {
  const { value, signatures } = readMessage(metadataMessage, block.metadata[0] ?? new Uint8Array(0), {
    code: 'BLOCK_SIGNATURES_MALFORMED',
  });
  if (signatures.length > maxSignatures) throw refusal('BLOCK_SIGNATURES_MALFORMED', 'too many signatures');
  const signed = { block, trust, atTime, value };
  const signers =
    trust.ordering.kind === 'bft' ? quorumSigners(signed, signatures) : singleSigners(signed, signatures);
  // After the signatures: before them nothing in the metadata is worth reading.
  const stated = readMessage(ordererMetadata, value, { code: 'BLOCK_SIGNATURES_MALFORMED' }).lastConfig;
  if (present(stated, 'BLOCK_SIGNATURES_MALFORMED').index !== lastConfig) {
    throw refusal('BLOCK_LAST_CONFIG', 'signed under another configuration');
  }
  return signers;
}

function singleSigners(signed: SignedBlock, signatures: readonly MetadataSignature[]): Identity[] {
  if (signatures.length === 0) throw refusal('ORDERER_QUORUM', 'no orderer signed');
  return signatures.map(({ signatureHeader, signature, identifierHeader: numbered }) => {
    if (numbered.length > 0) {
      throw refusal('BLOCK_SIGNATURES_MALFORMED', 'a numbered signer on a channel without BFT');
    }
    const { creator } = readMessage(signatureHeaderMessage, signatureHeader, {
      code: 'BLOCK_SIGNATURES_MALFORMED',
    });
    const signer = identify(signed.trust.ordererMsps, creator, { atTime: signed.atTime });
    return requireSignature(signed, { signer, header: signatureHeader, signature });
  });
}

function quorumSigners(signed: SignedBlock, signatures: readonly MetadataSignature[]): Identity[] {
  const { ordering, ordererMsps } = signed.trust;
  if (ordering.kind !== 'bft') throw refusal('CONFIG_MALFORMED', 'not a BFT channel');
  const signers = new Map<number, Identity>();
  for (const entry of signatures) {
    const { identifier, header } = identifierOf(entry);
    const consenter = ordering.consenters.get(identifier);
    if (consenter === undefined) throw refusal('ORDERER_UNKNOWN', 'not one of the consenters');
    if (signers.has(identifier)) throw refusal('BLOCK_SIGNATURES_MALFORMED', 'a consenter signed twice');
    const signer = identifyMember(ordererMsps, consenter, signed.atTime);
    signers.set(identifier, requireSignature(signed, { signer, header, signature: entry.signature }));
  }
  if (signers.size < ordering.quorum) {
    throw refusal('ORDERER_QUORUM', `${signers.size} of the ${ordering.quorum} signatures it takes`);
  }
  return [...signers.values()];
}

function identifierOf({ signatureHeader, identifierHeader: header }: MetadataSignature): {
  identifier: number;
  header: Uint8Array;
} {
  if (header.length === 0 || signatureHeader.length > 0) {
    throw refusal('BLOCK_SIGNATURES_MALFORMED', 'a BFT signature names its consenter by number only');
  }
  const { identifier } = readMessage(identifierHeader, header, { code: 'BLOCK_SIGNATURES_MALFORMED' });
  return { identifier, header };
}

type OrdererSignature = { signer: Identity; header: Uint8Array; signature: Uint8Array };

function requireSignature(
  { block, value }: SignedBlock,
  { signer, header, signature }: OrdererSignature,
): Identity {
  if (signer.role !== 'orderer') throw refusal('ORDERER_ROLE', `signed by a ${signer.role}`);
  const message = concat(value, header, block.headerBytes);
  if (!verifyP256(signer.certificate.key, message, signature, { lowS: true })) {
    throw refusal('ORDERER_SIGNATURE', 'does not verify');
  }
  return signer;
}
