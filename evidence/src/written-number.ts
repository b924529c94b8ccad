/** ECMA-262 `JSON.rawJSON`, which TypeScript's library does not declare yet. */
type RawJson = { rawJSON(text: string): unknown };

/**
 * A JSON number that says more than its double: `1.10`, `2E3`. It counts as the double (`valueOf`), which is what is
 * committed to, and `JSON.stringify` writes it as it was written. FHIR R4 datatypes.html §decimal: the precision is
 * part of what is said.
 */
export class WrittenNumber {
  readonly #text: string;

  /** @param text a number of the JSON grammar (RFC 8259 §6) */
  constructor(text: string) {
    this.#text = text;
  }

  valueOf(): number {
    return Number(this.#text);
  }

  toString(): string {
    return this.#text;
  }

  toJSON(): unknown {
    return (JSON as unknown as RawJson).rawJSON(this.#text);
  }
}
