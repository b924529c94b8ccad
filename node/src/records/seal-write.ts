import { commitRecord } from '@medseal/evidence';
import { type PatientKey, sealIndex, sealRecord } from '../crypto/index.ts';
import { identifiersOf, labelsOf, type Resource, searchValues } from '../fhir/index.ts';
import { nationalIdSystem } from '../identity/index.ts';
import { clinicalDate } from './clinical-date.ts';
import { RecordsError } from './errors.ts';
import type { NewIdentifier } from './identifier-store.ts';
import type { NewVersion } from './store.ts';
import { compartmentToken, identifierToken, idToken } from './tokens.ts';
import type { RecordIndex } from './types.ts';
import { keyFor, type PendingWrite, type WriteContext } from './write-context.ts';

/** A version ready for the database, and what is committed to the log. */
export type SealedWrite = {
  write: PendingWrite;
  row: NewVersion;
  digest: Uint8Array;
  identifiers: NewIdentifier[];
  resource: Resource;
};

/** Seals one version: the record under a content key of its own, its index under the owner's. Pure CPU, no I/O. */
export function sealWrite(write: PendingWrite, context: WriteContext): SealedWrite {
  const key = keyFor(context, write.owner);
  // Without a key the owner is unknown or was erased; which of the two is nobody's business.
  if (key === undefined) throw new RecordsError('RECORDS_PATIENT_UNKNOWN');
  const { keyStore, tenant } = context.deps;
  const resource = stored(write, context.at);
  const address = { tenant, type: write.type, id: write.id, version: write.version };
  const text = JSON.stringify(resource);
  const { sealed, leafSalt } = sealRecord(text, { key, address });
  const token = idToken(keyStore, write.type, write.id);
  const index = sealIndex(JSON.stringify({ ...indexOf(write, resource), size: text.length }), {
    key,
    address: { tenant, idToken: token, version: write.version },
  });
  return {
    write,
    row: {
      idToken: token,
      version: write.version,
      ownerToken: key.token,
      compartmentToken: compartmentToken(keyStore, write.owner, write.type),
      deleted: write.change.kind === 'delete',
      wrappedKey: sealed.wrappedKey,
      index,
      body: sealed.body,
    },
    digest: commitRecord(resource, leafSalt),
    identifiers: newIdentifiers({ write, resource, key, token }, context),
    resource,
  };
}

/** The resource as it is stored: server-assigned id, version and time first (FHIR R4 resource.html §Meta). */
function stored({ type, id, version, change }: PendingWrite, at: Date): Resource {
  const own = { versionId: String(version), lastUpdated: at.toISOString() };
  if (change.kind === 'delete') return { resourceType: type, id, meta: own };
  const { resourceType: _type, id: _id, meta, ...elements } = change.resource;
  return { resourceType: type, id, meta: { ...meta, ...own }, ...elements };
}

/** A deletion keeps the labels and the date of what it deletes, so that it stays as hidden as that was. */
function indexOf({ type, id, owner, change }: PendingWrite, resource: Resource): RecordIndex {
  if (change.kind === 'delete') {
    const { labels, date } = change.predecessor.index;
    const values = searchValues(resource);
    return { type, id, owner, labels, ...(date === undefined ? {} : { date }), values, deleted: true };
  }
  const date = clinicalDate(resource);
  const labels = labelsOf(resource);
  return { type, id, owner, labels, ...(date === undefined ? {} : { date }), values: searchValues(resource) };
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
