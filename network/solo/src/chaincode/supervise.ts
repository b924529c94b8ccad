import { setTimeout as delay } from 'node:timers/promises';
import { SoloError, textOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Network } from '../material/open-network.ts';
import type { Proposal } from '../proposal.ts';
import type { StateView } from '../state.ts';
import type { RunResult } from './conversation.ts';
import { type ChaincodeProcess, startChaincode } from './process.ts';

/** The chaincode, kept running. */
export type Chaincode = {
  run(proposal: Proposal, view: StateView): Promise<RunResult>;
  close(): Promise<void>;
};

const defaultRunMilliseconds = 30_000;
const maxPauseMilliseconds = 5000;

export type SuperviseOptions = {
  moduleDirectory: string;
  log: Log;
  /** A transaction may run this long (a peer's executetimeout). */
  runMilliseconds?: number | undefined;
};

/** Starts the chaincode and starts it again whenever it ends by itself or hangs. */
export async function superviseChaincode(
  network: Network,
  { moduleDirectory, log, runMilliseconds = defaultRunMilliseconds }: SuperviseOptions,
): Promise<Chaincode> {
  const closing = new AbortController();
  let current: ChaincodeProcess | undefined = await startChaincode(network, moduleDirectory);
  const keepRunning = async (): Promise<void> => {
    let pause = 100;
    while (!closing.signal.aborted) {
      await current?.exited;
      current = undefined;
      if (closing.signal.aborted) return;
      log('warning', { message: 'the chaincode process ended and is started again' });
      await delay(pause, undefined, { signal: closing.signal }).catch(() => undefined);
      if (closing.signal.aborted) return;
      current = await startChaincode(network, moduleDirectory).catch((error: unknown) => {
        log('error', { message: textOf(error) });
        return undefined;
      });
      pause = current === undefined ? Math.min(pause * 2, maxPauseMilliseconds) : 100;
    }
    await current?.stop();
  };
  const kept = keepRunning();
  return {
    run: (proposal, view) => {
      if (current === undefined)
        return Promise.reject(new SoloError('CHAINCODE_UNAVAILABLE', 'the chaincode is not running'));
      return stopAfter(current, { proposal, runMilliseconds }, current.conversation.run(proposal, view));
    },
    close: async () => {
      closing.abort();
      await current?.stop();
      await kept;
    },
  };
}

/** A chaincode that does not answer in time is ended: one thread serves everybody, so it may hang for all. */
async function stopAfter(
  process: ChaincodeProcess,
  { proposal, runMilliseconds }: { proposal: Proposal; runMilliseconds: number },
  run: Promise<RunResult>,
): Promise<RunResult> {
  const timer = setTimeout(() => {
    const error = new SoloError('CHAINCODE_TIMEOUT', 'timeout expired while executing transaction');
    process.conversation.abandon(proposal.txId, error);
    void process.stop(); // its end is seen by the loop that keeps the chaincode running
  }, runMilliseconds);
  try {
    return await run;
  } finally {
    clearTimeout(timer);
  }
}
