import type { Database, Queryable } from '../../lib/sql.ts';

/** What a database of a killed process throws. */
export class Killed extends Error {}

/** A database whose process dies around its n-th statement or commit: nothing later happens. */
export function dyingDatabase(db: Database, dieAt: number, executed: boolean): Database {
  let step = 0;
  const around = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    step += 1;
    if (step > dieAt || (step === dieAt && !executed)) throw new Killed();
    const result = await work();
    if (step === dieAt) throw new Killed();
    return result;
  };
  const wrap = (inner: Queryable): Queryable => ({
    query: (text, values) => around(() => inner.query(text, values)),
    select: (text, values) => around(() => inner.select(text, values)),
  });
  return {
    ...wrap(db),
    transaction: async (work) => {
      const result = await db.transaction((tx) => work(wrap(tx)));
      return around(async () => result);
    },
  };
}
