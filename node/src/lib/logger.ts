/** Structured log: one event a line, ids only; never a name, diagnosis, token, key or body. */
export type Logger = {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields & { error?: unknown }): void;
};

export type LogFields = Record<string, string | number | boolean | null | undefined | unknown>;

export const silentLogger: Logger = { info() {}, warn() {}, error() {} };
