import type { KeyStore } from '../crypto/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Database } from '../lib/sql.ts';

/** Counts a public request of an address; how many it made in this minute, at all processes of the node together. */
export type PublicRequests = (address: string) => Promise<number>;

const minuteMs = 60_000;

/** Counts in the database: whoever guesses enrolment codes gains nothing by guessing at several processes. */
export function countPublicRequests(deps: {
  db: Database;
  keyStore: Pick<KeyStore, 'token'>;
  clock: Clock;
}): PublicRequests {
  const { db, keyStore, clock } = deps;
  return async (address) => {
    const now = clock.now().getTime();
    const minute = new Date(now - (now % minuteMs));
    const { rows } = await db.query<{ used: number }>(
      `insert into public_request as counted (address_token, minute, used) values ($1, $2, 1)
       on conflict (address_token, minute) do update set used = counted.used + 1 returning used`,
      [keyStore.token('public-request', address), minute],
    );
    const [row] = rows;
    if (row?.used === 1) await forgetBefore(new Date(minute.getTime() - minuteMs), db);
    return row?.used ?? Number.POSITIVE_INFINITY;
  };
}

async function forgetBefore(minute: Date, db: Database): Promise<void> {
  await db.query('delete from public_request where minute < $1', [minute]);
}
