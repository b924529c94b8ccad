/** FHIR R4: validation, search, Bundles, compartments, labels, capability statement. Pure; see docs/fhir.md. */

export { planBundle, urnResolver } from './bundle-plan.ts';
export {
  type EntryResult,
  type HistoryVersion,
  historyBundle,
  type JsonResource,
  type PageLinks,
  responseBundle,
  searchsetJson,
} from './bundle-response.ts';
export { type Capabilities, capabilityStatement } from './capability-statement.ts';
export { compartmentPatient, compartmentPatients } from './compartment.ts';
export {
  ERROR_SYSTEM,
  errorIssue,
  FhirError,
  type FhirErrorCode,
  type FhirIssueCode,
  type IssueType,
  type OperationOutcomeIssue,
} from './errors.ts';
export { type PageQuery, parseEverything, parseHistory } from './history-parse.ts';
export { identifiersOf } from './identifiers.ts';
export { assignLabels, CONFIDENTIALITY_SYSTEM, labelsOf, SENSITIVITY_SYSTEM } from './labels.ts';
export { operationOutcome } from './outcome.ts';
export { parseIdentifierQuery, parseReference } from './references.ts';
export { rewriteReferences } from './rewrite-references.ts';
export { includedReferences } from './search-include.ts';
export { matches } from './search-match.ts';
export { parseSearch } from './search-parse.ts';
export { compareForSort } from './search-sort.ts';
export { searchValues } from './search-values.ts';
export { isShaped, shapeResource } from './shape.ts';
export {
  type Placement,
  SUPPORTED_TYPES,
  type SupportedType,
  supportedType,
  supportedTypes,
} from './supported-types.ts';
export type * from './types.ts';
export { validateResource } from './validate.ts';
