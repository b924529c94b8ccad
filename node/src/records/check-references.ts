import { directoryToken } from '../crypto/index.ts';
import { RecordsError } from './errors.ts';
import { localReferences } from './local-references.ts';
import { findCurrent } from './store.ts';
import { idToken, keyOf } from './tokens.ts';
import { ownerTokenIn, type PendingWrite, referenceOf, type WriteContext } from './write-context.ts';

/**
 * A record may refer to records of the same patient and to the directory. Anything else would let `_include` reach
 * another patient, and a reference to nothing would tell what exists; both are the same RECORDS_REFERENCE_UNKNOWN.
 */
export async function checkReferences(writes: readonly PendingWrite[], context: WriteContext): Promise<void> {
  const { deps } = context;
  const owners = new Map<string, string>();
  for (const write of writes) owners.set(referenceOf(write), keyOf(ownerTokenIn(context, write.owner)));
  const used = writes.flatMap(usesOf);
  const unknown = new Set(used.filter(({ target }) => !owners.has(target)).map(({ target }) => target));
  await addStored(owners, unknown, context);
  const directory = keyOf(directoryToken(deps.keyStore));
  for (const { target, write } of used) {
    const owner = owners.get(target);
    if (owner !== directory && owner !== owners.get(referenceOf(write))) {
      throw new RecordsError('RECORDS_REFERENCE_UNKNOWN');
    }
  }
}

function usesOf(write: PendingWrite): { target: string; write: PendingWrite }[] {
  if (write.change.kind === 'delete') return [];
  return [...localReferences(write.change.resource)].map((target) => ({ target, write }));
}

/** The owners of records that are stored already, from their rows; nothing is opened. */
async function addStored(
  owners: Map<string, string>,
  references: ReadonlySet<string>,
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
