import common, { type MetadataSignature } from '@hyperledger/fabric-protos/lib/common/common_pb.js';
import { concat } from './bytes.ts';
import { refusal } from './errors.ts';
import type { Block } from './fabric-block.ts';
import { decodeExactly, present } from './fabric-decode.ts';
import { type Identity, identify, identifyMember } from './fabric-msp.ts';
import type { ChannelTrust } from './fabric-trust.ts';
import { verifyP256 } from './p256.ts';

const maxSignatures = 256;

type SignedBlock = { block: Block; trust: ChannelTrust; atTime: number | undefined; value: Uint8Array };

/**
 * Checks the orderers' signatures under the configuration `trust`, and that they were made under it: the number of
 * the last configuration block is read from the signed part of the metadata only. Returns the signers.
 */
export function verifyOrdererSignatures(
  block: Block,
  trust: ChannelTrust,
  { atTime, lastConfig }: { atTime: number | undefined; lastConfig: number },
): Identity[] {
  const metadata = decodeExactly(
    common.Metadata,
    block.metadata[0] ?? new Uint8Array(0),
    'BLOCK_SIGNATURES_MALFORMED',
  );
  const value = metadata.getValue_asU8();
  const signatures = metadata.getSignaturesList();
  if (signatures.length > maxSignatures) throw refusal('BLOCK_SIGNATURES_MALFORMED', 'too many signatures');
  const signed = { block, trust, atTime, value };
  const signers =
    trust.ordering.kind === 'bft' ? quorumSigners(signed, signatures) : singleSigners(signed, signatures);
  // After the signatures: before them nothing in the metadata is worth reading.
  const orderer = decodeExactly(common.OrdererBlockMetadata, value, 'BLOCK_SIGNATURES_MALFORMED');
  if (present(orderer.getLastConfig(), 'BLOCK_SIGNATURES_MALFORMED').getIndex() !== lastConfig) {
    throw refusal('BLOCK_LAST_CONFIG', 'signed under another configuration');
  }
  return signers;
}

function singleSigners(signed: SignedBlock, signatures: readonly MetadataSignature[]): Identity[] {
  if (signatures.length === 0) throw refusal('ORDERER_QUORUM', 'no orderer signed');
  return signatures.map((signature) => {
    if (signature.getIdentifierHeader_asU8().length > 0) {
      throw refusal('BLOCK_SIGNATURES_MALFORMED', 'a numbered signer on a channel without BFT');
    }
    const bytes = signature.getSignatureHeader_asU8();
    const header = decodeExactly(common.SignatureHeader, bytes, 'BLOCK_SIGNATURES_MALFORMED');
    const signer = identify(signed.trust.ordererMsps, header.getCreator_asU8(), signed.atTime);
    return requireSignature(signed, { signer, header: bytes, signature: signature.getSignature_asU8() });
  });
}

function quorumSigners(signed: SignedBlock, signatures: readonly MetadataSignature[]): Identity[] {
  const { ordering, ordererMsps } = signed.trust;
  if (ordering.kind !== 'bft') throw refusal('CONFIG_MALFORMED', 'not a BFT channel');
  const signers = new Map<number, Identity>();
  for (const signature of signatures) {
    const { identifier, header } = identifierOf(signature);
    const consenter = ordering.consenters.get(identifier);
    if (consenter === undefined) throw refusal('ORDERER_UNKNOWN', 'not one of the consenters');
    if (signers.has(identifier)) throw refusal('BLOCK_SIGNATURES_MALFORMED', 'a consenter signed twice');
    const signer = identifyMember(ordererMsps, consenter, signed.atTime);
    signers.set(
      identifier,
      requireSignature(signed, { signer, header, signature: signature.getSignature_asU8() }),
    );
  }
  if (signers.size < ordering.quorum) {
    throw refusal('ORDERER_QUORUM', `${signers.size} of the ${ordering.quorum} signatures it takes`);
  }
  return [...signers.values()];
}

function identifierOf(signature: MetadataSignature): { identifier: number; header: Uint8Array } {
  const header = signature.getIdentifierHeader_asU8();
  if (header.length === 0 || signature.getSignatureHeader_asU8().length > 0) {
    throw refusal('BLOCK_SIGNATURES_MALFORMED', 'a BFT signature names its consenter by number only');
  }
  const parsed = decodeExactly(common.IdentifierHeader, header, 'BLOCK_SIGNATURES_MALFORMED');
  return { identifier: parsed.getIdentifier(), header };
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
