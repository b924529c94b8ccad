import fc from 'fast-check';
import { base64, type EvidenceBundle, fromBase64 } from '../../evidence/src/index.ts';
import { packed, resealed, type UnpackedBundle } from '../../evidence/test/unpacked.ts';
import { type CorpusCase, corpusCase } from './case.ts';

type Original = { label: string; proof: UnpackedBundle; policy: string };
export type Place = { holder: Record<string, unknown>; name: string };

/** Random changes of a valid proof, always the same for one seed: bytes of blocks, JSON values, characters. */
export function mutationCases(original: Original, amount: number, seed: number): CorpusCase[] {
  const change = fc.oneof(
    fc.tuple(fc.constant('byte' as const), fc.nat(), fc.integer({ min: 1, max: 255 })),
    fc.tuple(fc.constant('cut' as const), fc.nat(), fc.constant(0)),
    fc.tuple(fc.constant('value' as const), fc.nat(), fc.nat({ max: 9 })),
    fc.tuple(fc.constant('character' as const), fc.nat(), fc.nat({ max: 9 })),
  );
  return fc.sample(change, { numRuns: amount, seed }).map(([kind, at, what], number) => {
    const name = `mutation ${original.label} ${number}: ${kind} ${at} ${what}`;
    return corpusCase(name, mutated(original.proof, { kind, at, what }), original.policy);
  });
}

type Change = { kind: 'byte' | 'cut' | 'value' | 'character'; at: number; what: number };

function mutated(proof: UnpackedBundle, { kind, at, what }: Change): object | string {
  const file = structuredClone(packed(proof)) as EvidenceBundle;
  if (kind === 'character') return withCharacter(JSON.stringify(file), at, what);
  if (kind === 'value') {
    const { digest: _digest, ...copy } = file;
    const places = placesIn(copy);
    const { holder, name } = places[at % places.length] as Place;
    replace(holder, name, what);
    return resealed(copy);
  }
  const copy = structuredClone(proof);
  const holders: Place[] = [
    { holder: copy.anchor, name: 'block' },
    ...(copy.confirmation === undefined ? [] : [{ holder: copy.confirmation, name: 'block' }]),
    ...copy.configBlocks.map((_, index) => ({ holder: copy.configBlocks as never, name: String(index) })),
  ];
  const { holder, name } = holders[at % holders.length] as Place;
  holder[name] = base64(bent(fromBase64(String(holder[name])), { kind, at, what }));
  return copy;
}

function bent(bytes: Uint8Array, { kind, at, what }: Change): Uint8Array {
  const place = at % bytes.length;
  if (kind === 'cut') return bytes.slice(0, place);
  const copy = bytes.slice();
  copy[place] = (copy[place] ?? 0) ^ what;
  return copy;
}

export function withCharacter(text: string, at: number, what: number): string {
  const place = at % text.length;
  return text.slice(0, place) + '0Af{" 中\\,}'.charAt(what) + text.slice(place + 1);
}

export function placesIn(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((name) => [{ holder, name }, ...placesIn(holder[name])]);
}

export function replace(holder: Record<string, unknown>, name: string, what: number): void {
  const before = holder[name];
  const values = [null, 0, -1, 1.5, '', [], {}, true, [before], `${String(before)}0`];
  if (what === 7) delete holder[name];
  else holder[name] = values[what];
}
