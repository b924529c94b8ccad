import type { Resource, SearchValues } from '../fhir/index.ts';
import type { Actor } from '../identity/index.ts';
import type { Owner } from './tokens.ts';

/** Who asks, what for, and the request as the audit names it. */
export type Caller = {
  actor: Actor;
  /** v3-ActReason code; the policy denies what it does not know. */
  purpose: string;
  requestId?: string | undefined;
  clientAddress?: string | undefined;
  query?: string | undefined;
};

/** What is sealed beside a version so that it can be found and decided about without opening its body. */
export type RecordIndex = {
  type: string;
  id: string;
  owner: Owner;
  /** What a consent must open for it to be released (fhir/ `labelsOf`). */
  labels: string[];
  /** When it clinically happened, as the record says; absent where it says nothing. */
  date?: string;
  /** Its end, where that is a period; null while it has none. */
  until?: string | null;
  values: SearchValues;
  /** Characters of the record as JSON: what it costs to open. */
  size?: number;
  /** Present where the version is a deletion; must agree with the row's flag. */
  deleted?: true;
};

/** One opened version. */
export type OpenedRecord = {
  index: RecordIndex;
  version: number;
  deleted: boolean;
  /** The resource as the caller may see it. */
  readonly resource: Resource;
  /** The same as JSON. */
  text: string;
  /** The resource exactly as it was committed to the log. */
  readonly original: Resource;
  /** Elements that the caller's decision withholds. */
  redactions: readonly string[];
  leafId: bigint;
  /** Salt of the commitment in the log. */
  contentSalt(): Uint8Array;
};

/** What became of one entry of a Bundle, or of a single write. */
export type WriteResult = {
  status: 200 | 201 | 204;
  type: string;
  id: string;
  version: number;
  lastUpdated: string;
  /** The single record that was written. */
  resource?: Resource;
};

/** A record handed to the exchange. */
export type ReleasedRecord = {
  resource: Resource;
  /** Of its JSON, in bytes of UTF-8. */
  length: number;
  versionId: string;
  labels: string[];
  leafId: bigint;
  contentSalt: Uint8Array;
};
