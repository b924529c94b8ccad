import { generateKeyPairSync, sign } from 'node:crypto';
import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { describe, expect, test } from 'vitest';
import { base64, concat, fromBase64, fromHex, hex, utf8 } from './bytes.ts';
import {
  formatCheckpoint,
  noteSigner,
  openNote,
  parseCheckpoint,
  parseVerifierKey,
  signNote,
  verifierKey,
  verifyEd25519,
} from './checkpoint.ts';
import { verifyEd25519Portable } from './ed25519-portable.ts';
import { rootHash } from './merkle.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const raw = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
const name = 'medseal.org/log/hospital-a';
const signer = noteSigner(name, raw, (text) => new Uint8Array(sign(null, text, privateKey)));
const verifier = parseVerifierKey(verifierKey(name, raw));
const checkpoint = { origin: name, treeSize: 13, rootHash: rootHash([]) };
const text = formatCheckpoint(checkpoint);
const note = signNote(text, signer);

describe('a signed note', () => {
  test('of the C2SP and Go example opens under its published key', () => {
    const published = parseVerifierKey('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');
    const example =
      "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n" +
      '\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';

    expect(openNote(example, [published]).verifiedBy).toEqual(['PeterNeumann']);
    expect(() => openNote(example.replace('answer', 'Answer'), [published])).toThrowError(
      'NOTE_SIGNATURE_INVALID',
    );
  });

  test('gives back its text and says whose signature held', () => {
    expect(openNote(note, [verifier])).toEqual({ text, verifiedBy: [name] });
  });

  test('is not signed by nobody that is known', () => {
    const other = parseVerifierKey(verifierKey('medseal.org/log/hospital-b', raw));

    expect(() => openNote(note, [])).toThrowError('NOTE_NOT_SIGNED');
    expect(() => openNote(note, [other])).toThrowError('NOTE_NOT_SIGNED');
  });

  test('with a wrong signature under a known key is refused even beside a good one of another', () => {
    const second = generateKeyPairSync('ed25519');
    const secondRaw = new Uint8Array(second.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
    const line = `— witness ${base64(concat(parseVerifierKey(verifierKey('witness', secondRaw)).keyId, new Uint8Array(64)))}\n`;

    expect(openNote(note + line, [verifier]).verifiedBy).toEqual([name]);
    const both = [verifier, parseVerifierKey(verifierKey('witness', secondRaw))];
    expect(() => openNote(note + line, both)).toThrowError('NOTE_SIGNATURE_INVALID');
  });

  test('signed by an old and a new key of one name opens under both', () => {
    const renewed = generateKeyPairSync('ed25519');
    const renewedRaw = new Uint8Array(
      renewed.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32),
    );
    const renewedSigner = noteSigner(
      name,
      renewedRaw,
      (bytes) => new Uint8Array(sign(null, bytes, renewed.privateKey)),
    );
    const second = signNote(text, renewedSigner);
    const both = [verifier, parseVerifierKey(verifierKey(name, renewedRaw))];

    expect(openNote(note + second.slice(second.indexOf('— ')), both).verifiedBy).toEqual([name]);
    expect(openNote(second, both).verifiedBy).toEqual([name]);
  });

  test('signed twice by one key is refused', () => {
    const line = note.slice(note.indexOf('— '));

    expect(() => openNote(note + line, [verifier])).toThrowError('NOTE_INVALID');
  });

  test('with any character changed does not open', () => {
    for (let at = 0; at < note.length; at += 1) {
      for (const character of ['A', 'b', '\n', '—']) {
        if (note[at] === character) continue;
        const changed = note.slice(0, at) + character + note.slice(at + 1);
        expect(() => openNote(changed, [verifier])).toThrowError(
          /NOTE_(INVALID|NOT_SIGNED|SIGNATURE_INVALID)/,
        );
      }
    }
  });

  test('that is malformed or oversized is refused', () => {
    for (const bad of [
      '',
      '\n',
      text,
      `${text}\n`,
      `${text}\n— ${name}\n`,
      `${text}\n— ${name} AAAA\n`,
      `${text}\n- ${name} ${base64(new Uint8Array(68))}\n`,
      note.slice(0, -1),
      note.replace('\n13\n', '\n13\r\n'),
      `${text}\n${'— x AAAAAAAA\n'.repeat(17)}`,
      `${'x'.repeat(20_000)}\n\n— x AAAAAAAA\n`,
    ]) {
      expect(() => openNote(bad, [verifier])).toThrowError('NOTE_INVALID');
    }
    expect(() => signNote('no line feed', signer)).toThrowError('NOTE_INVALID');
    expect(() => signNote('bell\u0007\n', signer)).toThrowError('NOTE_INVALID');
    expect(() => signNote(text, { ...signer, sign: () => new Uint8Array(63) })).toThrowError('NOTE_INVALID');
  });
});

describe('a verifier key', () => {
  test('is refused when its id, type or form is wrong', () => {
    const vkey = verifierKey(name, raw);
    const [, id = '', encoded = ''] = vkey.split('+', 2).concat(vkey.slice(vkey.lastIndexOf(id16(vkey)) + 9));
    const mldsa = base64(concat(Uint8Array.of(6), raw));
    for (const bad of [
      '',
      name,
      vkey.replace(name, 'medseal.org/log/hospital-b'),
      vkey.replace(id, '00000000'),
      vkey.replace(id, id.toUpperCase()),
      `${name}+${id}+${mldsa}`,
      `${name}+${id}+${base64(raw)}`,
      `a b+${id}+${encoded}`,
      `${vkey}\n`,
    ]) {
      if (bad !== vkey) expect(() => parseVerifierKey(bad)).toThrowError('VERIFIER_KEY_INVALID');
    }
    expect(() => verifierKey('a+b', raw)).toThrowError('VERIFIER_KEY_INVALID');
    expect(() => verifierKey(name, raw.subarray(1))).toThrowError('VERIFIER_KEY_INVALID');
  });
});

function id16(vkey: string): string {
  return vkey.split('+')[1] ?? '';
}

describe('a checkpoint', () => {
  test('is read back as it was written', () => {
    expect(text).toBe(`${name}\n13\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n`);
    expect(parseCheckpoint(text)).toEqual(checkpoint);
    expect(parseCheckpoint(formatCheckpoint({ ...checkpoint, treeSize: 2 ** 53 - 1 })).treeSize).toBe(
      2 ** 53 - 1,
    );
  });

  test('is refused with other lines, an absurd size or a short root', () => {
    const root = base64(rootHash([]));
    for (const bad of [
      '',
      `${name}\n13\n${root}`,
      `${name}\n13\n${root}\nextension\n`,
      `${name}\n013\n${root}\n`,
      `${name}\n+13\n${root}\n`,
      `${name}\n1e3\n${root}\n`,
      `${name}\n9007199254740992\n${root}\n`,
      `${name}\n99999999999999999999\n${root}\n`,
      `${name}\n13\n${base64(new Uint8Array(31))}\n`,
      `${name}\n13\n${root.slice(0, -1)}\n`,
      `a b\n13\n${root}\n`,
      `\n13\n${root}\n`,
    ]) {
      expect(() => parseCheckpoint(bad)).toThrowError('CHECKPOINT_INVALID');
    }
    for (const bad of [
      { treeSize: -1 },
      { treeSize: 1.5 },
      { treeSize: 2 ** 53 },
      { origin: 'a b' },
      { rootHash: new Uint8Array(31) },
    ]) {
      expect(() => formatCheckpoint({ ...checkpoint, ...bad })).toThrowError('CHECKPOINT_INVALID');
    }
  });
});

describe('Ed25519', () => {
  test('verifies the vectors of RFC 8032 §7.1', () => {
    const vectors: [key: string, message: string, signature: string][] = [
      [
        'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
        '',
        'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
      ],
      [
        '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
        '72',
        '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
      ],
      [
        'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
        'af82',
        '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
      ],
    ];
    for (const [key, message, signature] of vectors) {
      expect(verifyEd25519(fromHex(signature), fromHex(message), fromHex(key))).toBe(true);
      expect(verifyEd25519(fromHex(signature), fromHex(`${message}00`), fromHex(key))).toBe(false);
    }
  });

  test('refuses a nonce of mixed order, which verifiers with the cofactor accept and OpenSSL and Go do not', () => {
    const { Point } = ed25519;
    const order = Point.Fn.ORDER;
    const number = (bytes: Uint8Array) => BigInt(`0x${hex(bytes.slice().reverse())}`);
    const key = Point.BASE.multiply(5n).toBytes();
    const message = utf8('message');
    const signed = (nonce: Uint8Array) => {
      const challenge = number(sha512(concat(nonce, key, message))) % order;
      const scalar = ((7n + challenge * 5n) % order).toString(16).padStart(64, '0');
      return concat(nonce, fromHex(scalar).reverse());
    };
    const torsion = Point.fromHex(ED25519_TORSION_SUBGROUP[1] ?? '');
    const plain = signed(Point.BASE.multiply(7n).toBytes());
    const mixed = signed(Point.BASE.multiply(7n).add(torsion).toBytes());

    expect(verifyEd25519(plain, message, key)).toBe(true);
    expect(ed25519.verify(mixed, message, key, { zip215: false })).toBe(true);
    expect(verifyEd25519(mixed, message, key)).toBe(false);
  });

  test('refuses what is not the one signature: S beyond the order, small-order keys, points that are none', () => {
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const signature = new Uint8Array(sign(null, utf8('m'), privateKey));
    const s = [...signature.subarray(32)].reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
    const beyond = signature.slice();
    for (let at = 0, rest = s + order; at < 32; at += 1, rest /= 256n) beyond[32 + at] = Number(rest % 256n);
    const identity = concat(Uint8Array.of(1), new Uint8Array(31));
    const orderTwo = fromHex(`ec${'ff'.repeat(30)}7f`);
    const zero = new Uint8Array(64);

    expect(verifyEd25519(signature, utf8('m'), raw)).toBe(true);
    expect(verifyEd25519Portable(signature, utf8('m'), raw)).toBe(true);
    expect(verifyEd25519(beyond, utf8('m'), raw)).toBe(false);
    // Every point of small order with either sign, and every y that is written with 2^255 − 19 or more.
    const beyondPrime = Array.from(
      { length: 19 },
      (_, at) => `${(0xed + at).toString(16)}${'ff'.repeat(30)}7f`,
    );
    const bent = [...ED25519_TORSION_SUBGROUP, ...beyondPrime].map(fromHex).flatMap((key) => {
      const other = key.slice();
      other[31] = (other[31] ?? 0) ^ 0x80;
      return [key, other];
    });
    for (const key of [identity, orderTwo, new Uint8Array(32), fromHex('ff'.repeat(32)), ...bent])
      for (const forged of [zero, concat(identity, new Uint8Array(32)), concat(orderTwo, new Uint8Array(32))])
        for (const text of ['m', 'n', 'o', 'p', 'q', 'r', 's', 't']) {
          expect(verifyEd25519(forged, utf8(text), key)).toBe(false);
          expect(verifyEd25519Portable(forged, utf8(text), key)).toBe(false);
        }
    expect(verifyEd25519(signature.subarray(0, 63), utf8('m'), raw)).toBe(false);
    expect(verifyEd25519(concat(signature, Uint8Array.of(0)), utf8('m'), raw)).toBe(false);
    expect(verifyEd25519(signature, utf8('m'), raw.subarray(1))).toBe(false);
    expect(hex(fromBase64(base64(signature)))).toBe(hex(signature));
  });
});
