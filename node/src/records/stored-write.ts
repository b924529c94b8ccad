import type { PatientKey } from '../crypto/index.ts';
import { identifiersOf, labelsOf, type Resource, searchValues } from '../fhir/index.ts';
import { nationalIdSystem } from '../identity/index.ts';
import { clinicalDate } from './clinical-date.ts';
import { RecordsError } from './errors.ts';
import type { NewIdentifier } from './identifier-store.ts';
import type { VersionToSeal } from './seal-version.ts';
import type { NewVersion } from './store.ts';
import { identifierToken, idToken, keyOf } from './tokens.ts';
import type { RecordIndex } from './types.ts';
import { compartmentTokenIn, keyFor, type PendingWrite, type WriteContext } from './write-context.ts';

/** A write as it goes into the database: what is stored in the clear, and what is still to be sealed. */
export type StoredWrite = {
  write: PendingWrite;
  resource: Resource;
  row: NewVersion;
  identifiers: NewIdentifier[];
  toSeal: VersionToSeal;
};

/** Works out the resource, the tokens and the key of a write. */
export function storedWrite(write: PendingWrite, context: WriteContext): StoredWrite {
  const key = keyFor(context, write.owner);
  // Without a key the owner is unknown or was erased; which of the two is nobody's business.
  if (key === undefined) throw new RecordsError('RECORDS_PATIENT_UNKNOWN');
  const { keyStore, tenant } = context.deps;
  const { type, id, version, owner, change } = write;
  const resource = stored(write, context.at);
  const token = idToken(keyStore, type, id);
  const text = JSON.stringify(resource);
  return {
    write,
    resource,
    row: {
      idToken: token,
      version,
      ownerToken: key.token,
      compartmentToken: compartmentTokenIn(context, owner, type),
      deleted: change.kind === 'delete',
    },
    identifiers: newIdentifiers({ write, resource, key, token }, context),
    toSeal: {
      ...{ tenant, type, id, version, text, idToken: keyOf(token) },
      key: { wrapping: key.wrapping, index: key.index },
      index: JSON.stringify({ ...indexOf(write, resource), size: text.length }),
    },
  };
}

/** A deletion keeps the labels and the date of what it deletes, so that it stays as hidden as that was. */
function indexOf({ type, id, owner, change }: PendingWrite, resource: Resource): RecordIndex {
  const isDeletion = change.kind === 'delete';
  const { labels, date, until } = isDeletion
    ? change.predecessor.index
    : { labels: labelsOf(resource), ...clinicalDate(resource) };
  return {
    ...{ type, id, owner, labels },
    ...(date === undefined ? {} : { date }),
    ...(until === undefined ? {} : { until }),
    values: searchValues(resource),
    ...(isDeletion ? { deleted: true } : {}),
  };
}

/** The resource as it is stored: server-assigned id, version and time first (FHIR R4 resource.html §Meta). */
function stored({ type, id, version, change }: PendingWrite, at: Date): Resource {
  const own = { versionId: String(version), lastUpdated: at.toISOString() };
  if (change.kind === 'delete') return { resourceType: type, id, meta: own };
  const { resourceType: _type, id: _id, meta, ...elements } = change.resource;
  return { resourceType: type, id, meta: { ...meta, ...own }, ...elements };
}

function newIdentifiers(
  sealing: { write: PendingWrite; resource: Resource; key: PatientKey; token: Uint8Array },
  { deps }: WriteContext,
): NewIdentifier[] {
  const { write, resource, key, token } = sealing;
  return identifiersOf(resource).map((identifier) => ({
    token: identifierToken(deps.keyStore, write.type, identifier),
    idToken: token,
    ownerToken: key.token,
    exclusive: write.type === 'Patient' && identifier.system === nationalIdSystem,
  }));
}
