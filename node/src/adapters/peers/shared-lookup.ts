import type { LookupFunction } from 'node:net';

type Answered = Parameters<LookupFunction>[2];

/**
 * Asks for a name once at a time, however many connections wait for it. The system's resolver cannot be told to give up, and
 * works on two names at a time: a partner whose name never resolves would keep all others from being found.
 */
export function sharedLookup(lookup: LookupFunction): LookupFunction {
  const waiting = new Map<string, Answered[]>();
  return (hostname, options, answered) => {
    const question = JSON.stringify([hostname, options]);
    const asked = waiting.get(question);
    if (asked !== undefined) {
      asked.push(answered);
      return;
    }
    const all = [answered];
    waiting.set(question, all);
    lookup(hostname, options, (...answer) => {
      waiting.delete(question);
      for (const each of all) each(...answer);
    });
  };
}
