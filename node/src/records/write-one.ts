import { assignLabels, type Identifier, type Resource } from '../fhir/index.ts';
import { RecordsError } from './errors.ts';
import { ingest } from './ingest.ts';
import type { RecordsDeps } from './records-deps.ts';
import type { Caller, WriteResult } from './types.ts';
import type { WriteEntry } from './write-context.ts';

type Context = { caller: Caller; deps: RecordsDeps };

/** Creates one record; where `ifNoneExist` finds one, that is the answer (status 200) and nothing is written. */
export function createRecord(
  { resource, ifNoneExist }: { resource: Resource; ifNoneExist?: Identifier | undefined },
  context: Context,
): Promise<WriteResult> {
  const type = resource.resourceType;
  return writeOne(
    { ...single, type, interaction: 'create', ifNoneExist, resource: assignLabels(resource) },
    context,
  );
}

/** Replaces the version `ifMatch` of a record; RECORDS_VERSION_CONFLICT when it is not the current one. */
export function updateRecord(
  { resource, id, ifMatch }: { resource: Resource; id: string; ifMatch: string | undefined },
  context: Context,
): Promise<WriteResult> {
  const type = resource.resourceType;
  if (resource.id !== id) throw new RecordsError('RECORDS_ID_MISMATCH');
  return writeOne(
    { ...single, type, interaction: 'update', id, ifMatch, resource: assignLabels(resource) },
    context,
  );
}

/** Deletes a record: its versions stay in the history, the last one says that it is gone. */
export function deleteRecord(
  { type, id, ifMatch }: { type: string; id: string; ifMatch: string | undefined },
  context: Context,
): Promise<WriteResult> {
  return writeOne({ ...single, type, interaction: 'delete', id, ifMatch }, context);
}

const single = { position: 0, fullUrl: undefined };

async function writeOne(entry: WriteEntry, context: Context): Promise<WriteResult> {
  const request = { entries: [entry], conditionalReferences: [] };
  const result = (await ingest(request, { ...context, interaction: entry.interaction })).get(0);
  if (result === undefined) throw new RecordsError('RECORDS_UNAVAILABLE');
  return result;
}
