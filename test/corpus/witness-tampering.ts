import { createPublicKey, sign } from 'node:crypto';
import { base64, cosign, cosigner, cosignerKey, witnessName } from '../../evidence/src/index.ts';
import { fixedEd25519 } from '../../evidence/test/organizations.ts';
import { policyOf } from '../../evidence/test/proof.ts';
import { type CorpusCase, corpusCase, type Shelf } from './case.ts';

/** A witness whose key has a fixed seed. */
function witness(organizationId: string, seed: number) {
  const { privateKey } = fixedEd25519(new Uint8Array(32).fill(seed));
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const raw = new Uint8Array(spki.subarray(-32));
  const name = witnessName(organizationId);
  const signer = cosigner(name, raw, (bytes) => new Uint8Array(sign(null, bytes, privateKey)));
  return {
    key: cosignerKey(name, raw),
    line: (text: string, time = 1_790_000_000) => cosign(text, time, signer),
  };
}

/** Cosignatures by the wrong witness, of another checkpoint, at no time (T47). */
export function witnessCases({ channel, log, valid }: Shelf): CorpusCase[] {
  const [b, renewed, c, stranger] = [
    witness('hospital-b', 1),
    witness('hospital-b', 2),
    witness('hospital-c', 3),
    witness('hospital-d', 4),
  ] as const;
  const text = valid.checkpoint.slice(0, valid.checkpoint.indexOf('\n\n') + 1);
  const older = log.checkpoint(12);
  const olderText = older.slice(0, older.indexOf('\n\n') + 1);
  const keys = { quorum: 2, verifierKeys: [b.key, renewed.key, c.key] };
  const bent = (line: string, from: number) => {
    const at = line.lastIndexOf(' ') + 1;
    const bytes = Buffer.from(line.slice(at).trim(), 'base64');
    bytes.fill(0, from, from + 8);
    return `${line.slice(0, at)}${base64(bytes)}\n`;
  };
  const make = (
    name: string,
    lines: string[],
    expected: Parameters<typeof corpusCase>[3],
    witnesses: object | null = keys,
  ) => {
    const proof = { ...valid, checkpoint: valid.checkpoint + lines.join('') };
    return corpusCase(
      `witnesses: ${name}`,
      proof,
      JSON.stringify(policyOf(channel, log, { witnesses })),
      expected,
    );
  };
  const short = b
    .line(text)
    .replace(/ [^ ]+\n$/, (data) => ` ${base64(Buffer.from(data.trim(), 'base64').subarray(0, 68))}\n`);
  return [
    make('both', [b.line(text), c.line(text)], 'valid'),
    make('with a stranger', [b.line(text), stranger.line(text), c.line(text)], 'valid'),
    make('one is too few', [b.line(text)], 'undecided'),
    make('none', [], 'undecided'),
    make('two keys of one witness', [b.line(text), renewed.line(text)], 'undecided'),
    make('T47 unknown keys', [stranger.line(text), stranger.line(text, 1)], 'undecided'),
    make('T47 of an older checkpoint', [b.line(olderText), c.line(text)], 'tampered COSIGNATURE_INVALID'),
    make(
      'one key twice',
      [b.line(text), b.line(text, 1_790_000_001), c.line(text)],
      'tampered COSIGNATURE_INVALID',
    ),
    make('at another time', [bent(b.line(text), 5), c.line(text)], 'tampered'),
    make('at no time', [bent(b.line(text), 4), c.line(text)], 'tampered COSIGNATURE_TIME'),
    make('another signature', [bent(b.line(text), 20), c.line(text)], 'tampered COSIGNATURE_INVALID'),
    make('cut', [short, c.line(text)], 'tampered COSIGNATURE_INVALID'),
    make('a quorum that cannot be', [b.line(text)], 'undecided', {
      quorum: 2,
      verifierKeys: [b.key, renewed.key],
    }),
    make('a quorum of none', [], 'undecided', { quorum: 0, verifierKeys: [b.key] }),
    make('a log key for a witness', [], 'undecided', { quorum: 1, verifierKeys: [log.vkey] }),
    make('no object', [], 'undecided', null),
  ];
}
