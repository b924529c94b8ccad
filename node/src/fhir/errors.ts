import { AppError } from '../lib/errors.ts';

/** Why a request was refused as a whole; stable, part of the API (docs/fhir.md). */
export type FhirErrorCode =
  | 'FHIR_INVALID'
  | 'FHIR_TYPE_UNSUPPORTED'
  | 'FHIR_INTERACTION_UNSUPPORTED'
  | 'FHIR_FORMAT_UNSUPPORTED'
  | 'FHIR_UNKNOWN_PARAMETER'
  | 'FHIR_PARAMETER_INVALID'
  | 'FHIR_SEARCH_TOO_COSTLY'
  | 'FHIR_BUNDLE_INVALID'
  | 'FHIR_BUNDLE_TOO_LARGE'
  | 'FHIR_REFERENCE_UNRESOLVED'
  | 'FHIR_COMPARTMENT_MISSING'
  | 'FHIR_COMPARTMENT_AMBIGUOUS';

/** Why one place in the input was refused; stable, carried in `details.coding` beside the place. */
export type FhirIssueCode =
  | FhirErrorCode
  | 'FHIR_ELEMENT_UNKNOWN'
  | 'FHIR_ELEMENT_MISSING'
  | 'FHIR_CARDINALITY'
  | 'FHIR_CHOICE_REPEATED'
  | 'FHIR_VALUE_TYPE'
  | 'FHIR_VALUE_EMPTY'
  | 'FHIR_VALUE_INVALID'
  | 'FHIR_CODE_UNKNOWN'
  | 'FHIR_REFERENCE_INVALID'
  | 'FHIR_REFERENCE_TARGET'
  | 'FHIR_REFERENCE_FOREIGN'
  | 'FHIR_NARRATIVE_UNSAFE'
  | 'FHIR_MODIFIER_UNKNOWN'
  | 'FHIR_URL_UNSAFE'
  | 'FHIR_INVARIANT'
  | 'FHIR_RULES_UNKNOWN'
  | 'FHIR_TOO_DEEP'
  | 'FHIR_DUPLICATE';

/** FHIR R4 IssueType codes that the node uses. */
export type IssueType =
  | 'structure'
  | 'informational'
  | 'extension'
  | 'required'
  | 'value'
  | 'invariant'
  | 'invalid'
  | 'code-invalid'
  | 'not-supported'
  | 'not-found'
  | 'duplicate'
  | 'too-long'
  | 'too-costly'
  | 'security'
  | 'login'
  | 'forbidden'
  | 'suppressed'
  | 'throttled'
  | 'conflict'
  | 'deleted'
  | 'transient'
  | 'timeout'
  | 'exception'
  | 'processing'
  | 'business-rule'
  | 'informational';

/** One entry of OperationOutcome.issue. It names the place, never the value. */
export type OperationOutcomeIssue = {
  severity: 'fatal' | 'error' | 'warning' | 'information';
  code: IssueType;
  details: { coding: { system: string; code: string }[]; text: string };
  expression?: string[];
};

/** Code system of every stable error code of the node. */
export const ERROR_SYSTEM = 'https://medseal.org/fhir/CodeSystem/error';

/** Builds one issue; `code` is any stable code of the node, `text` must not carry a value of the input. */
export function errorIssue(issue: {
  type: IssueType;
  code: string;
  text: string;
  expression?: string | undefined;
  severity?: OperationOutcomeIssue['severity'];
}): OperationOutcomeIssue {
  return {
    severity: issue.severity ?? 'error',
    code: issue.type,
    details: { coding: [{ system: ERROR_SYSTEM, code: issue.code }], text: issue.text },
    ...(issue.expression ? { expression: [issue.expression] } : {}),
  };
}

const STATUS: Record<FhirErrorCode, number> = {
  FHIR_INVALID: 400,
  FHIR_TYPE_UNSUPPORTED: 404,
  FHIR_INTERACTION_UNSUPPORTED: 405,
  FHIR_FORMAT_UNSUPPORTED: 406,
  FHIR_UNKNOWN_PARAMETER: 400,
  FHIR_PARAMETER_INVALID: 400,
  FHIR_SEARCH_TOO_COSTLY: 400,
  FHIR_BUNDLE_INVALID: 400,
  FHIR_BUNDLE_TOO_LARGE: 413,
  FHIR_REFERENCE_UNRESOLVED: 422,
  FHIR_COMPARTMENT_MISSING: 422,
  FHIR_COMPARTMENT_AMBIGUOUS: 422,
};

/** A refusal that HTTP answers with `status` and an OperationOutcome of `issues` (FHIR R4 http.html §create, §search). */
export class FhirError extends AppError<FhirErrorCode> {
  readonly status: number;
  readonly issues: readonly OperationOutcomeIssue[];

  constructor(code: FhirErrorCode, issues: readonly OperationOutcomeIssue[]) {
    super(code);
    this.name = 'FhirError';
    this.status = STATUS[code];
    this.issues = issues;
  }
}

/** A refusal for one reason. */
export function fhirError(
  code: FhirErrorCode,
  issue: { type: IssueType; text: string; expression?: string | undefined },
): FhirError {
  return new FhirError(code, [errorIssue({ ...issue, code })]);
}
