import { IdentityError } from './errors.ts';
import type { Actor, Role, Staff } from './types.ts';

/** The part of an express Response that carries the authenticated actor. */
export type ActorCarrier = { locals: Record<string, unknown> };

/** Who acts in this request. Set by http/authenticate.ts alone; a route reached without an actor is refused. */
export function actorOf(response: ActorCarrier): Actor {
  const actor = response.locals['actor'];
  if (actor === undefined) throw new IdentityError('IDENTITY_ACTOR_MISSING');
  return actor as Actor;
}

/** The acting member of staff when they hold one of `allowed`; everybody else is refused. */
export function requireStaff(response: ActorCarrier, allowed: readonly Role[]): Staff {
  const actor = actorOf(response);
  if (actor.kind !== 'staff' || !actor.roles.some((role) => allowed.includes(role))) {
    throw new IdentityError('IDENTITY_FORBIDDEN');
  }
  return actor;
}
