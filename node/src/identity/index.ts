export { actorOf, requireStaff } from './actor.ts';
export { type IdentityCode, IdentityError } from './errors.ts';
export * from './types.ts';
