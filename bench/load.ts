/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown> | unknown): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** How a caller works: something it opens once, uses for one item after the other, and closes. */
export type Caller<Item, Held, Result> = {
  open(): Promise<Held>;
  work(item: Item, held: Held, index: number): Promise<Result>;
  close(held: Held): void;
};

/** Works through `items`, each once, with `callers` at a time; the results stand at their items' places. */
export async function eachOnce<Item, Held, Result>(
  items: readonly Item[],
  callers: number,
  caller: Caller<Item, Held, Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const entries = items.entries();
  const call = async (): Promise<void> => {
    const held = await caller.open();
    try {
      for (const [index, item] of entries) results[index] = await caller.work(item, held, index);
    } finally {
      caller.close(held);
    }
  };
  await Promise.all(Array.from({ length: Math.min(callers, items.length) }, call));
  return results;
}
