import type pg from 'pg';
import type { Queryable } from '../../lib/sql.ts';

type Waiting = { send(client: Queryable): Promise<unknown>; fail(error: unknown): void };
type Clients = { connect(): Promise<pg.PoolClient>; queryableOf(client: pg.PoolClient): Queryable };

/** A slow statement holds up what was sent behind it on its connection, so that no more than these share one. */
const mostTogether = 16;

/**
 * Selects that are asked for in one moment are sent on one connection in one go, each answered by itself. For statements
 * that wait for no lock only: what waits could wait for a transaction that waits for a statement behind it.
 */
export function createSelects(clients: Clients): Queryable['select'] {
  let waiting: Waiting[] = [];
  const sendAll = (): void => {
    const sent = waiting;
    waiting = [];
    for (let at = 0; at < sent.length; at += mostTogether)
      void sendOn(clients, sent.slice(at, at + mostTogether)); // every failure is handed to its statement
  };
  return (text, values) =>
    new Promise((resolve, reject) => {
      // Everything that has arrived by now is looked at before the first of it is sent.
      if (waiting.length === 0) setImmediate(sendAll);
      waiting.push({
        send: (client) => client.select<never>(text, values).then(resolve, reject),
        fail: reject,
      });
    });
}

async function sendOn({ connect, queryableOf }: Clients, statements: readonly Waiting[]): Promise<void> {
  let client: pg.PoolClient;
  try {
    client = await connect();
  } catch (error) {
    for (const { fail } of statements) fail(error);
    return;
  }
  let broken: Error | undefined;
  const lose = (error: Error): void => {
    broken = error;
  };
  client.on('error', lose);
  const own = queryableOf(client);
  await Promise.all(statements.map(({ send }) => send(own)));
  client.off('error', lose);
  client.release(broken);
}
