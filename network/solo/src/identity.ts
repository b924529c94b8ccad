import { createPrivateKey, randomBytes } from 'node:crypto';
import { common, msp } from '@hyperledger/fabric-protos';
import { encode } from './protobuf.ts';
import { signLowS } from './signature.ts';

/** A key with its certificate in an MSP, as it stands in signature headers. */
export type SigningIdentity = {
  readonly mspId: string;
  readonly certificatePem: string;
  /** SerializedIdentity{mspid, PEM}. */
  readonly serialized: Uint8Array;
  sign(bytes: Uint8Array): Uint8Array;
};

export function signingIdentity(mspId: string, pem: { certificate: string; key: string }): SigningIdentity {
  const key = createPrivateKey(pem.key);
  return {
    mspId,
    certificatePem: pem.certificate,
    serialized: serializedIdentity(mspId, pem.certificate),
    sign: (bytes) => signLowS(key, bytes),
  };
}

export function serializedIdentity(mspId: string, certificatePem: string): Uint8Array {
  return encode(new msp.SerializedIdentity(), (identity) => {
    identity.setMspid(mspId);
    identity.setIdBytes(Buffer.from(certificatePem));
  });
}

/** A signature header with a fresh nonce of 24 bytes (Fabric's crypto.NonceSize). */
export function signatureHeader(creator: Uint8Array): Uint8Array {
  return encode(new common.SignatureHeader(), (header) => {
    header.setCreator(creator);
    header.setNonce(randomBytes(24));
  });
}
