import { concat, hex } from './bytes.ts';
import { refusal } from './errors.ts';
import type { Block } from './fabric-block.ts';
import {
  identifierHeader,
  type MetadataSignature,
  metadataMessage,
  ordererMetadata,
  signatureHeader as signatureHeaderMessage,
} from './fabric-messages.ts';
import { type Identity, identify, identifyMember, isSignedBy, type ValidityTime } from './fabric-msp.ts';
import { type NamedSigner, signersOf } from './fabric-signers.ts';
import type { ChannelTrust } from './fabric-trust.ts';
import { present, readMessage } from './protobuf.ts';

type SignedBlock = { block: Block; trust: ChannelTrust; atTime: ValidityTime; value: Uint8Array };

const code = 'BLOCK_SIGNATURES_MALFORMED';
// Nobody signs how the metadata is written, and who orders may hand them on in any spelling.
const how = { code, spelling: 'any' } as const;

/**
 * Checks the orderers' signatures under the configuration `trust`, and that they were made under it: the number of
 * the last configuration block is read from the signed part of the metadata only. A signature that does not hold counts for
 * nothing, as for Fabric's peers: any single orderer can add some to the blocks that it hands on. Returns the signers.
 */
export function verifyOrdererSignatures(
  block: Block,
  trust: ChannelTrust,
  { atTime, lastConfig }: { atTime: ValidityTime; lastConfig: number },
): Identity[] {
  const { value, signatures } = readMessage(metadataMessage, block.metadata[0] ?? new Uint8Array(0), how);
  const signed = { block, trust, atTime, value };
  const signerOf = trust.ordering.kind === 'bft' ? numbered : single;
  const { signers, fault } = signersOf(signatures, (entry) => signerOf(signed, entry));
  const quorum = trust.ordering.kind === 'bft' ? trust.ordering.quorum : 1;
  if (signers.length < quorum)
    throw fault ?? refusal('ORDERER_QUORUM', `${signers.length} of the ${quorum} signatures it takes`);
  // After the signatures: before them nothing in the metadata is worth reading.
  const stated = readMessage(ordererMetadata, value, how).lastConfig;
  if (present(stated, code).index !== lastConfig) {
    throw refusal('BLOCK_LAST_CONFIG', 'signed under another configuration');
  }
  return signers;
}

/** Without BFT an orderer's whole identity stands beside its signature. */
function single(signed: SignedBlock, entry: MetadataSignature): NamedSigner {
  if (entry.identifierHeader.length > 0) throw refusal(code, 'a numbered signer on a channel without BFT');
  const header = entry.signatureHeader;
  const { creator } = readMessage(signatureHeaderMessage, header, how);
  const { trust, atTime } = signed;
  const { signature } = entry;
  return {
    name: hex(creator),
    verified: () =>
      requireSignature(signed, { signer: identify(trust.ordererMsps, creator, atTime), header, signature }),
  };
}

/** Under BFT it is the consenter of that number in the configuration. */
function numbered(signed: SignedBlock, entry: MetadataSignature): NamedSigner {
  const { ordering, ordererMsps } = signed.trust;
  const { signature } = entry;
  const header = entry.identifierHeader;
  if (ordering.kind !== 'bft' || header.length === 0 || entry.signatureHeader.length > 0)
    throw refusal(code, 'a BFT signature names its consenter by number only');
  const { identifier } = readMessage(identifierHeader, header, how);
  const consenter = ordering.consenters.get(identifier);
  if (consenter === undefined) throw refusal('ORDERER_UNKNOWN', 'not one of the consenters');
  return {
    name: String(identifier),
    verified: () =>
      requireSignature(signed, {
        signer: identifyMember(ordererMsps, consenter, signed.atTime),
        header,
        signature,
      }),
  };
}

type OrdererSignature = { signer: Identity; header: Uint8Array; signature: Uint8Array };

function requireSignature(
  { block, value }: SignedBlock,
  { signer, header, signature }: OrdererSignature,
): Identity {
  if (!signer.roles.includes('orderer')) throw refusal('ORDERER_ROLE', `signed by a ${signer.roles.join()}`);
  const message = concat(value, header, block.headerBytes);
  if (!isSignedBy(signer, message, signature)) {
    throw refusal('ORDERER_SIGNATURE', 'does not verify');
  }
  return signer;
}
