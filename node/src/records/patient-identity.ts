import { sealIndex } from '../crypto/index.ts';
import { identifiersOf } from '../fhir/index.ts';
import { IdentityError, type NationalId, nationalIdSystem, parseNationalId } from '../identity/index.ts';
import type { PatientId } from '../lib/brand.ts';
import { deleteIdentities, type NewIdentity, upsertIdentities } from './identity-store.ts';
import type { StoredWrite } from './stored-write.ts';
import { identifierToken, patientIdentityAddress } from './tokens.ts';
import { keyFor, type PendingWrite, type WriteContext } from './write-context.ts';

/** What is sealed under the patient's key, so that a pseudonym leads back to the patient. */
export type PatientIdentity = { patientId: PatientId; nationalId?: NationalId };

/**
 * Notes the identity of the patients that are written. The pseudonym itself is asked for later, by the worker: taking a
 * patient in does not wait for the regulator's node.
 */
export async function savePatients(stored: readonly StoredWrite[], context: WriteContext): Promise<void> {
  const { tx, at } = context;
  const patients = stored.filter(({ write }) => write.type === 'Patient');
  const deleted = patients.filter(({ write }) => write.change.kind === 'delete');
  await deleteIdentities(
    tx,
    deleted.map(({ row }) => row.ownerToken),
  );
  await upsertIdentities(
    tx,
    patients.flatMap(({ write }) => identityOf(write, context) ?? []),
    at,
  );
}

function identityOf(write: PendingWrite, context: WriteContext): NewIdentity | undefined {
  const { deps } = context;
  const key = keyFor(context, write.owner);
  if (write.change.kind === 'delete' || key === undefined) return undefined;
  const nationalId = nationalIdOf(write.change.resource);
  const identity: PatientIdentity = {
    patientId: write.id as PatientId,
    ...(nationalId === undefined ? {} : { nationalId }),
  };
  const address = patientIdentityAddress(deps.tenant, key.token);
  const identifier = { system: nationalIdSystem, value: nationalId ?? '' };
  return {
    patientToken: key.token,
    sealed: sealIndex(JSON.stringify(identity), { key, address }),
    nationalIdToken:
      nationalId === undefined ? undefined : identifierToken(deps.keyStore, 'Patient', identifier),
  };
}

/** The resident identity number of a Patient; an invalid one is refused (GB 11643), and so are two of different people. */
export function nationalIdOf(patient: Parameters<typeof identifiersOf>[0]): NationalId | undefined {
  const own = identifiersOf(patient).filter(({ system }) => system === nationalIdSystem);
  const [nationalId, ...others] = new Set(own.map(({ value }) => parseNationalId(value)));
  if (others.length > 0) throw new IdentityError('IDENTITY_NATIONAL_ID_INVALID');
  return nationalId;
}
