import type { OperationOutcomeIssue } from './errors.ts';
import { operationOutcome } from './outcome.ts';
import type { Resource } from './types.ts';

/** What became of one entry of a transaction or batch. */
export type EntryResult = {
  /** `201 Created`, `200 OK`, `204 No Content`, or the status of a refusal. */
  status: string;
  /** `Patient/1/_history/1`. */
  location?: string;
  versionId?: string;
  lastModified?: string;
  resource?: Resource;
  issues?: readonly OperationOutcomeIssue[];
};

/** The answer to a transaction or batch; `results` in the order of the request's entries (FHIR R4 http.html §transaction response). */
export function responseBundle(kind: 'transaction' | 'batch', results: readonly EntryResult[]): Resource {
  return bundle(`${kind}-response`, {
    entry: results.map(({ status, location, versionId, lastModified, resource, issues }) => ({
      ...(resource ? { resource } : {}),
      response: {
        status,
        ...(location === undefined ? {} : { location }),
        ...(versionId === undefined ? {} : { etag: `W/"${versionId}"` }),
        ...(lastModified === undefined ? {} : { lastModified }),
        ...(issues ? { outcome: operationOutcome(issues) } : {}),
      },
    })),
  });
}

export type PageLinks = { self: string; next?: string | undefined };

/** A resource that is JSON already. */
export type JsonResource = { type: string; id: string; json: string };

/**
 * The JSON of a page of a search or of `$everything`: matches first, then what was included. The resources stand in it as
 * they are stored: parsing them to write them again would cost more than the rest of a search.
 */
export function searchsetJson(page: {
  base: string;
  links: PageLinks;
  total?: number | undefined;
  matches: readonly JsonResource[];
  included?: readonly JsonResource[];
}): string {
  const entry =
    (mode: 'match' | 'include') =>
    ({ type, id, json }: JsonResource): string =>
      `{"fullUrl":${JSON.stringify(`${page.base}/${type}/${id}`)},"resource":${json},"search":{"mode":"${mode}"}}`;
  const entries = [...page.matches.map(entry('match')), ...(page.included ?? []).map(entry('include'))];
  const frame = bundle('searchset', { total: page.total, link: linksOf(page.links), entry: [] });
  const head = JSON.stringify(frame).slice(0, -1);
  return entries.length === 0 ? `${head}}` : `${head},"entry":[${entries.join(',')}]}`;
}

export type HistoryVersion = {
  type: string;
  id: string;
  versionId: string;
  lastUpdated: string;
  /** Absent where the version is a deletion. */
  resource?: Resource;
};

/** A page of versions, newest first (FHIR R4 http.html §history). */
export function historyBundle(page: {
  base: string;
  links: PageLinks;
  total?: number | undefined;
  versions: readonly HistoryVersion[];
}): Resource {
  return bundle('history', {
    total: page.total,
    link: linksOf(page.links),
    entry: page.versions.map((version) => historyEntry(page.base, version)),
  });
}

function historyEntry(base: string, { type, id, versionId, lastUpdated, resource }: HistoryVersion): object {
  const { method, status } = eventOf(versionId, resource);
  return {
    fullUrl: `${base}/${type}/${id}`,
    ...(resource ? { resource } : {}),
    request: { method, url: method === 'POST' ? type : `${type}/${id}` },
    response: { status, etag: `W/"${versionId}"`, lastModified: lastUpdated },
  };
}

function eventOf(versionId: string, resource: Resource | undefined): { method: string; status: string } {
  if (!resource) return { method: 'DELETE', status: '204 No Content' };
  return versionId === '1' ? { method: 'POST', status: '201 Created' } : { method: 'PUT', status: '200 OK' };
}

/** An empty array is no FHIR; what is undefined or empty is left out. */
function bundle(
  type: string,
  { total, link, entry }: { total?: number | undefined; link?: unknown[]; entry: unknown[] },
): Resource {
  return {
    resourceType: 'Bundle',
    type,
    ...(total === undefined ? {} : { total }),
    ...(link ? { link } : {}),
    ...(entry.length > 0 ? { entry } : {}),
  };
}

function linksOf({ self, next }: PageLinks): { relation: string; url: string }[] {
  return [{ relation: 'self', url: self }, ...(next === undefined ? [] : [{ relation: 'next', url: next }])];
}
