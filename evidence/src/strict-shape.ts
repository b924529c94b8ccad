/** A JSON object as a parser made it, with its members still unknown. */
export type JsonObject = Record<string, unknown>;

/** Whether `value` is a plain JSON object. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether `value` is an object with exactly these members: nothing missing, nothing uncovered beside them. */
export function hasExactly(value: unknown, names: readonly string[]): value is JsonObject {
  if (!isJsonObject(value)) return false;
  const keys = Object.keys(value);
  return keys.length === names.length && names.every((name) => Object.hasOwn(value, name));
}

/** What stands at a path of members; undefined where there is none. */
export function memberAt(value: unknown, ...names: readonly string[]): unknown {
  let found = value;
  for (const name of names)
    found = isJsonObject(found) && Object.hasOwn(found, name) ? found[name] : undefined;
  return found;
}
