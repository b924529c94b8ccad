import type { KeyStore } from '../crypto/index.ts';
import { RecordsError } from './errors.ts';
import type { Caller } from './types.ts';

/** Where the next page begins: after a version, or at a place of a sorted list. */
export type Position = { before: string } | { offset: number };

/** What a cursor belongs to: it continues the same query of the same caller, nothing else. */
export type CursorBinding = { caller: Caller; query: string };

/** A position nobody can read or forge: how many rows lie between two shown ones is not for the client. */
export function sealCursor(position: Position, binding: CursorBinding, keyStore: KeyStore): string {
  const text = JSON.stringify(
    'before' in position ? ['before', position.before] : ['offset', position.offset],
  );
  const sealed = keyStore.wrapKey(Buffer.from(text, 'utf8'), contextOf(binding, keyStore));
  return Buffer.from(sealed).toString('base64url');
}

/** Opens `sealCursor`; anything else is RECORDS_CURSOR_INVALID. */
export function openCursor(cursor: string, binding: CursorBinding, keyStore: KeyStore): Position {
  try {
    const opened = keyStore.unwrapKey(Buffer.from(cursor, 'base64url'), contextOf(binding, keyStore));
    const [kind, value] = JSON.parse(Buffer.from(opened).toString('utf8')) as [string, string | number];
    return kind === 'before' ? { before: String(value) } : { offset: Number(value) };
  } catch (cause) {
    throw new RecordsError('RECORDS_CURSOR_INVALID', { cause });
  }
}

function contextOf({ caller, query }: CursorBinding, keyStore: KeyStore): string {
  const { actor } = caller;
  const who =
    actor.kind === 'staff'
      ? actor.staffId
      : actor.kind === 'patient'
        ? actor.patientId
        : actor.kind === 'peer'
          ? [actor.organizationId, actor.staff.staffId]
          : actor.name;
  const token = keyStore.token('cursor', JSON.stringify([actor.kind, who, caller.purpose, query]));
  return `cursor/${Buffer.from(token).toString('hex')}`;
}
