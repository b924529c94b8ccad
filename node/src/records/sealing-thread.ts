import { parentPort } from 'node:worker_threads';
import { columnsOf, type SealedColumns, sealVersion, type VersionToSeal } from './seal-version.ts';

/** What a sealing thread is asked, and what it answers: nothing but the number of the job where it failed. */
export type SealingJob = { job: number; versions: readonly VersionToSeal[] };
export type SealingAnswer = { job: number; columns: SealedColumns | undefined };

const port = parentPort;
if (port === null) throw new Error('a sealing thread is started by openSealing');
port.on('message', ({ job, versions }: SealingJob) => {
  const columns = tryToSeal(versions);
  const answer: SealingAnswer = { job, columns };
  port.postMessage(answer, columns === undefined ? [] : Object.values(columns).map(({ buffer }) => buffer));
});
port.postMessage('ready');

/** The node's own thread seals what fails here once more, and has the error. */
function tryToSeal(versions: readonly VersionToSeal[]): SealedColumns | undefined {
  try {
    return columnsOf(versions.map(sealVersion));
  } catch {
    return undefined;
  }
}
