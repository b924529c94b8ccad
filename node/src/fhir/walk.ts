import { errorIssue, type FhirIssueCode, type IssueType, type OperationOutcomeIssue } from './errors.ts';
import { MAX_DEPTH, MAX_ISSUES } from './limits.ts';

/** `stored`: what a record may hold. `transaction`: also urn and conditional references, to be rewritten before storing. */
export type ReferenceMode = 'stored' | 'transaction';

/** State of one validation: one pass over the resource, problems collected with their place. */
export type Walk = {
  readonly mode: ReferenceMode;
  /** `false` leaves out the resources inside a Bundle, which are validated one by one. */
  readonly entersResources: boolean;
  /** Element names and array positions from the root to the current place. */
  readonly path: (string | number)[];
  readonly issues: OperationOutcomeIssue[];
  /** Type of the entry that a urn names, where it is known. */
  readonly typeOf: (urn: string) => string | undefined;
  /** id → type of the contained resources. */
  contained: ReadonlyMap<string, string>;
  /** Contained resources that something refers to. */
  readonly used: Set<string>;
  depth: number;
};

const PROBLEMS = {
  FHIR_TYPE_UNSUPPORTED: ['not-supported', 'This resource type is not supported.'],
  FHIR_ELEMENT_UNKNOWN: ['structure', 'Unknown element.'],
  FHIR_ELEMENT_MISSING: ['required', 'A required element is missing.'],
  FHIR_CARDINALITY: ['structure', 'Too few or too many values, or an array where one value belongs.'],
  FHIR_CHOICE_REPEATED: ['structure', 'Only one form of this element may be given.'],
  FHIR_VALUE_TYPE: ['structure', 'Wrong JSON type.'],
  FHIR_VALUE_EMPTY: ['structure', 'Objects, arrays and values must not be empty.'],
  FHIR_VALUE_INVALID: ['value', 'Not a valid value.'],
  FHIR_CODE_UNKNOWN: ['code-invalid', 'Not a code of the required value set.'],
  FHIR_REFERENCE_INVALID: ['value', 'Not a reference that this node can resolve.'],
  FHIR_REFERENCE_TARGET: ['value', 'Not a type that this element may refer to.'],
  FHIR_REFERENCE_FOREIGN: [
    'not-supported',
    'References to other servers are not accepted; name the target by its identifier.',
  ],
  FHIR_NARRATIVE_UNSAFE: [
    'security',
    'The narrative must be one XHTML div of text markup, without scripts, events, forms or outside objects.',
  ],
  FHIR_URL_UNSAFE: [
    'security',
    'An attachment may be named by an http or https URL of another machine, a urn or a relative path.',
  ],
  FHIR_INVARIANT: ['invariant', 'A constraint of FHIR does not hold.'],
  FHIR_MODIFIER_UNKNOWN: ['extension', 'No modifier extension is understood, and none may be passed over.'],
  FHIR_RULES_UNKNOWN: ['not-supported', 'No implicit rules are understood.'],
  FHIR_TOO_DEEP: ['too-long', `Nested deeper than ${MAX_DEPTH} levels.`],
} satisfies Partial<Record<FhirIssueCode, [IssueType, string]>>;

/** The state at the root of one validation. */
export function newWalk({
  mode,
  root,
  entersResources = true,
  typeOf = () => undefined,
}: Pick<Walk, 'mode'> & { root: string } & Partial<Pick<Walk, 'entersResources' | 'typeOf'>>): Walk {
  const found = { issues: [], contained: new Map(), used: new Set<string>(), depth: 0 };
  return { mode, entersResources, typeOf, path: [root], ...found };
}

/** Notes a problem at the current place, or at the element `below` it. */
export function report(
  walk: Walk,
  code: keyof typeof PROBLEMS,
  more: { text?: string; below?: string } = {},
): void {
  if (walk.issues.length >= MAX_ISSUES) return;
  const [type, text] = PROBLEMS[code];
  const place = expressionOf(walk.path);
  const expression = more.below === undefined ? place : `${place}.${more.below}`;
  walk.issues.push(errorIssue({ type, code, text: more.text ?? text, expression }));
}

function expressionOf(path: readonly (string | number)[]): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}
