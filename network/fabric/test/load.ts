import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { LedgerPort } from '../../../node/src/adapters/fabric/contracts.ts';
import { LedgerError } from '../../../node/src/adapters/fabric/errors.ts';
import { eventually } from '../src/command.ts';
import type { FabricNetwork } from '../src/index.ts';
import { heightIn } from '../src/status.ts';

export type Load = {
  /** When each transaction was seen committed. */
  commits: number[];
  failures: unknown[];
  stop(): Promise<void>;
};

/**
 * Writes a new value of the probe chaincode. As nodes do, asks by transaction id where the answer leaves open what became of
 * it; resolves to whether it had to, rejects when the transaction is not committed within 30 s.
 */
export async function submitProbe(ledger: LedgerPort): Promise<'answered' | 'asked'> {
  try {
    await ledger.submit('probe', 'create', [randomUUID(), '1']);
    return 'answered';
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code !== 'LEDGER_UNKNOWN') throw error;
    await eventually(async () => {
      if ((await ledger.transactionStatus(error.txId ?? '')) !== 'valid') throw error;
    }, 30_000);
    return 'asked';
  }
}

/** Many hands that each submit one transaction after the other. */
export function startLoad(submit: () => Promise<unknown>, hands: number): Load {
  const commits: number[] = [];
  const failures: unknown[] = [];
  let running = true;
  const hand = async (): Promise<void> => {
    while (running) {
      try {
        await submit();
        commits.push(performance.now());
      } catch (error) {
        failures.push(error);
        await delay(50);
      }
    }
  };
  const all = Array.from({ length: hands }, hand);
  return {
    commits,
    failures,
    stop: async () => {
      running = false;
      await Promise.all(all);
    },
  };
}

/** Who leads by the word of most orderers: one that has just started may still name a past leader. */
export async function leaderOf(network: Pick<FabricNetwork, 'plan'>): Promise<string> {
  const named = (await viewsOf(network)).flatMap((view) => view?.leader ?? []);
  const leader = named.find((each) => named.filter((other) => other === each).length * 2 > named.length);
  if (leader === undefined) throw new Error(`the orderers name different leaders: ${named}`);
  return leader;
}

/** Waits until every orderer is there, has the same blocks and follows the same leader. */
export async function untilOrderersLevel(network: Pick<FabricNetwork, 'plan'>): Promise<void> {
  await eventually(async () => {
    const views = (await viewsOf(network)).map((view) =>
      view === undefined ? 'away' : JSON.stringify(view),
    );
    if (new Set(views).size > 1 || views[0] === 'away') throw new Error(`the orderers differ: ${views}`);
  }, 60_000);
}

type View = { leader: string; height: number };

/** What each orderer publishes of its consensus; undefined for one that does not answer or has no leader yet. */
function viewsOf(network: Pick<FabricNetwork, 'plan'>): Promise<(View | undefined)[]> {
  return Promise.all(
    network.plan().orderers.map(async ({ operationsPort }) => {
      const text = await fetch(`http://127.0.0.1:${operationsPort}/metrics`).then(
        (answer) => answer.text(),
        () => '',
      );
      const leader = /^consensus_BFT_leader_id\{[^}]*\} (\d+)$/m.exec(text)?.[1];
      const height = heightIn(text, network.plan().channel);
      if (leader === undefined || leader === '0' || height === undefined) return undefined;
      return { leader: `orderer-${leader}`, height };
    }),
  );
}

/** The longest time without a commit between two moments, milliseconds. */
export function longestGap(commits: readonly number[], [from, to]: readonly [number, number]): number {
  const moments = [from, ...commits.filter((at) => at > from && at < to), to];
  return Math.max(...moments.slice(1).map((at, place) => at - (moments[place] ?? at)));
}
