type Statement = <Row extends object>(
  text: string,
  values?: readonly unknown[],
) => Promise<{ rows: Row[]; rowCount: number }>;

/** What a store needs of PostgreSQL: one parameterised statement. */
export type Queryable = {
  query: Statement;
  /**
   * Like `query`, for a select that locks nothing and calls no function that does: outside of a transaction, those of one
   * moment share a connection and a round trip.
   */
  select: Statement;
};

/** A database: statements of their own, or several in one transaction (committed when `work` resolves, else rolled back). */
export type Database = Queryable & {
  transaction<Result>(work: (tx: Queryable) => Promise<Result>): Promise<Result>;
};

/** in_failed_sql_transaction: says only that another statement of the transaction failed. */
const aftermath = '25P02';

/**
 * Waits for statements that were sent without waiting for each other. All of them have ended when this does, so that
 * none slips out of a transaction that one of them made fail; of several failures the first cause is thrown.
 */
export async function together<const Results extends readonly unknown[]>(
  statements: {
    [Place in keyof Results]: Promise<Results[Place]>;
  },
): Promise<Results> {
  const settled = await Promise.allSettled(statements as readonly Promise<unknown>[]);
  const failures = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
  if (failures.length > 0)
    throw failures.find((error) => (error as { code?: unknown }).code !== aftermath) ?? failures[0];
  return settled.map((each) => (each as PromiseFulfilledResult<unknown>).value) as unknown as Results;
}
