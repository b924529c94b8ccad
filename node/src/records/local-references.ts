const localReference = /^([A-Za-z]{1,64}\/[A-Za-z0-9\-.]{1,64})(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;

/** Every `Type/id` that the resource refers to, at any depth, versions left out. */
export function localReferences(resource: unknown): Set<string> {
  const found = new Set<string>();
  collect(resource, found);
  return found;
}

function collect(value: unknown, found: Set<string>): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) collect(item, found);
    return;
  }
  for (const name of Object.keys(value)) {
    const child = (value as Record<string, unknown>)[name];
    if (name === 'reference' && typeof child === 'string') add(child, found);
    else collect(child, found);
  }
}

function add(reference: string, found: Set<string>): void {
  const target = localReference.exec(reference)?.[1];
  if (target !== undefined) found.add(target);
}
