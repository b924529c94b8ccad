import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Simulation } from './chaincode/simulation.ts';
import { decodeReadWriteSet, encodeReadWriteSet } from './rwset.ts';
import { compareUtf8, createState } from './state.ts';

const key = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 5 });
const version = fc.record({ block: fc.nat(), transaction: fc.nat() });
const namespace = fc.constant('medseal');
const unique = { selector: (entry: { key: string }) => entry.key };
const sets = fc.record({
  reads: fc.uniqueArray(
    fc.record({ namespace, key, version: fc.option(version, { nil: undefined }) }),
    unique,
  ),
  ranges: fc.array(
    fc.record({
      namespace,
      start: key,
      end: key,
      exhausted: fc.boolean(),
      found: fc.array(fc.record({ key, version })),
    }),
  ),
  writes: fc.uniqueArray(
    fc.record({ namespace, key, value: fc.option(fc.uint8Array({ minLength: 1 }), { nil: undefined }) }),
    unique,
  ),
});
const byKey = (a: { key: string }, b: { key: string }): number => compareUtf8(a.key, b.key);

describe('a read-write set', () => {
  it('is read as it was written, sorted by key', () => {
    fc.assert(
      fc.property(sets, (set) => {
        const decoded = decodeReadWriteSet(encodeReadWriteSet(set));

        expect(decoded).toEqual({
          reads: [...set.reads].sort(byKey),
          ranges: set.ranges,
          writes: [...set.writes].sort(byKey),
        });
      }),
    );
  });

  it('is the same bytes whatever the order of reading and writing', () => {
    const run = (keys: string[]): Uint8Array => {
      const simulation = new Simulation(createState().view(1), 'medseal');
      for (const each of keys) simulation.get(each);
      for (const each of keys) simulation.put(each, Buffer.from(each));
      return simulation.results();
    };

    expect(run(['b', 'a', 'c'])).toEqual(run(['c', 'b', 'a']));
  });
});

describe('a simulation', () => {
  it('keeps the last write of a key, and takes no bytes for a deletion', () => {
    const simulation = new Simulation(createState().view(1), 'medseal');
    simulation.put('a', Buffer.from('1'));
    simulation.put('a', new Uint8Array());
    simulation.put('b', undefined);
    simulation.put('b', Buffer.from('2'));

    expect(decodeReadWriteSet(simulation.results()).writes).toEqual([
      { namespace: 'medseal', key: 'a', value: undefined },
      { namespace: 'medseal', key: 'b', value: new Uint8Array(Buffer.from('2')) },
    ]);
  });

  it('names as the end of a range that was left early the last key it gave', () => {
    const state = createState();
    const at = { block: 0, transaction: 0, txId: '', timestamp: { seconds: 0, nanos: 0 } };
    const writes = ['a', 'b', 'c'].map((each) => ({
      namespace: 'medseal',
      key: each,
      value: Buffer.from('1'),
    }));
    state.apply(writes, at);
    const simulation = new Simulation(state.view(1), 'medseal');
    const range = simulation.range('a', 'z');
    range.next();
    range.next();

    expect(decodeReadWriteSet(simulation.results()).ranges).toMatchObject([
      { start: 'a', end: 'b', exhausted: false, found: [{ key: 'a' }, { key: 'b' }] },
    ]);
  });
});
