import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { base64, concat, fromBase64 } from './bytes.ts';
import {
  formatCheckpoint,
  type NoteSigner,
  noteSigner,
  openNote,
  parseVerifierKey,
  signNote,
  verifierKey,
} from './checkpoint.ts';
import {
  cosign,
  cosigner,
  cosignerKey,
  openCosignatures,
  parseCosignerKey,
  requireTimely,
  witnessName,
  witnessOf,
} from './cosignature.ts';
import { rootHash } from './merkle.ts';

const keyPair = () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
  return { privateKey, raw, sign: (text: Uint8Array) => new Uint8Array(sign(null, text, privateKey)) };
};
const log = keyPair();
const other = keyPair();
const witness = keyPair();
const origin = 'medseal.org/log/hospital-a';
const name = witnessName('hospital-b');
const text = formatCheckpoint({ origin, treeSize: 13, rootHash: rootHash([]) });
const note = signNote(text, noteSigner(origin, log.raw, log.sign));
const signer = cosigner(name, witness.raw, witness.sign);
const known = parseCosignerKey(cosignerKey(name, witness.raw));
const time = 1_790_000_000;
const line = cosign(text, time, signer);

/** The line with other bytes after the key id. */
const bent = (change: (bytes: Uint8Array) => void): string => {
  const [dash = '', named = '', encoded = ''] = line.trimEnd().split(' ');
  const bytes = fromBase64(encoded);
  change(bytes);
  return `${dash} ${named} ${base64(bytes)}\n`;
};
const codeOf = (signed: string, witnesses = [known]): string => {
  try {
    openCosignatures(signed, witnesses);
    return 'accepted';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('a cosignature', () => {
  test('is one more line of the note, and the note still opens under the log key alone', () => {
    const { text: cosigned, cosignatures } = openCosignatures(note + line, [known]);

    expect(cosigned).toBe(text);
    expect(cosignatures).toEqual([{ name, time, line }]);
    const verifier = parseVerifierKey(verifierKey(origin, log.raw));
    expect(openNote(note + line, [verifier])).toEqual({ text, verifiedBy: [origin] });
  });

  test('has the bytes of C2SP tlog-cosignature, written here a second time', () => {
    const keyId = createHash('sha256')
      .update(`${name}\n`)
      .update(Uint8Array.of(4))
      .update(witness.raw)
      .digest();
    const stamp = Buffer.alloc(8);
    stamp.writeBigUInt64BE(BigInt(time));
    const signature = sign(
      null,
      Buffer.from(`cosignature/v1\ntime ${time}\n${text}`),
      witness.privateKey as KeyObject,
    );

    const encoded = Buffer.concat([keyId.subarray(0, 4), stamp, signature]).toString('base64');
    expect(line).toBe(`— ${name} ${encoded}\n`);
    expect(cosignerKey(name, witness.raw)).toBe(
      `${name}+${keyId.subarray(0, 4).toString('hex')}+${Buffer.concat([Uint8Array.of(4), witness.raw]).toString('base64')}`,
    );
  });

  test('by a member is checked with the key that follows from its registered log key', () => {
    const registered = parseVerifierKey(verifierKey('medseal.org/log/hospital-b', witness.raw));

    expect(witnessOf('hospital-b', registered)).toEqual(known);
    expect(openCosignatures(note + line, [witnessOf('hospital-b', registered)]).cosignatures).toHaveLength(1);
  });

  test('by an unknown key, under another name or of another type is ignored', () => {
    const stranger = parseCosignerKey(cosignerKey(name, other.raw));
    const renamed = parseCosignerKey(cosignerKey(witnessName('hospital-c'), witness.raw));

    for (const witnesses of [[], [stranger], [renamed]])
      expect(openCosignatures(note + line, witnesses).cosignatures).toEqual([]);
    expect(openCosignatures(note, [known]).cosignatures).toEqual([]);
    expect(() => parseCosignerKey(verifierKey(name, witness.raw))).toThrowError('VERIFIER_KEY_INVALID');
    expect(() => parseVerifierKey(cosignerKey(name, witness.raw))).toThrowError('VERIFIER_KEY_INVALID');
  });

  test('of an older checkpoint, of another log or of an altered note is refused on this one', () => {
    const at = (treeSize: number, of = origin): string =>
      formatCheckpoint({ origin: of, treeSize, rootHash: rootHash([]) });
    const elsewhere = [at(12), at(13, 'medseal.org/log/hospital-c')];

    for (const others of elsewhere)
      expect(codeOf(note + cosign(others, time, signer))).toBe('COSIGNATURE_INVALID');
    expect(codeOf(note.replace('\n13\n', '\n14\n') + line)).toBe('COSIGNATURE_INVALID');
  });

  test('whose time or any other byte was changed is refused', () => {
    for (let at = 4; at < 76; at += 1) {
      const changed = bent((bytes) => {
        bytes[at] = (bytes[at] ?? 0) ^ 1;
      });
      expect(['COSIGNATURE_INVALID', 'COSIGNATURE_TIME']).toContain(codeOf(note + changed));
    }
  });

  test('of the wrong length, or twice by one key, is refused', () => {
    const [, , encoded = ''] = line.trimEnd().split(' ');
    const bytes = fromBase64(encoded);
    for (const wrong of [bytes.subarray(0, 68), bytes.subarray(0, 75), concat(bytes, Uint8Array.of(0))])
      expect(codeOf(`${note}— ${name} ${base64(wrong)}\n`)).toBe('COSIGNATURE_INVALID');
    expect(codeOf(note + line + line)).toBe('COSIGNATURE_INVALID');
  });

  test('without a time, or with one past what a number can hold, is refused on both sides', () => {
    for (const wrong of [0, -1, 1.5, Number.NaN, Number.MAX_SAFE_INTEGER + 1])
      expect(() => cosign(text, wrong, signer)).toThrowError('COSIGNATURE_TIME');
    const zero = bent((bytes) => bytes.fill(0, 4, 12));
    const far = bent((bytes) => bytes.fill(0xff, 4, 12));
    expect(codeOf(note + zero)).toBe('COSIGNATURE_TIME');
    expect(codeOf(note + far)).toBe('COSIGNATURE_TIME');
  });

  test('from the future or from before the question can be refused', () => {
    const { cosignatures } = openCosignatures(note + line, [known]);

    expect(() => requireTimely(cosignatures, { notBefore: time, notAfter: time })).not.toThrow();
    expect(() => requireTimely(cosignatures, { notBefore: time + 1, notAfter: time + 9 })).toThrowError(
      'COSIGNATURE_TIME',
    );
    expect(() => requireTimely(cosignatures, { notBefore: 1, notAfter: time - 1 })).toThrowError(
      'COSIGNATURE_TIME',
    );
  });

  test('never verifies as a log signature, nor a log signature as a cosignature', () => {
    const confused: NoteSigner = { ...signer, sign: log.sign };
    const logAsWitness = parseCosignerKey(cosignerKey(name, log.raw));
    const forged = `— ${name} ${base64(concat(logAsWitness.keyId, fromBase64(note.trimEnd().split(' ').at(-1) ?? '').subarray(4)))}\n`;

    expect(codeOf(note + forged, [logAsWitness])).toBe('COSIGNATURE_INVALID');
    expect(codeOf(note + cosign(text, time, confused))).toBe('COSIGNATURE_INVALID');
  });

  test('survives every size, root and time', () => {
    const roots = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(
        fc.maxSafeNat(),
        roots,
        fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        (treeSize, root, at) => {
          const body = formatCheckpoint({ origin, treeSize, rootHash: root });
          const signed = `${body}\n${cosign(body, at, signer)}`;
          expect(openCosignatures(signed, [known]).cosignatures[0]?.time).toBe(at);
        },
      ),
      { numRuns: 25 },
    );
  });
});
