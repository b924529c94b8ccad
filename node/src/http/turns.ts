import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { HttpError } from './errors.ts';

/** How many requests of one caller are worked on, or their answers not taken yet, and how many more may wait, their bodies unread. */
export type Turns = { atOnce: number; waiting: number };

/** Of a member: half of what an honest node's process has under way with a partner. Each may hold an answer of 16 MiB. */
export const memberTurns: Turns = { atOnce: 8, waiting: 256 };
/** Of whoever asks for much work; how many may wait is bounded by what one actor may have under way. */
export const costlyTurns: Turns = { atOnce: 1, waiting: 256 };

type Line = { working: number; waiting: Set<() => void> };

/**
 * Has each caller's requests take turns, so that one that asks for hundreds of large answers and reads none of them can
 * neither fill this node's memory nor take its time and database connections from everybody else.
 */
export function takeTurns(
  { atOnce, waiting: mostWaiting }: Turns,
  callerOf: (response: Response) => string,
): RequestHandler {
  const lines = new Map<string, Line>();
  return (_request: Request, response: Response, next: NextFunction) => {
    // Who has left is told no more that the response closed.
    if (response.closed) return;
    const caller = callerOf(response);
    const line = lines.get(caller) ?? { working: 0, waiting: new Set() };
    lines.set(caller, line);
    const leave = (): void => {
      line.working -= 1;
      const [following] = line.waiting;
      if (following !== undefined) following();
      else if (line.working === 0) lines.delete(caller);
    };
    const enter = (): void => {
      line.waiting.delete(enter);
      line.working += 1;
      response.once('close', leave);
      next();
    };
    if (line.working < atOnce) enter();
    else if (line.waiting.size >= mostWaiting) next(new HttpError('HTTP_RATE_LIMITED'));
    else {
      line.waiting.add(enter);
      response.once('close', () => line.waiting.delete(enter));
    }
  };
}
