import { common } from '@hyperledger/fabric-protos';
import type { SigningIdentity } from '../identity.ts';
import { signatureHeader } from '../identity.ts';
import { encode, fill, present } from '../protobuf.ts';
import { derInteger, derSequence, hex, sha256 } from '../signature.ts';

/** Positions in a block's metadata (common.BlockMetadataIndex). */
export const metadataIndex = { signatures: 0, transactionsFilter: 2 } as const;

export type BlockParts = { number: number; previousHash: Uint8Array; envelopes: readonly Uint8Array[] };

/** A block with its header and data, five empty metadata fields. */
export function unsignedBlock({ number, previousHash, envelopes }: BlockParts): common.Block {
  return fill(new common.Block(), (block) => {
    block.setHeader(
      fill(new common.BlockHeader(), (header) => {
        header.setNumber(number);
        header.setPreviousHash(previousHash);
        header.setDataHash(sha256(...envelopes));
      }),
    );
    block.setData(fill(new common.BlockData(), (content) => content.setDataList([...envelopes])));
    block.setMetadata(
      fill(new common.BlockMetadata(), (metadata) =>
        metadata.setMetadataList(Array.from({ length: 5 }, () => new Uint8Array())),
      ),
    );
  });
}

/** Builds the next block: signed by the orderer as under Raft, with what validation said about each transaction. */
export function signedBlock(
  parts: BlockParts & { codes: Uint8Array; orderer: SigningIdentity },
): common.Block {
  const block = unsignedBlock(parts);
  const value = encode(new common.OrdererBlockMetadata(), (metadata) =>
    metadata.setLastConfig(fill(new common.LastConfig(), (config) => config.setIndex(0))),
  );
  const header = signatureHeader(parts.orderer.serialized);
  const signature = parts.orderer.sign(Buffer.concat([value, header, headerBytes(headerOf(block))]));
  const signatures = encode(new common.Metadata(), (metadata) => {
    metadata.setValue(value);
    metadata.setSignaturesList([
      fill(new common.MetadataSignature(), (entry) => {
        entry.setSignatureHeader(header);
        entry.setSignature(signature);
      }),
    ]);
  });
  const metadata = present(block.getMetadata(), 'block metadata');
  const list = metadata.getMetadataList_asU8();
  list[metadataIndex.signatures] = signatures;
  list[metadataIndex.transactionsFilter] = parts.codes;
  metadata.setMetadataList(list);
  return block;
}

/** The header as it is hashed and signed: DER SEQUENCE{number, previous_hash, data_hash} (protoutil/blockutils.go). */
export function headerBytes(header: common.BlockHeader): Uint8Array {
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(header.getNumber()));
  return derSequence([
    derInteger(number),
    octets(header.getPreviousHash_asU8()),
    octets(header.getDataHash_asU8()),
  ]);
}

export function blockHash(block: common.Block): Uint8Array {
  return sha256(headerBytes(headerOf(block)));
}

export function headerOf(block: common.Block): common.BlockHeader {
  return present(block.getHeader(), 'block header');
}

export function envelopesOf(block: common.Block): Uint8Array[] {
  return present(block.getData(), 'block data').getDataList_asU8();
}

/** One validation code per transaction. */
export function codesOf(block: common.Block): Uint8Array {
  return (
    present(block.getMetadata(), 'block metadata').getMetadataList_asU8()[metadataIndex.transactionsFilter] ??
    new Uint8Array()
  );
}

/** The id a transaction must carry: hex of SHA-256(nonce ‖ creator). */
export function transactionId(nonce: Uint8Array, creator: Uint8Array): string {
  return hex(sha256(nonce, creator));
}

function octets(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from([0x04, bytes.length, ...bytes]);
}
