import { describe, expect, it } from 'vitest';
import { manualClock } from '../../lib/clock.ts';
import { silentLogger } from '../../lib/logger.ts';
import { createFreshness } from './freshness.ts';

const startAt = '2026-01-01T00:00:00.000Z';
const lease = 30_000;

function view({ projected = 5 }: { projected?: number } = {}) {
  const clock = manualClock(startAt);
  const steady = manualClock(startAt);
  const state = { projected, height: (): Promise<number> => Promise.resolve(5) };
  const freshness = createFreshness({
    ledger: { chainHeight: () => state.height() },
    projectedHeight: () => BigInt(state.projected),
    leaseMilliseconds: lease,
    clock,
    steady: () => steady.now().getTime(),
    logger: silentLogger,
  });
  const advance = (milliseconds: number): void => {
    clock.advance(milliseconds);
    steady.advance(milliseconds);
  };
  return { clock, steady, advance, state, freshness, now: () => clock.now().getTime() };
}

describe('the lease on the ledger view', () => {
  it('is none before the view was confirmed', () => {
    expect(view().freshness.freshUntil()).toBe(0);
  });

  it('begins when everything on the chain is projected', async () => {
    const { freshness, now } = view();

    expect(await freshness.check()).toBe(true);
    expect(freshness.freshUntil()).toBe(now() + lease);
  });

  it('counts from before the question, however long the answer took', async () => {
    const { freshness, advance, state, now } = view();
    const askedAt = now();
    state.height = async () => {
      advance(4_000);
      return 5;
    };

    await freshness.check();

    expect(freshness.freshUntil()).toBe(askedAt + lease);
  });

  it('is not renewed while a block is missing here', async () => {
    const { freshness, advance, state, now } = view();
    await freshness.check();
    const until = freshness.freshUntil();
    advance(10_000);
    state.projected = 4;

    expect(await freshness.check()).toBe(false);
    expect(freshness.freshUntil()).toBe(until);
    state.projected = 5;
    expect(await freshness.check()).toBe(true);
    expect(freshness.freshUntil()).toBe(now() + lease);
  });

  it('is not renewed by a peer that has less than was seen before, until it has caught up', async () => {
    const { freshness, advance, state, now } = view();
    await freshness.check();
    const until = freshness.freshUntil();
    advance(10_000);
    state.height = async () => 4;

    expect(await freshness.check()).toBe(false);
    expect(freshness.freshUntil()).toBe(until);

    state.height = async () => 5;
    expect(await freshness.check()).toBe(true);
    expect(freshness.freshUntil()).toBe(now() + lease);
  });

  it('is renewed when a block is projected while the chain is asked', async () => {
    const { freshness, state } = view();
    state.height = async () => {
      state.projected = 6;
      return 5;
    };

    expect(await freshness.check()).toBe(true);
  });

  it('does not last longer because the clock is set back', async () => {
    const { freshness, clock, steady, now } = view();
    await freshness.check();
    clock.advance(-3_600_000);

    steady.advance(lease - 1);
    expect(freshness.freshUntil() - now()).toBe(1);
    steady.advance(2);
    expect(freshness.freshUntil()).toBeLessThan(now());
  });

  it('ends by the clock where steady time stood still, as it does while a machine sleeps', async () => {
    const { freshness, clock, now } = view();
    await freshness.check();

    clock.advance(lease + 1);

    expect(freshness.freshUntil()).toBeLessThan(now());
  });

  it('is not renewed when nobody answers', async () => {
    const { freshness, state } = view();
    state.height = () => Promise.reject(new Error('unreachable'));

    expect(await freshness.check()).toBe(false);
    expect(freshness.freshUntil()).toBe(0);
  });

  it('is asked for until the signal ends it', async () => {
    const { freshness, state } = view();
    const stop = new AbortController();
    let asked = 0;
    state.height = async () => {
      asked += 1;
      stop.abort();
      return 5;
    };

    await freshness.run(stop.signal);

    expect(asked).toBe(1);
  });
});
