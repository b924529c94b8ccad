import cluster from 'node:cluster';
import { setFlagsFromString } from 'node:v8';
import { createLogger } from './adapters/pino/logger.ts';
import { type Config, readConfig } from './config.ts';
import { AppError } from './lib/errors.ts';
import { startServingProcesses } from './system/serving-processes.ts';

// A Bundle of megabytes lives just long enough to be taken for something that stays, so the heap would grow to four times
// what is in use before it is cleared: this keeps a node within 512 MiB while it takes in, for a twentieth more CPU.
setFlagsFromString('--heap-growing-percent=50');

type Fields = Record<string, string | number>;

function print(event: string, fields: Fields): void {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
}

/** Longer than requests under way are given. What a frozen database still holds up then is cut: a kill loses nothing. */
const longestStop = 30_000;

function stopOnSignals(stop: () => Promise<void>): void {
  const end = (): void => {
    setTimeout(() => {
      print('failed', {
        code: 'STOP_TIMEOUT',
        message: 'what was under way did not end in 30 s and was cut',
      });
      process.exit(1);
    }, longestStop).unref();
    stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
}

/**
 * A serving process ends with the one that started it: nobody else would ever stop it. Node's own way out of this, an
 * orderly exit, was seen to hang for good; a kill loses nothing that was acknowledged.
 */
function endWithParent(): void {
  process.prependOnceListener('disconnect', () => process.kill(process.pid, 'SIGKILL'));
}

/** Serves from this process, or from several that it starts. */
async function serve(config: Config): Promise<Fields> {
  const count = config.MEDSEAL_SERVING_PROCESSES;
  if (cluster.isPrimary && count > 1) {
    const logger = createLogger({
      level: config.MEDSEAL_LOG_LEVEL,
      organizationId: config.MEDSEAL_ORGANIZATION_ID,
    });
    const { ready, stop } = await startServingProcesses({ count, logger });
    stopOnSignals(stop);
    return { ...ready, processes: count };
  }
  // Not at the top: a process that only starts others has no use for it, and need not hold it in memory.
  const { startSystem } = await import('./system.ts');
  const { close, ...fields } = await startSystem(config);
  stopOnSignals(close);
  return fields;
}

/** The message of our own errors is written for an operator; of any other only its kind is said, since it may quote data. */
function reasonOf(error: unknown, otherwise: string): { code: string; message: string } {
  if (error instanceof AppError) return { code: error.code, message: error.message };
  const { name, code } = error as { name?: unknown; code?: unknown };
  return { code: otherwise, message: `${String(name)}: ${String(code ?? 'unexpected')}` };
}

/** Node would print the error itself, and the text of a foreign one can quote a patient's data: where it arose is enough. */
function endInOneLine(error: unknown): void {
  const frames =
    error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)) : [];
  const where = frames.slice(0, 8).map((line) => line.trim());
  print('crashed', { ...reasonOf(error, 'UNEXPECTED'), where: where.join(' | ') });
  process.exit(1);
}

process.on('uncaughtException', endInOneLine);
if (cluster.isWorker) endWithParent();
try {
  const fields = await serve(readConfig());
  if (cluster.isPrimary) print('ready', fields);
  else process.send?.({ kind: 'ready', fields });
} catch (error) {
  const reason = reasonOf(error, 'START_FAILED');
  if (cluster.isPrimary) print('failed', reason);
  else await new Promise((told) => process.send?.({ kind: 'failed', ...reason }, told));
  process.exit(1);
}
