/** An absolute link to this API; with `cursor` to the next page of the same query. */
export function linkOf(base: string, path: string, parameters: URLSearchParams, cursor?: string): string {
  const own = new URLSearchParams(parameters);
  if (cursor !== undefined) own.set('_cursor', cursor);
  const text = own.toString();
  return text === '' ? `${base}/${path}` : `${base}/${path}?${text}`;
}
