import type { FhirError } from './errors.ts';

/** A FHIR R4 resource as JSON. Only `validateResource` turns unknown input into one. */
export type Resource = {
  resourceType: string;
  id?: string;
  meta?: Meta;
  [element: string]: unknown;
};

export type Meta = {
  versionId?: string;
  lastUpdated?: string;
  profile?: string[];
  security?: Coding[];
  tag?: Coding[];
  [element: string]: unknown;
};

export type Coding = {
  system?: string;
  version?: string;
  code?: string;
  display?: string;
  userSelected?: boolean;
};

export type Identifier = { system: string; value: string };

/** Milliseconds since 1970, end exclusive; null = open. */
export type TimeRange = [start: number | null, end: number | null];
/** Both ends inclusive; null = open. `unit` is the text, `code` the code in `system`. */
export type QuantityRange = [
  low: number | null,
  high: number | null,
  system: string,
  code: string,
  unit: string,
];
export type SearchValue = string | boolean | TimeRange | QuantityRange;

/**
 * What search needs of one resource, JSON-able, sealed beside it. Keys of `paths` are element paths
 * (`code`, `component.valueQuantity`), so that several parameters share one copy of a value.
 * A token is `system code` parted by one space (a uri holds none), `" code"` where no system is given.
 */
export type SearchValues = {
  v: 1;
  id?: string;
  /** meta.lastUpdated in milliseconds. */
  at?: number;
  paths: Record<string, SearchValue[]>;
};

export type SearchType = 'token' | 'reference' | 'date' | 'string' | 'quantity' | 'uri';

/** One place a parameter reads. `system` narrows a ContactPoint (`phone`, `email`). */
export type SearchPath = { path: string; datatype: string; system?: string };

export type SearchParameter = {
  code: string;
  type: SearchType;
  paths: readonly SearchPath[];
  /** Resource types that a reference parameter may point at. */
  targets: ReadonlySet<string>;
};

export type Prefix = 'eq' | 'ne' | 'gt' | 'lt' | 'ge' | 'le' | 'sa' | 'eb' | 'ap';

/** One OR-value of a criterion, parsed. */
export type SearchOperand =
  | { kind: 'token'; system: string | null | undefined; code: string | undefined }
  | { kind: 'reference'; type: string | undefined; id: string }
  | { kind: 'date'; prefix: Prefix; start: number; end: number }
  | {
      kind: 'quantity';
      prefix: Prefix;
      low: number;
      high: number;
      value: number;
      system: string | undefined;
      code: string | undefined;
    }
  /** The same text as it is looked for, with `:exact` and without. */
  | { kind: 'string'; exact: string; folded: string }
  | { kind: 'uri'; uri: string };

export type Modifier = 'none' | 'missing' | 'not' | 'exact' | 'contains' | 'below';

/** AND over criteria, OR over operands. For `missing`, `isMissing` says which side is wanted. */
export type Criterion = {
  parameter: SearchParameter;
  modifier: Modifier;
  operands: readonly SearchOperand[];
  isMissing: boolean;
};

export type SortKey = { parameter: SearchParameter; direction: 'ascending' | 'descending' };

/** `_include=MedicationRequest:medication` or `_revinclude=Observation:encounter`. */
export type IncludeSpec = { sourceType: string; parameter: SearchParameter; targetType: string | undefined };

export type Summary = 'true' | 'text' | 'data' | 'count' | 'false';

/** A parsed, bounded search on one type. */
export type SearchQuery = {
  type: string;
  criteria: readonly Criterion[];
  sort: readonly SortKey[];
  /** Page size, 0 to 1000. 0 means only the total is wanted. */
  count: number;
  /** Opaque paging position, unchecked but for its alphabet. */
  cursor: string | undefined;
  includes: readonly IncludeSpec[];
  revincludes: readonly IncludeSpec[];
  summary: Summary;
  elements: readonly string[];
  total: 'none' | 'estimate' | 'accurate' | undefined;
  /** Logical id of the one Patient whose compartment the criteria confine the search to, if they do. */
  patientId: string | undefined;
  /** Logical ids that `_id` confines the search to, if it was given. */
  ids: readonly string[] | undefined;
  /** Identifiers (with system and value) that the search is confined to, if `identifier` was given so. */
  identifiers: readonly Identifier[] | undefined;
};

export type Interaction =
  | 'create'
  | 'read'
  | 'vread'
  | 'update'
  | 'delete'
  | 'history-instance'
  | 'history-type'
  | 'search-type';

/** What one entry of a Bundle asks for. */
export type PlannedRequest =
  | { interaction: 'create'; type: string; ifNoneExist: Identifier | undefined }
  | { interaction: 'update'; type: string; id: string; ifMatch: string | undefined }
  | { interaction: 'delete'; type: string; id: string; ifMatch: string | undefined }
  | { interaction: 'read'; type: string; id: string }
  | { interaction: 'vread'; type: string; id: string; versionId: string }
  | { interaction: 'search-type'; type: string; query: string };

export type PlannedEntry = {
  /** Position in the Bundle, also of the answer. */
  index: number;
  fullUrl: string | undefined;
  request: PlannedRequest;
  /** Present for create and update; validated. */
  resource: Resource | undefined;
};

/** `Practitioner?identifier=system|value`, to be looked up before the references are rewritten. */
export type ConditionalReference = { reference: string; type: string; identifier: Identifier };

export type BundlePlan = {
  kind: 'transaction' | 'batch';
  /** In the order of processing: DELETE, POST, PUT, GET (FHIR R4 http.html §transaction rules). */
  entries: readonly PlannedEntry[];
  /** Batch only: entries that are refused by themselves, by position in the Bundle. */
  refused: ReadonlyMap<number, FhirError>;
  /** Number of entries of the Bundle. */
  size: number;
  /** fullUrl → position, for the entries that create or update. */
  fullUrls: ReadonlyMap<string, number>;
  /** Without repetition. */
  conditionalReferences: readonly ConditionalReference[];
};
