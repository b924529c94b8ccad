const byteaOid = 17;
const headerLength = 20;

/**
 * A `bytea[]` parameter in PostgreSQL's binary array format (array_send in arrayfuncs.c): the driver sends a Buffer as
 * it is, so that megabytes of sealed bodies are neither written as hex by this process nor parsed by the server.
 */
export function byteaArray(values: readonly Uint8Array[]): Buffer<ArrayBuffer> {
  const length = values.reduce((total, value) => total + 4 + value.length, headerLength);
  // Memory of its own, not the pool's: it may be handed to another thread.
  const array = Buffer.allocUnsafeSlow(length);
  array.writeInt32BE(1, 0); // dimensions
  array.writeInt32BE(0, 4); // no nulls
  array.writeInt32BE(byteaOid, 8);
  array.writeInt32BE(values.length, 12);
  array.writeInt32BE(1, 16); // lower bound
  let at = headerLength;
  for (const value of values) {
    array.writeInt32BE(value.length, at);
    array.set(value, at + 4);
    at += 4 + value.length;
  }
  return array;
}
