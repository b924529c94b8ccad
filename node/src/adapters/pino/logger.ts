import { type DestinationStream, pino } from 'pino';
import type { LogFields, Logger } from '../../lib/logger.ts';

const longestText = 200;
const longestBuffered = 4096;
const flushMilliseconds = 100;
// Defence in depth: no caller logs these, and if one ever does, the value does not get out.
const secretNames = /token|password|passphrase|secret|authorization|cookie|bearer|assertion|privatekey/i;

/**
 * JSON lines on stdout through pino. Only short scalar fields pass; of an error only its name, codes and stack frames:
 * the message of a foreign error can quote the data it failed on.
 */
export function createLogger(options: {
  level: 'debug' | 'info' | 'warn' | 'error';
  organizationId: string;
  destination?: DestinationStream;
}): Logger {
  const base = { organization: options.organizationId };
  const settings = { level: options.level, base, timestamp: pino.stdTimeFunctions.isoTime };
  const logger = pino(settings, options.destination ?? bufferedOutput());
  return {
    info: (event, fields) => logger.info(scalarFields(fields), event),
    warn: (event, fields) => logger.warn(scalarFields(fields), event),
    error: (event, fields) => logger.error(scalarFields(fields), event),
  };
}

/**
 * Standard output, written off the requests' path and many lines at a time: a write for each line costs as much as a
 * tenth of a read. What is unwritten when the process exits is written then; what a kill takes is in the audit.
 */
function bufferedOutput(): DestinationStream {
  const output = pino.destination({ dest: 1, sync: false, minLength: longestBuffered });
  setInterval(() => output.flush(), flushMilliseconds).unref();
  return output;
}

function scalarFields(fields: (LogFields & { error?: unknown }) | undefined): Record<string, unknown> {
  const line: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields ?? {})) {
    if (value === undefined) continue;
    line[name] = name === 'error' ? describeError(value) : scalar(name, value);
  }
  return line;
}

function scalar(name: string, value: unknown): unknown {
  if (secretNames.test(name)) return '[redacted]';
  if (typeof value === 'string') return value.slice(0, longestText);
  if (typeof value === 'bigint') return value.toString();
  return typeof value === 'number' || typeof value === 'boolean' || value === null ? value : '[omitted]';
}

function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return typeof error;
  const { code } = error as { code?: unknown };
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return {
    name: error.name,
    ...(typeof code === 'string' ? { code: code.slice(0, 60) } : {}),
    frames: frames.slice(0, 8).map((line) => line.trim()),
    ...(error.cause === undefined || depth >= 4 ? {} : { cause: describeError(error.cause, depth + 1) }),
  };
}
