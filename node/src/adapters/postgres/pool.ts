import pg from 'pg';
import type { Database, Queryable } from '../../lib/sql.ts';

export type PostgresDatabase = Database & { close(): Promise<void> };

/** Runs one statement; `rowCount` is 0 where PostgreSQL reports none. Multi-statement texts are possible without values only. */
function queryable(client: { query: pg.Pool['query'] }): Queryable {
  return {
    async query<Row extends object>(text: string, values?: readonly unknown[]) {
      const result = await client.query<Row>(text, values === undefined ? undefined : [...values]);
      return { rows: result.rows, rowCount: result.rowCount ?? 0 };
    },
  };
}

/** A connection that broke is discarded; a healthy one goes back to the pool. */
async function inTransaction<Result>(
  pool: pg.Pool,
  work: (tx: Queryable) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // A connection that is lost between two statements says so by an event, which unheard would end the process.
  const lose = (error: Error): void => {
    broken = error;
  };
  client.on('error', lose);
  try {
    await client.query('begin');
    const result = await work(queryable(client));
    await client.query('commit');
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
 * A statement may run 30 s and wait 10 s for a lock; an idle transaction is ended after 60 s.
 */
export function openDatabase(
  url: string,
  options: { maxConnections?: number; onError?: (error: Error) => void } = {},
): PostgresDatabase {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.maxConnections ?? 10,
    statement_timeout: 30_000,
    lock_timeout: 10_000,
    idle_in_transaction_session_timeout: 60_000,
    connectionTimeoutMillis: 10_000,
    application_name: 'medseal',
  });
  pool.on('error', (error) => options.onError?.(error));
  return {
    ...queryable(pool),
    transaction: (work) => inTransaction(pool, work),
    close: () => pool.end(),
  };
}
