import { describe, expect, it } from 'vitest';
import { heightIn, sentIn } from './status.ts';
import { observe, type Restart, type Sample, type Watched, whomToRestart } from './watchdog.ts';

type Facts = Sample['facts'];
type Behaviour = (second: number) => Facts;
const names = ['orderer-1', 'orderer-2', 'orderer-3', 'orderer-4'] as const;

const working: Behaviour = (second) => ({ height: second, sent: 10 * second });
const idle: Behaviour = () => ({ height: 5, sent: 50 });
const heartbeats: Behaviour = (second) => ({ height: 5, sent: second });
const silent: Behaviour = () => undefined;
/** Without a leader an orderer asks the others for another one, every second. */
const seeking = heartbeats;
const from =
  (second: number, later: Behaviour, before: Behaviour = working): Behaviour =>
  (now) =>
    now < second ? before(now) : later(now);
const stuckSince = (second: number, before = working): Behaviour =>
  from(second, () => before(second), before);

type Play = { seconds?: number; restarts?: Restart[]; bornAt?: number };

/** Looks once a second at four orderers that behave so; what is decided at each look, until the first decision. */
function play(behaviours: readonly [Behaviour, Behaviour, Behaviour, Behaviour], options: Play = {}) {
  const { seconds = 200, restarts = [], bornAt = 0 } = options;
  let watched: Watched[] = [];
  for (let second = 0; second <= seconds; second += 1) {
    const samples = names.map((name, place): Sample => {
      const pid = name === 'orderer-4' && second >= bornAt ? 1000 : place + 1;
      return { name, pid, facts: behaviours[place]?.(second) };
    });
    watched = observe(watched, samples, second * 1000);
    const found = whomToRestart(watched, restarts, second * 1000);
    if (found !== undefined) return { second, ...found };
  }
  return undefined;
}

describe('an orderer is restarted', () => {
  it('that does not answer while the others go on', () => {
    expect(play([working, working, working, from(60, silent)])).toEqual({
      second: 64,
      name: 'orderer-4',
      reason: 'does not answer',
    });
  });

  it('that answers but takes no part while the others work', () => {
    expect(play([working, working, working, stuckSince(60)])).toEqual({
      second: 90,
      name: 'orderer-4',
      reason: 'takes no part while the others work',
    });
  });

  it('that hangs when another one is away and nothing is ordered any more', () => {
    const leaderless = from(60, seeking);

    expect(playWithout('orderer-1', [leaderless, leaderless, stuckSince(60)])?.name).toBe('orderer-4');
  });

  it('that hangs, though an idle network has only its leader at work until then', () => {
    const later = from(100, working, idle);

    expect(play([from(100, working, heartbeats), later, later, idle])).toMatchObject({ name: 'orderer-4' });
  });
});

/** As {@link play}, with an orderer whose process has ended. */
function playWithout(away: string, behaviours: readonly [Behaviour, Behaviour, Behaviour]) {
  let watched: Watched[] = [];
  for (let second = 0; second <= 200; second += 1) {
    const samples = names
      .filter((name) => name !== away)
      .map((name, place): Sample => ({ name, pid: place + 1, facts: behaviours[place]?.(second) }));
    watched = observe(watched, samples, second * 1000);
    const found = whomToRestart(watched, [], second * 1000);
    if (found !== undefined) return { second, ...found };
  }
  return undefined;
}

describe('no orderer is restarted', () => {
  it('of an idle network, whose leader alone sends heartbeats', () => {
    expect(play([heartbeats, idle, idle, idle])).toBeUndefined();
  });

  it('that is catching up, however long that takes', () => {
    const slow: Behaviour = (second) => ({ height: Math.floor(second / 20), sent: 0 });

    expect(play([working, working, working, slow], { seconds: 2000 })).toBeUndefined();
  });

  it('that started less than half a minute ago', () => {
    const all = [working, working, working, from(60, silent)] as const;

    expect(play(all, { bornAt: 60 })?.second).toBe(90);
    expect(play(all, { bornAt: 60, seconds: 89 })).toBeUndefined();
  });

  it('when two hang at once', () => {
    expect(play([working, working, from(60, silent), from(60, silent)])).toBeUndefined();
    expect(play([working, working, from(60, silent), stuckSince(30)])).toBeUndefined();
  });

  it('when none of them answers: then it is the machine', () => {
    expect(play([from(60, silent), from(60, silent), from(60, silent), from(60, silent)])).toBeUndefined();
  });

  it('without which the others could not have ordered: its metrics are slow, its vote is not', () => {
    expect(playWithout('orderer-1', [working, working, from(60, silent)])).toBeUndefined();
  });

  it('for a few looks without an answer', () => {
    const breaks: Behaviour = (second) => (second % 6 < 4 ? undefined : working(second));

    expect(play([working, working, working, breaks])).toBeUndefined();
  });

  it('within a minute of another restart, and twice as long after each of its own', () => {
    const hanging = [working, working, working, from(60, silent)] as const;
    const after = (...restarts: Restart[]): number | undefined =>
      play(hanging, { restarts, seconds: 2000 })?.second;

    expect(after({ name: 'orderer-1', at: 40_000 })).toBe(100);
    expect(after({ name: 'orderer-4', at: 40_000 })).toBe(100);
    expect(after({ name: 'orderer-4', at: -60_000 }, { name: 'orderer-4', at: 40_000 })).toBe(160);
    const many = [-4, -3, -2, -1, 0, 1].map((minutes) => ({ name: 'orderer-4', at: minutes * 60_000 }));
    expect(after(...many)).toBe(60 + 16 * 60);
    expect(after({ name: 'orderer-4', at: -3_600_000 })).toBe(64); // long ago
  });
});

describe('what an orderer publishes', () => {
  it('gives its blocks and the messages it has sent on the channel', () => {
    const metrics = [
      'ledger_blockchain_height{channel="care"} 23',
      'cluster_comm_msg_send_time_count{channel="care",host="127.0.0.1:9103"} 89',
      'cluster_comm_msg_send_time_count{channel="care",host="127.0.0.1:9106"} 82',
      'cluster_comm_msg_send_time_count{channel="other",host="127.0.0.1:9106"} 1000',
    ].join('\n');

    expect([heightIn(metrics, 'care'), sentIn(metrics, 'care'), sentIn('', 'care')]).toEqual([23, 171, 0]);
  });
});
