/** A public key as SubjectPublicKeyInfo (RFC 5280 §4.1). */
type SpkiKey = { key: Uint8Array; format: 'der'; type: 'spki' };
/** One-shot hash; `binary` is a text of which each character is a byte. */
export type NativeHash = (algorithm: 'sha256', bytes: Uint8Array, encoding: 'hex' | 'binary') => string;
/** What of node:crypto is used. */
export type NativeCrypto = {
  hash: NativeHash;
  createPublicKey(options: SpkiKey): unknown;
  verify(
    digest: 'sha1' | 'sha256' | 'sha384' | 'sha512' | 'sha3-256' | null,
    message: Uint8Array,
    key: unknown,
    signature: Uint8Array,
  ): boolean;
};
/** What of node:zlib is used. */
export type NativeZlib = {
  inflateRawSync(
    bytes: Uint8Array,
    options: { maxOutputLength: number; info: true },
  ): { buffer: Uint8Array; engine: { bytesWritten: number } };
  deflateRawSync(bytes: Uint8Array, options: { level: 9 }): Uint8Array;
};
type Builtins = { 'node:crypto': NativeCrypto; 'node:zlib': NativeZlib };
type Platform = {
  process?: { getBuiltinModule?: <Name extends keyof Builtins>(name: Name) => Builtins[Name] | undefined };
};

const builtin = (globalThis as Platform).process?.getBuiltinModule;

/** Node's own, many times faster than anything in JavaScript. Undefined in a browser, which has none that answers at once. */
export const nativeCrypto = builtin?.('node:crypto');
export const nativeZlib = builtin?.('node:zlib');
