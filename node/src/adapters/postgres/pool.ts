import pg from 'pg';
import { AppError } from '../../lib/errors.ts';
import type { Database, Queryable } from '../../lib/sql.ts';
import { GatheringSocket } from './gathering-socket.ts';
import { createSelects } from './selects.ts';

export type PostgresDatabase = Database & { close(): Promise<void> };

/** Texts that keep a prepared statement on each connection. The program's own are far fewer, and none is made up as it runs. */
const mostPrepared = 500;

/** The server finds within half a minute that a client's machine is gone, and lets go of the locks that it held. */
export const keptAlive = '-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3';

type NameOf = (text: string) => string | undefined;

/** The same name for the same text; the server parses and plans a named statement once a connection. */
function createNames(): NameOf {
  const names = new Map<string, string>();
  return (text) => {
    const known = names.get(text);
    if (known !== undefined || names.size >= mostPrepared) return known;
    const name = `s${names.size}`;
    names.set(text, name);
    return name;
  };
}

/** What the driver itself says has no code: no free connection, one that broke, an answer that did not come. */
function named(error: unknown): unknown {
  const isDrivers = error instanceof Error && error.name === 'Error' && !('code' in error);
  return isDrivers ? new AppError('DATABASE_UNAVAILABLE', { cause: error }) : error;
}

async function orNamed<Result>(answer: Promise<Result>): Promise<Result> {
  try {
    return await answer;
  } catch (error) {
    throw named(error);
  }
}

/** Runs one statement; `rowCount` is 0 where PostgreSQL reports none. Multi-statement texts are possible without values only. */
function queryable(client: { query: pg.Pool['query'] }, nameOf: NameOf): Queryable {
  const query = async <Row extends object>(text: string, values?: readonly unknown[]) => {
    const name = values === undefined ? undefined : nameOf(text);
    const result = await orNamed(
      client.query<Row>({
        text,
        ...(name === undefined ? {} : { name }),
        ...(values === undefined ? {} : { values: [...values] }),
      }),
    );
    return { rows: result.rows, rowCount: result.rowCount ?? 0 };
  };
  return { query, select: query };
}

/** A connection that broke is discarded; a healthy one goes back to the pool. */
async function inTransaction<Result>(
  pool: pg.Pool,
  nameOf: NameOf,
  work: (tx: Queryable) => Promise<Result>,
): Promise<Result> {
  const client = await orNamed(pool.connect());
  let broken: Error | undefined;
  // A connection that is lost between two statements says so by an event, which unheard would end the process.
  const lose = (error: Error): void => {
    broken = error;
  };
  client.on('error', lose);
  try {
    // Sent ahead of the first statement in one go with it; should it fail, nothing is committed.
    const begun = client.query('begin');
    begun.catch(() => undefined);
    const result = await work(queryable(client, nameOf));
    await orNamed(begun);
    await orNamed(client.query('commit'));
    return result;
  } catch (cause) {
    await client.query('rollback').catch(lose);
    throw cause;
  } finally {
    client.off('error', lose);
    client.release(broken);
  }
}

/**
 * Opens a pool on `url`. Bytea comes back as Buffer, int8 as string, timestamptz as Date.
 * A statement may run 30 s and wait 10 s for a lock; an idle transaction is ended after 60 s. The server sees to that, and
 * a server that is frozen or cut off does not: what has no answer after 40 s, or no connection after 10 s, is
 * DATABASE_UNAVAILABLE. Whether such a statement took effect is not known, as with a connection that broke.
 */
export function openDatabase(
  url: string,
  options: {
    maxConnections?: number;
    onError?: (error: Error) => void;
    /** 0: wait without end, for what runs on without a limit. */
    answerMilliseconds?: number;
    connectMilliseconds?: number;
  } = {},
): PostgresDatabase {
  const pool = new pg.Pool({
    connectionString: url,
    pipeline: true,
    stream: () => new GatheringSocket(),
    max: options.maxConnections ?? 10,
    statement_timeout: 30_000,
    lock_timeout: 10_000,
    idle_in_transaction_session_timeout: 60_000,
    connectionTimeoutMillis: options.connectMilliseconds ?? 10_000,
    query_timeout: options.answerMilliseconds ?? 40_000,
    options: keptAlive,
    application_name: 'medseal',
  });
  pool.on('error', (error) => options.onError?.(error));
  const nameOf = createNames();
  return {
    ...queryable(pool, nameOf),
    select: createSelects({
      connect: () => orNamed(pool.connect()),
      queryableOf: (client) => queryable(client, nameOf),
    }),
    transaction: (work) => inTransaction(pool, nameOf, work),
    close: () => pool.end(),
  };
}
