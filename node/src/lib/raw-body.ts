/** The request body exactly as it was sent, for a digest over it (RFC 9530); empty when there was none. */
export function rawBodyOf(response: { locals: Record<string, unknown> }): Uint8Array {
  const body = response.locals['rawBody'];
  return body instanceof Uint8Array ? body : new Uint8Array();
}
