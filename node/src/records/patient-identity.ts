import { sealIndex } from '../crypto/index.ts';
import { identifiersOf } from '../fhir/index.ts';
import { type NationalId, nationalIdSystem, parseNationalId } from '../identity/index.ts';
import type { PatientId } from '../lib/brand.ts';
import { upsertIdentities } from './identity-store.ts';
import type { SealedWrite } from './seal-write.ts';
import { identifierToken, patientIdentityAddress } from './tokens.ts';
import { keyFor, type WriteContext } from './write-context.ts';

/** What is sealed under the patient's key, so that a pseudonym leads back to the patient. */
export type PatientIdentity = { patientId: PatientId; nationalId?: NationalId };

/**
 * Notes the identity of the patients that are written. The pseudonym itself is asked for later, by the worker: taking a
 * patient in does not wait for the regulator's node.
 */
export async function savePatients(sealed: readonly SealedWrite[], context: WriteContext): Promise<void> {
  const { tx, deps, at } = context;
  const identities = sealed.flatMap(({ write }) => {
    const { type, id, change } = write;
    const key = keyFor(context, write.owner);
    if (type !== 'Patient' || change.kind === 'delete' || key === undefined) return [];
    const nationalId = nationalIdOf(change.resource);
    const identity: PatientIdentity = { patientId: id as PatientId, ...(nationalId ? { nationalId } : {}) };
    const address = patientIdentityAddress(deps.tenant, key.token);
    return [
      {
        patientToken: key.token,
        sealed: sealIndex(JSON.stringify(identity), { key, address }),
        nationalIdToken: nationalId
          ? identifierToken(deps.keyStore, 'Patient', { system: nationalIdSystem, value: nationalId })
          : undefined,
      },
    ];
  });
  await upsertIdentities(tx, identities, at);
}

/** The resident identity number of a Patient; an invalid one is refused (GB 11643). */
export function nationalIdOf(patient: Parameters<typeof identifiersOf>[0]): NationalId | undefined {
  const identifier = identifiersOf(patient).find(({ system }) => system === nationalIdSystem);
  return identifier === undefined ? undefined : parseNationalId(identifier.value);
}
