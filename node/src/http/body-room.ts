import { HttpError } from './errors.ts';

/** Bytes of bodies in memory at a time, of all requests together. */
const mostHeld = 192 * 1_048_576;
/** A body from this size on takes up to ten times as much to work on, and its turn. */
const largeFrom = 4 * 1_048_576;
const largeAtOnce = 2;

/** A response, as far as room is concerned. */
type Ending = { once(event: 'close', listener: () => void): unknown };

/** One request's share of the room for bodies; given back when its response is over. */
export type Place = {
  /** Counts bytes that came in; HTTP_UNAVAILABLE when there is no room for them. */
  hold(bytes: number): void;
  /** Waits for the turn of a large body; one whose client went away meanwhile is HTTP_BODY_ABORTED. */
  turn(): Promise<void>;
};

/** The room for bodies of one server: many clients, or a few with large Bundles, cannot use up the process' memory. */
export function createBodyRoom(): { enter(response: Ending): Place } {
  const waiting: (() => void)[] = [];
  let [held, working] = [0, 0];
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) working -= 1;
    else next();
  };
  return {
    enter: (response) => {
      let [own, isOver, hasTurn] = [0, false, false];
      response.once('close', () => {
        held -= own;
        isOver = true;
        if (hasTurn) leave();
      });
      return {
        hold: (bytes) => {
          if (isOver || held + bytes > mostHeld) throw new HttpError('HTTP_UNAVAILABLE');
          own += bytes;
          held += bytes;
        },
        turn: async () => {
          if (own < largeFrom) return;
          if (working < largeAtOnce) working += 1;
          else await new Promise<void>((resolve) => waiting.push(resolve));
          hasTurn = !isOver;
          if (hasTurn) return;
          leave();
          throw new HttpError('HTTP_BODY_ABORTED');
        },
      };
    },
  };
}
