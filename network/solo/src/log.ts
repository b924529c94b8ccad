/** Structured log of the ledger: one event a line. */
export type Log = (event: string, fields?: Record<string, string | number | boolean>) => void;

export const silentLog: Log = () => {};

/** Writes JSON lines to standard output. */
export const jsonLog: Log = (event, fields = {}) => {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
};
