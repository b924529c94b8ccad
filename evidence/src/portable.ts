import { isPoint, verifyEcdsaPortable } from './ecdsa-portable.ts';
import { verifyEd25519Portable } from './ed25519-portable.ts';
import { deflateWith, inflateWith } from './inflate-portable.ts';

/** What a platform without Node's own crypto and zlib, a browser, verifies and unpacks with. */
export type Portable = {
  verifyEd25519Portable: typeof verifyEd25519Portable;
  isPoint: typeof isPoint;
  verifyEcdsaPortable: typeof verifyEcdsaPortable;
  inflateWith: typeof inflateWith;
  deflateWith: typeof deflateWith;
};

export const portable: Portable | undefined = {
  verifyEd25519Portable,
  isPoint,
  verifyEcdsaPortable,
  inflateWith,
  deflateWith,
};
