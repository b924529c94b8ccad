import type { OperationOutcomeIssue } from './errors.ts';
import type { Resource } from './types.ts';

/** The OperationOutcome that carries `issues` to a client. */
export function operationOutcome(issues: readonly OperationOutcomeIssue[]): Resource {
  return { resourceType: 'OperationOutcome', issue: issues };
}
