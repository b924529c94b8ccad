import { directoryToken } from '../crypto/index.ts';
import { RecordsError } from './errors.ts';
import { localReferences } from './local-references.ts';
import { findCurrent } from './store.ts';
import { idToken, keyOf, type Owner } from './tokens.ts';
import { ownerTokenIn, type PendingWrite, referenceOf, type WriteContext } from './write-context.ts';

/**
 * A record may refer to records of the same patient and to the directory. Anything else would let `_include` reach
 * another patient, and a reference to nothing would tell what exists; both are the same RECORDS_REFERENCE_UNKNOWN.
 */
export async function checkReferences(writes: readonly PendingWrite[], context: WriteContext): Promise<void> {
  const { deps } = context;
  const tokens = new Map<Owner, string>();
  for (const { owner } of writes) {
    if (!tokens.has(owner)) tokens.set(owner, keyOf(ownerTokenIn(context, owner)));
  }
  const owners = new Map<string, string | undefined>();
  for (const write of writes) owners.set(referenceOf(write), tokens.get(write.owner));
  const used = usesOf(writes);
  await addStored(
    owners,
    [...used.keys()].filter((target) => !owners.has(target)),
    context,
  );
  const directory = keyOf(directoryToken(deps.keyStore));
  for (const [target, users] of used) {
    const owner = owners.get(target);
    const isOwn = [...users].every((user) => tokens.get(user) === owner);
    if (owner !== directory && !isOwn) throw new RecordsError('RECORDS_REFERENCE_UNKNOWN');
  }
}

/** What is referred to, and by whose records. */
function usesOf(writes: readonly PendingWrite[]): Map<string, Set<Owner>> {
  const used = new Map<string, Set<Owner>>();
  for (const { change, owner } of writes) {
    if (change.kind === 'delete') continue;
    for (const target of localReferences(change.resource)) {
      const users = used.get(target);
      if (users === undefined) used.set(target, new Set([owner]));
      else users.add(owner);
    }
  }
  return used;
}

/** The owners of records that are stored already, from their rows; nothing is opened. */
async function addStored(
  owners: Map<string, string | undefined>,
  references: readonly string[],
  { tx, deps }: WriteContext,
): Promise<void> {
  const byToken = new Map<string, { reference: string; token: Uint8Array }>();
  for (const reference of references) {
    const [type = '', id = ''] = reference.split('/');
    const token = idToken(deps.keyStore, type, id);
    byToken.set(keyOf(token), { reference, token });
  }
  const rows = await findCurrent(
    tx,
    [...byToken.values()].map(({ token }) => token),
  );
  for (const row of rows) {
    const reference = byToken.get(keyOf(row.id_token))?.reference;
    if (reference !== undefined && !row.deleted) owners.set(reference, keyOf(row.patient_token));
  }
}
