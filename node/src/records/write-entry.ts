import { assignLabels, type PlannedEntry } from '../fhir/index.ts';
import type { WriteEntry } from './write-context.ts';

/** The write an entry of a Bundle asks for; undefined for a reading one. Security labels are set here, at intake. */
export function toWriteEntry({ index, fullUrl, request, resource }: PlannedEntry): WriteEntry | undefined {
  const place = { position: index, fullUrl, type: request.type };
  if (request.interaction === 'delete') {
    return { ...place, interaction: 'delete', id: request.id, ifMatch: request.ifMatch };
  }
  if (resource === undefined) return undefined;
  const labelled = assignLabels(resource);
  switch (request.interaction) {
    case 'create':
      return { ...place, interaction: 'create', ifNoneExist: request.ifNoneExist, resource: labelled };
    case 'update':
      return {
        ...place,
        interaction: 'update',
        id: request.id,
        ifMatch: request.ifMatch,
        resource: labelled,
      };
    default:
      return undefined;
  }
}
