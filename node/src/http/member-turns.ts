import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { peerOf } from '../identity/index.ts';
import { HttpError } from './errors.ts';

export type MemberTurns = {
  /** Requests of one member that are worked on, or whose answers it has not taken yet: each may hold 16 MiB. */
  atOnce: number;
  /** More of them, whose bodies are not read yet. */
  waiting: number;
};

/** Half of what an honest node's process has under way with a partner at most. */
export const defaultTurns: MemberTurns = { atOnce: 8, waiting: 256 };

type Line = { working: number; waiting: Set<() => void> };

/**
 * Has each member's requests take turns, so that one that asks for hundreds of large answers and reads none of them can
 * neither fill this node's memory nor take its database connections from everybody else.
 */
export function takeTurns({ atOnce, waiting: mostWaiting }: MemberTurns): RequestHandler {
  const lines = new Map<string, Line>();
  return (_request: Request, response: Response, next: NextFunction) => {
    const { organizationId } = peerOf(response);
    const line = lines.get(organizationId) ?? { working: 0, waiting: new Set() };
    lines.set(organizationId, line);
    const leave = (): void => {
      line.working -= 1;
      const [following] = line.waiting;
      if (following !== undefined) following();
      else if (line.working === 0) lines.delete(organizationId);
    };
    const enter = (): void => {
      line.waiting.delete(enter);
      line.working += 1;
      response.once('close', leave);
      next();
    };
    if (line.working < atOnce) enter();
    else if (line.waiting.size >= mostWaiting) throw new HttpError('HTTP_RATE_LIMITED');
    else {
      line.waiting.add(enter);
      response.once('close', () => line.waiting.delete(enter));
    }
  };
}
