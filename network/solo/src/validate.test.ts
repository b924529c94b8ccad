import { peer } from '@hyperledger/fabric-protos';
import { describe, expect, it } from 'vitest';
import type { RangeRead, ReadWriteSet } from './rwset.ts';
import { createState, type KeyWrite } from './state.ts';
import { conflictOf } from './validate.ts';

const { VALID, MVCC_READ_CONFLICT, PHANTOM_READ_CONFLICT } = peer.TxValidationCode;
const namespace = 'n';
const state = createState();
const write = (key: string, value: string | undefined): KeyWrite => ({
  namespace,
  key,
  value: value === undefined ? undefined : Buffer.from(value),
});
const at = (block: number) => ({ block, transaction: 3, txId: '', timestamp: { seconds: 0, nanos: 0 } });
state.apply([write('b', '1'), write('d', '1'), write('gone', '1')], at(1));
state.apply([write('gone', undefined)], at(2));

const current = { block: 1, transaction: 3 };
const judge = (set: Partial<ReadWriteSet>, ...updates: KeyWrite[]): number =>
  conflictOf(
    { reads: [], ranges: [], writes: [], ...set },
    state.view(3),
    new Map(updates.map((each) => [`${each.namespace}\u0000${each.key}`, each])),
  );
const reads = (key: string, version: { block: number; transaction: number } | undefined) => ({
  reads: [{ namespace, key, version }],
});
const range = (overrides: Partial<RangeRead> = {}) => ({
  ranges: [
    {
      namespace,
      start: 'a',
      end: 'e',
      exhausted: true,
      found: [
        { key: 'b', version: current },
        { key: 'd', version: current },
      ],
      ...overrides,
    },
  ],
});

describe('what was read', () => {
  it('must be the committed version', () => {
    expect(judge(reads('b', current))).toBe(VALID);
    expect(judge(reads('b', { block: 1, transaction: 2 }))).toBe(MVCC_READ_CONFLICT);
    expect(judge(reads('b', { block: 0, transaction: 3 }))).toBe(MVCC_READ_CONFLICT);
    expect(judge(reads('b', undefined))).toBe(MVCC_READ_CONFLICT);
  });

  it('as absent must be absent, or deleted', () => {
    expect(judge(reads('nothing', undefined))).toBe(VALID);
    expect(judge(reads('gone', undefined))).toBe(VALID);
    expect(judge(reads('nothing', current))).toBe(MVCC_READ_CONFLICT);
  });

  it('must not be written by an earlier transaction of the block', () => {
    expect(judge(reads('b', current), write('b', '2'))).toBe(MVCC_READ_CONFLICT);
    expect(judge(reads('nothing', undefined), write('nothing', '2'))).toBe(MVCC_READ_CONFLICT);
    expect(judge(reads('b', current), write('d', '2'))).toBe(VALID);
    expect(judge(reads('b', current), { ...write('b', '2'), namespace: 'other' })).toBe(VALID);
  });
});

describe('a range that was read', () => {
  it('must hold the same keys in the same versions', () => {
    expect(judge(range())).toBe(VALID);
    expect(judge(range({ found: [{ key: 'b', version: current }] }))).toBe(PHANTOM_READ_CONFLICT);
    expect(judge(range({ found: [] }))).toBe(PHANTOM_READ_CONFLICT);
    const stale = [
      { key: 'b', version: { block: 0, transaction: 0 } },
      { key: 'd', version: current },
    ];
    expect(judge(range({ found: stale }))).toBe(PHANTOM_READ_CONFLICT);
  });

  it('must not gain, change or lose a key in the block', () => {
    expect(judge(range(), write('c', '1'))).toBe(PHANTOM_READ_CONFLICT);
    expect(judge(range(), write('b', '2'))).toBe(PHANTOM_READ_CONFLICT);
    expect(judge(range(), write('d', undefined))).toBe(PHANTOM_READ_CONFLICT);
  });

  it('is not touched by what lies beside it or never was', () => {
    expect(judge(range(), write('e', '1'))).toBe(VALID);
    expect(judge(range(), write('Z', '1'))).toBe(VALID);
    expect(judge(range(), write('c', undefined))).toBe(VALID);
    expect(judge(range(), { ...write('c', '1'), namespace: 'other' })).toBe(VALID);
  });

  it('without an end goes on for ever', () => {
    expect(judge(range({ end: '' }))).toBe(VALID);
    expect(judge(range({ end: '' }), write('zzz', '1'))).toBe(PHANTOM_READ_CONFLICT);
  });

  it('that was left early ends with its last key', () => {
    const left = range({ exhausted: false, end: 'b', found: [{ key: 'b', version: current }] });

    expect(judge(left)).toBe(VALID);
    expect(judge(left, write('c', '1'))).toBe(VALID);
    expect(judge(left, write('aa', '1'))).toBe(PHANTOM_READ_CONFLICT);
    expect(judge(left, write('b', '2'))).toBe(PHANTOM_READ_CONFLICT);
  });
});
