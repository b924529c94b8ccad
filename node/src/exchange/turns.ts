/** Does work of one name one after the other, in the order in which it came; work of another name meanwhile. */
export type Turns = <Result>(name: string, work: () => Promise<Result>) => Promise<Result>;

export function createTurns(): Turns {
  const latest = new Map<string, Promise<unknown>>();
  return (name, work) => {
    const before = latest.get(name) ?? Promise.resolve();
    const result = before.then(work);
    // Whoever follows waits for the end of this, whatever it is.
    const ended: Promise<unknown> = result.catch(() => undefined).then(() => forget());
    const forget = (): void => {
      if (latest.get(name) === ended) latest.delete(name);
    };
    latest.set(name, ended);
    return result;
  };
}
