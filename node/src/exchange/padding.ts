const headerLength = 4;
const smallestClass = 8 * 1024;
/** Largest padded message. */
export const largestClass = 16 * 1024 * 1024;

/**
 * Pads a message to the next size class (8 KiB, doubled up to 16 MiB): length in 4 bytes, message, zeros. What is seen
 * of a sealed reply is its class, and every denial is in the smallest.
 */
export function pad(message: Uint8Array): Uint8Array {
  const padded = framed(message.length);
  padded.set(message, headerLength);
  return padded;
}

/** The same for the UTF-8 bytes of a text, which are written where they belong. */
export function padText(text: string): Uint8Array {
  const padded = framed(Buffer.byteLength(text, 'utf8'));
  padded.write(text, headerLength, 'utf8');
  return padded;
}

/** The message of `pad`, or nothing where a single byte is not what `pad` would write. */
export function unpad(padded: Uint8Array): Uint8Array | undefined {
  if (padded.length < smallestClass || padded.length > largestClass) return undefined;
  const view = Buffer.from(padded.buffer, padded.byteOffset, padded.length);
  const length = view.readUInt32BE();
  if (length > padded.length - headerLength || classOf(length) !== padded.length) return undefined;
  const rest = view.subarray(headerLength + length);
  return rest.equals(Buffer.alloc(rest.length))
    ? view.subarray(headerLength, headerLength + length)
    : undefined;
}

function framed(messageLength: number): Buffer {
  const length = classOf(messageLength);
  if (length > largestClass) throw new RangeError('message too long');
  const padded = Buffer.alloc(length);
  padded.writeUInt32BE(messageLength);
  return padded;
}

function classOf(messageLength: number): number {
  let length = smallestClass;
  while (length < messageLength + headerLength) length *= 2;
  return length;
}
