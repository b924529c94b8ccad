import { type FhirError, fhirError } from './errors.ts';

/** A refusal of one parameter's value; the name is shown if it is harmless. */
export function invalid(name: string, text: string): FhirError {
  return fhirError('FHIR_PARAMETER_INVALID', { type: 'invalid', text, expression: shown(name) });
}

/** A refusal of a parameter that is not offered. */
export function unknown(name: string): FhirError {
  return fhirError('FHIR_UNKNOWN_PARAMETER', {
    type: 'not-supported',
    text: 'Unknown search parameter or modifier; see the CapabilityStatement.',
    expression: shown(name),
  });
}

function shown(name: string): string | undefined {
  return /^[A-Za-z_][A-Za-z0-9_:-]{0,63}$/.test(name) ? name : undefined;
}

/** A refusal of a search that asks for more work than one request may. */
export function tooCostly(text: string): FhirError {
  return fhirError('FHIR_SEARCH_TOO_COSTLY', { type: 'too-costly', text });
}

/** The value, if it is one of the allowed. */
export function oneOf(name: string, value: string, allowed: ReadonlySet<string>): string {
  if (!allowed.has(value)) throw invalid(name, `One of ${[...allowed].join(', ')}.`);
  return value;
}
