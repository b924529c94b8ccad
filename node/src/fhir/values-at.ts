/** All values at a path of element names; arrays on the way are entered. */
export function valuesAt(value: unknown, steps: readonly string[]): unknown[] {
  const found: unknown[] = [];
  collect(value, steps, { at: 0, found });
  return found;
}

function collect(
  value: unknown,
  steps: readonly string[],
  { at, found }: { at: number; found: unknown[] },
): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, steps, { at, found });
    return;
  }
  const step = steps[at];
  if (step === undefined) {
    if (value !== undefined && value !== null) found.push(value);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  collect((value as Record<string, unknown>)[step], steps, { at: at + 1, found });
}
