import { ordererCount } from './plan.ts';

/** What one look at a running orderer showed; no facts where it did not answer. */
export type Sample = { name: string; pid: number; facts: { height: number; sent: number } | undefined };

/** What the looks so far have shown of one process. */
export type Watched = {
  name: string;
  pid: number;
  startedAt: number;
  height: number;
  /** Messages of consensus that it has sent to the others. */
  sent: number;
  /** Looks in a row without an answer. */
  missed: number;
  /** Looks in a row without a new block and without a message sent. */
  quiet: number;
  /** How many of these looks showed each of the others at work. */
  others: ReadonlyMap<string, number>;
  /** Whether blocks were ordered meanwhile. */
  wentOn: boolean;
};

export type Restart = { name: string; at: number };

const maxMissed = 5;
const maxQuiet = 30;
const othersAtWork = 2;
const looksAtWork = 10;
const graceMs = 30_000;
const pauseMs = 60_000;
const maxPauseMs = 16 * pauseMs;
const rememberMs = 3_600_000;
/** More than two thirds of the orderers, which agree on each block. */
const quorum = Math.floor((2 * ordererCount) / 3) + 1;

/** Adds one look to what is known; a process that is new is known from now on. */
export function observe(before: readonly Watched[], samples: readonly Sample[], now: number): Watched[] {
  const known = samples.map((sample) => {
    const { name, pid, facts } = sample;
    const found = before.find((each) => each.name === name && each.pid === pid);
    const moved = found !== undefined && facts !== undefined && facts.sent !== found.sent;
    const grown = found !== undefined && facts !== undefined && facts.height !== found.height;
    return { sample, found, grown, alive: moved || grown };
  });
  return known.map(({ sample: { name, pid, facts }, found, alive }) => {
    const fresh = {
      startedAt: found?.startedAt ?? now,
      missed: 0,
      quiet: 0,
      others: new Map(),
      wentOn: false,
    };
    const seen = { height: facts?.height ?? found?.height ?? 0, sent: facts?.sent ?? found?.sent ?? 0 };
    if (found === undefined || alive) return { name, pid, ...fresh, ...seen };
    const working = known.filter((each) => each.alive);
    const others = new Map(found.others);
    for (const other of working) others.set(other.sample.name, (others.get(other.sample.name) ?? 0) + 1);
    const wentOn = found.wentOn || working.some(({ grown }) => grown);
    const missed = facts === undefined ? found.missed + 1 : 0;
    return { name, pid, startedAt: found.startedAt, ...seen, missed, quiet: found.quiet + 1, others, wentOn };
  });
}

/**
 * The one orderer that hangs and may be restarted, with the reason. None where that could take an orderer from a quorum that
 * works, where two hang at once (then something else is wrong), or where one was restarted a short time ago.
 */
export function whomToRestart(
  watched: readonly Watched[],
  restarts: readonly Restart[],
  now: number,
): { name: string; reason: string } | undefined {
  const settled = watched.filter(({ startedAt }) => now - startedAt >= graceMs);
  const hanging = settled.flatMap((each) => {
    const reason = reasonOf(each);
    return reason === undefined ? [] : [{ ...each, reason }];
  });
  const [only, second] = hanging;
  if (only === undefined || second !== undefined) return undefined;
  if (only.wentOn && healthyBeside(only.name, watched) < quorum) return undefined; // they need its vote, so it votes
  if (now < nextRestartAt(only.name, restarts, now)) return undefined;
  return { name: only.name, reason: only.reason };
}

function reasonOf({ missed, quiet, others }: Watched): string | undefined {
  if (missed >= maxMissed) return 'does not answer';
  const working = [...others.values()].filter((looks) => looks >= looksAtWork);
  // An idle network's leader sends heartbeats alone; where there is work, and where no leader is found, all send.
  if (quiet >= maxQuiet && working.length >= othersAtWork) return 'takes no part while the others work';
  return undefined;
}

function healthyBeside(name: string, watched: readonly Watched[]): number {
  const highest = Math.max(...watched.map(({ height }) => height));
  return watched.filter((each) => each.name !== name && each.missed === 0 && each.height >= highest - 2)
    .length;
}

/** A minute after any restart; after each of the same orderer within an hour twice as long, up to 16 minutes. */
function nextRestartAt(name: string, restarts: readonly Restart[], now: number): number {
  const last = Math.max(...restarts.map(({ at }) => at));
  const own = restarts.filter((each) => each.name === name && now - each.at < rememberMs);
  const pause = Math.min(pauseMs * 2 ** (own.length - 1), maxPauseMs);
  return Math.max(last + pauseMs, Math.max(...own.map(({ at }) => at)) + pause);
}
