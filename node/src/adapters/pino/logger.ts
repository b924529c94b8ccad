import { type DestinationStream, pino } from 'pino';
import type { LogFields, Logger } from '../../lib/logger.ts';
import { bufferedOutput } from './output.ts';

const longestText = 200;
const quietMilliseconds = 60_000;
const mostRemembered = 256;
// Defence in depth: no caller logs these, and if one ever does, the value does not get out.
const secretNames = /token|password|passphrase|secret|authorization|cookie|bearer|assertion|privatekey/i;

/**
 * JSON lines on stdout through pino. Only short scalar fields pass; of an error only its name, codes and stack frames:
 * the message of a foreign error can quote the data it failed on. A warning or an error that says the same as one within
 * the minute before is counted and not written: what is tried again and again through an outage would bury the log.
 */
export function createLogger(options: {
  level: 'debug' | 'info' | 'warn' | 'error';
  organizationId: string;
  destination?: DestinationStream;
  /** Milliseconds that only grow. */
  now?: () => number;
}): Logger {
  const base = { organization: options.organizationId };
  const settings = { level: options.level, base, timestamp: pino.stdTimeFunctions.isoTime };
  const logger = pino(settings, options.destination ?? bufferedOutput());
  const repeats = countRepeats(options.now ?? (() => performance.now()));
  return {
    info: (event, fields) => logger.info(scalarFields(fields), event),
    warn: (event, fields) => {
      const line = repeats(event, scalarFields(fields));
      if (line !== undefined) logger.warn(line, event);
    },
    error: (event, fields) => {
      const line = repeats(event, scalarFields(fields));
      if (line !== undefined) logger.error(line, event);
    },
  };
}

type Line = Record<string, unknown>;

/** The line to write, which says in `repeated` how many like it were not written before; none while it is too soon. */
function countRepeats(now: () => number): (event: string, line: Line) => Line | undefined {
  const remembered = new Map<string, { until: number; unwritten: number }>();
  return (event, line) => {
    // Whoever looks up a request by its id finds it.
    if (line['requestId'] !== undefined) return line;
    const name = JSON.stringify([event, line], whereItBegan);
    const last = remembered.get(name);
    if (last !== undefined && now() < last.until) {
      last.unwritten += 1;
      return undefined;
    }
    remembered.delete(name);
    const [oldest] = remembered.keys();
    if (remembered.size >= mostRemembered && oldest !== undefined) remembered.delete(oldest);
    remembered.set(name, { until: now() + quietMilliseconds, unwritten: 0 });
    return last === undefined || last.unwritten === 0 ? line : { ...line, repeated: last.unwritten };
  };
}

/** The way on which the same failure came up differs from time to time. */
function whereItBegan(name: string, value: unknown): unknown {
  return name === 'frames' && Array.isArray(value) ? value[0] : value;
}

function scalarFields(fields: (LogFields & { error?: unknown }) | undefined): Line {
  const line: Line = {};
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
    // gRPC's codes are numbers.
    ...(typeof code === 'string' || typeof code === 'number' ? { code: String(code).slice(0, 60) } : {}),
    frames: frames.slice(0, 8).map((line) => line.trim()),
    ...(error.cause === undefined || depth >= 4 ? {} : { cause: describeError(error.cause, depth + 1) }),
  };
}
