import { createHash } from 'node:crypto';
import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js';
import { concat, noteSigner, signNote, verifierKey } from '../../evidence/src/index.ts';
import { policyOf } from '../../evidence/test/proof.ts';
import { type CorpusCase, corpusCase, type Shelf } from './case.ts';

const origin = 'medseal.org/log/hospital-a';
const { Point } = ed25519;
const order = Point.Fn.ORDER;

/** Signatures on which Ed25519 verifiers are known to differ: the owner of a log must not choose who accepts them. */
export function ed25519Cases({ channel, log, valid }: Shelf): CorpusCase[] {
  const text = valid.checkpoint.slice(0, valid.checkpoint.indexOf('\n\n') + 1);
  const signed = (name: string, publicKey: Uint8Array, sign: (message: Uint8Array) => Uint8Array) => {
    const key = verifierKey(origin, publicKey);
    const logs = [{ organizationId: 'hospital-a', mspId: 'HospitalAMSP', verifierKeys: [key] }];
    const checkpoint = signNote(text, noteSigner(origin, publicKey, sign));
    const policy = JSON.stringify(policyOf(channel, log, { logs }));
    return corpusCase(`Ed25519: ${name}`, { ...valid, checkpoint }, policy, expectations[name]);
  };
  const scalar = 0x1234567890abcdefn;
  const base = Point.BASE.multiply(scalar);
  const torsion = Point.fromHex(ED25519_TORSION_SUBGROUP[1] as string);
  const mixed = base.add(torsion);
  const plain = (message: Uint8Array) =>
    signature({ key: base, nonce: Point.BASE.multiply(7n), scalar, message });
  return [
    signed('plain', base.toBytes(), plain),
    signed('nonce of mixed order', base.toBytes(), (message) =>
      signature({ key: base, nonce: Point.BASE.multiply(7n).add(torsion), scalar, message }),
    ),
    signed('key of mixed order', mixed.toBytes(), (message) =>
      signature({ key: mixed, nonce: Point.BASE.multiply(7n), scalar, message }),
    ),
    signed('S beyond the order', base.toBytes(), (message) => {
      const bytes = plain(message);
      return concat(bytes.subarray(0, 32), little(fromLittle(bytes.subarray(32)) + order));
    }),
    ...ED25519_TORSION_SUBGROUP.map((point, at) =>
      signed(`key of small order ${at}`, Buffer.from(point, 'hex'), () =>
        concat(Buffer.from(point, 'hex'), new Uint8Array(32)),
      ),
    ),
    signed('key that is no point', new Uint8Array(32).fill(2), plain),
    signed('key not canonical', Buffer.from(`ee${'ff'.repeat(30)}7f`, 'hex'), plain),
  ];
}

// A key of mixed order may fit one message in eight; there only agreement counts.
const expectations: Record<string, 'valid' | 'tampered NOTE_SIGNATURE_INVALID'> = {
  plain: 'valid',
  'nonce of mixed order': 'tampered NOTE_SIGNATURE_INVALID',
  'S beyond the order': 'tampered NOTE_SIGNATURE_INVALID',
};

type Question = { key: typeof Point.BASE; nonce: typeof Point.BASE; scalar: bigint; message: Uint8Array };

/** R ‖ S with S = 7 + H(R ‖ A ‖ M)·a. */
function signature({ key, nonce, scalar, message }: Question): Uint8Array {
  const r = nonce.toBytes();
  const digest = createHash('sha512')
    .update(concat(r, key.toBytes(), message))
    .digest();
  return concat(r, little((7n + (fromLittle(digest) % order) * scalar) % order));
}

function fromLittle(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

function little(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, at) => Number((value >> BigInt(8 * at)) & 255n));
}
