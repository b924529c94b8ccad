/** What a store needs of PostgreSQL: one parameterised statement. */
export type Queryable = {
  query<Row extends object>(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ rows: Row[]; rowCount: number }>;
};

/** A database: statements of their own, or several in one transaction (committed when `work` resolves, else rolled back). */
export type Database = Queryable & {
  transaction<Result>(work: (tx: Queryable) => Promise<Result>): Promise<Result>;
};
