import fc from 'fast-check';
import { hex, sha256, utf8 } from '../../evidence/src/bytes.ts';
import { forkProof } from '../../evidence/src/fork-proof.ts';
import { growthPath, rootHash } from '../../evidence/src/merkle.ts';
import type { TestLog } from '../../evidence/test/proof.ts';
import { type CorpusCase, corpusCase } from './case.ts';
import { type Place, placesIn, replace, withCharacter } from './mutations.ts';

type Proof = Record<string, unknown>;

/** Two histories of one log, what only looks like them, and random changes. */
export function forkCases(log: TestLog, policy: string, amount: number): CorpusCase[] {
  const whole = growthFork(log, 5, 12);
  const same = sameSize(log);
  const bent = (name: string, proof: object, expected: Parameters<typeof corpusCase>[3]): CorpusCase =>
    corpusCase(`fork: ${name}`, proof, policy, expected);
  const { path: _, ...pathless } = whole;
  const path = whole['path'] as string[];
  const grew = forkProof([log.checkpoint(5), log.checkpoint(12)], growthPath(readerOf(log.hashes), 5, 12));
  return [
    bent('one size, two roots', same, 'fork'),
    ...sizes.map(([old, now]) => bent(`growth from ${old} to ${now}`, growthFork(log, old, now), 'fork')),
    bent('one size, one root', { ...same, second: same['first'] }, 'no-proof FORK_NOT_PROVED'),
    bent('one size with a path', { ...same, path: [] }, 'no-proof PROOF_MALFORMED'),
    bent('a log that only grew', grew, 'no-proof FORK_NOT_PROVED'),
    bent('growth without a path', pathless, 'no-proof FORK_NOT_PROVED'),
    bent('growth with an empty path', { ...whole, path: [] }, 'no-proof FORK_NOT_PROVED'),
    bent('a path that is too short', { ...whole, path: path.slice(0, -1) }, 'no-proof FORK_NOT_PROVED'),
    bent('a path that is too long', { ...whole, path: [...path, path[0]] }, 'no-proof FORK_NOT_PROVED'),
    bent(
      'a path of 55',
      { ...whole, path: Array.from({ length: 55 }, () => path[0]) },
      'no-proof PROOF_MALFORMED',
    ),
    bent(
      'a path in capitals',
      { ...whole, path: path.map((hash) => hash.toUpperCase()) },
      'no-proof PROOF_MALFORMED',
    ),
    bent('a path of null', { ...whole, path: null }, 'no-proof PROOF_MALFORMED'),
    bent(
      'the larger tree first',
      { ...whole, first: whole['second'], second: whole['first'] },
      'no-proof FORK_NOT_PROVED',
    ),
    bent(
      'an empty tree first',
      { ...whole, first: log.checkpoint(0, sha256(utf8(''))) },
      'no-proof FORK_NOT_PROVED',
    ),
    bent('another version', { ...whole, format: 'medseal/fork-proof/v2' }, 'undecided'),
    bent('a member more', { ...whole, note: '' }, 'no-proof PROOF_MALFORMED'),
    bent('a note that is no text', { ...whole, first: 1 }, 'no-proof PROOF_MALFORMED'),
    bent('a note of another log', renamed(whole, 'first'), 'undecided'),
    bent('a second note of another log', renamed(whole, 'second'), 'no-proof'),
    bent(
      'an unsigned note',
      { ...whole, second: String(whole['second']).replace(/— .*\n$/u, '') },
      'no-proof',
    ),
    bent(
      'a bent signature',
      { ...whole, second: String(whole['second']).replace(/.{8}=\n$/u, 'AAAAAAA=\n') },
      'no-proof',
    ),
    ...mutationCases(whole, { policy, amount, seed: 20261130 }),
    ...mutationCases(same, { policy, amount, seed: 20261201 }),
  ];
}

const sizes: [number, number][] = [
  [1, 2],
  [1, 13],
  [3, 7],
  [4, 7],
  [6, 8],
  [7, 8],
  [8, 13],
  [12, 13],
];

const readerOf = (hashes: Uint8Array[]) => (level: number, index: number) =>
  rootHash(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level));

function rewritten(log: TestLog, size: number): Uint8Array[] {
  return log.hashes.slice(0, size).map((hash, at) => (at === 0 ? sha256(utf8('another leaf')) : hash));
}

function growthFork(log: TestLog, old: number, now: number): Proof {
  const hashes = rewritten(log, now);
  const path = growthPath(readerOf(hashes), old, now);
  return { ...forkProof([log.checkpoint(old), log.checkpoint(now, rootHash(hashes))], path) };
}

function sameSize(log: TestLog): Proof {
  return { ...forkProof([log.checkpoint(9), log.checkpoint(9, rootHash(rewritten(log, 9)))]) };
}

/** A note that claims to be of another log. */
function renamed(proof: Proof, name: string): Proof {
  return { ...proof, [name]: String(proof[name]).replace('hospital-a', 'hospital-b') };
}

type Amount = { policy: string; amount: number; seed: number };

function mutationCases(proof: Proof, { policy, amount, seed }: Amount): CorpusCase[] {
  const change = fc.tuple(fc.constantFrom('value', 'character', 'hash'), fc.nat(), fc.nat({ max: 9 }));
  return fc.sample(change, { numRuns: amount, seed }).map(([kind, at, what], number) => {
    const name = `fork mutation ${seed} ${number}: ${kind} ${at} ${what}`;
    const text = JSON.stringify(proof);
    if (kind === 'character') return corpusCase(name, withCharacter(text, at, what), policy);
    const copy = JSON.parse(text);
    const places = placesIn(copy);
    const { holder, name: place } = places[at % places.length] as Place;
    if (kind === 'value') replace(holder, place, what);
    else if (typeof holder[place] === 'string') holder[place] = hex(sha256(utf8(`${at}`)));
    return corpusCase(name, copy, policy);
  });
}
