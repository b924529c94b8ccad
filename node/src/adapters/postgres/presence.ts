import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { AppError } from '../../lib/errors.ts';
import type { Logger } from '../../lib/logger.ts';
import { keptAlive } from './pool.ts';

/** One process of a node among the others over the same database. */
export type Presence = {
  /** Whether this process does what only one should; never two for longer than it takes to notice a lost connection. */
  isLead(): boolean;
  /** Whether it hears the others. */
  isPresent(): boolean;
  close(): Promise<void>;
};

export type PresenceOptions = {
  url: string;
  /** What all processes must have alike, as one text; another's is REPLICA_DIFFERS. */
  registration: string;
  /** Channel of PostgreSQL's NOTIFY that the others tell news on. */
  channel: string;
  onNotice(payload: string): void;
  /** Told when news may be missed from now on, and when it is heard again. */
  onLost(): void;
  onHeard(): void;
  logger: Logger;
  beatMilliseconds?: number;
};

/** Advisory locks of this database: what a process is registered as (in two halves), and the lead. */
const registrationLock = 7_163_404;
const leadLock = 7_163_405;
const defaultBeat = 2_000;
const longestPause = 10_000;

/**
 * Keeps one connection for as long as the process lives: PostgreSQL itself tells the others when it is gone, however it
 * went. On it the process hears the others' news and holds its place among them. Rejects where that cannot be had.
 */
export async function openPresence(options: PresenceOptions): Promise<Presence> {
  const stop = new AbortController();
  const state = { present: false, lead: false };
  const first = await enter(options, state);
  const running = run(first, { options, state, signal: stop.signal });
  return {
    isLead: () => state.lead,
    isPresent: () => state.present,
    close: async () => {
      stop.abort();
      await running;
    },
  };
}

type State = { present: boolean; lead: boolean };
type Context = { options: PresenceOptions; state: State; signal: AbortSignal };
type Connection = { client: pg.Client; ended: Promise<void> };

async function run(first: Connection, context: Context): Promise<void> {
  const { options, state, signal } = context;
  let connection: Connection | undefined = first;
  for (let pause = 100; !signal.aborted; pause = Math.min(pause * 2, longestPause)) {
    try {
      connection ??= await enter(options, state);
      pause = 100;
      await beats(connection, context);
    } catch (error) {
      options.logger.warn('presence.lost', { error });
    }
    leave(state, options);
    await connection?.client.end().catch(() => undefined); // it is over either way
    connection = undefined;
    await delay(pause, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
  }
}

function leave(state: State, { onLost }: PresenceOptions): void {
  state.present = false;
  state.lead = false;
  onLost();
}

async function enter(options: PresenceOptions, state: State): Promise<Connection> {
  const client = new pg.Client({
    connectionString: options.url,
    connectionTimeoutMillis: 10_000,
    query_timeout: 5_000,
    keepAlive: true,
    options: keptAlive,
    application_name: 'medseal-presence',
  });
  const ended = new Promise<void>((resolve) => {
    client.once('end', resolve).on('error', () => resolve());
  });
  client.on('notification', ({ payload }) => options.onNotice(payload ?? ''));
  await client.connect();
  try {
    await requireAlike(client, options.registration);
    await client.query(`listen ${pg.escapeIdentifier(options.channel)}`);
    state.lead = await takeLead(client);
  } catch (cause) {
    await client.end().catch(() => undefined); // the reason to report is the first one
    throw cause;
  }
  state.present = true;
  options.onHeard();
  return { client, ended };
}

/** Says first what this process is and then looks at the others: of two that enter at once, at least one sees the other. */
async function requireAlike(client: pg.Client, registration: string): Promise<void> {
  await client.query('select pg_advisory_lock_shared($1, hashtext($2))', [registrationLock, registration]);
  const { rowCount } = await client.query(
    `select from pg_locks where locktype = 'advisory' and objsubid = 2 and classid = $1::bigint::oid
       and objid <> (hashtext($2)::bigint & 4294967295)::oid
       and database = (select oid from pg_database where datname = current_database())`,
    [registrationLock, registration],
  );
  if (rowCount !== 0)
    throw new AppError('REPLICA_DIFFERS', {
      message:
        'another process over this database has another certificate, URL, name or key: all processes of a node share them',
    });
}

async function takeLead(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [
    leadLock,
  ]);
  return rows[0]?.taken === true;
}

/** A connection that is dead without a word is found by asking on it. */
async function beats({ client, ended }: Connection, { options, state, signal }: Context): Promise<void> {
  const over = new AbortController();
  void ended.then(() => over.abort());
  const either = AbortSignal.any([over.signal, signal]);
  while (!either.aborted) {
    await delay(options.beatMilliseconds ?? defaultBeat, undefined, { signal: either }).catch(
      () => undefined,
    );
    if (either.aborted) break;
    if (state.lead) await client.query('select 1');
    else state.lead = await takeLead(client);
  }
  if (over.signal.aborted && !signal.aborted) throw new Error('the connection ended');
}
