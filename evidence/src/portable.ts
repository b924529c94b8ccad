import { verifyEd25519Portable } from './ed25519-portable.ts';
import { deflateWith, inflateWith } from './inflate-portable.ts';
import { isP256Point, verifyP256Portable } from './p256-portable.ts';

/** What a platform without Node's own crypto and zlib, a browser, verifies and unpacks with. */
export type Portable = {
  verifyEd25519Portable: typeof verifyEd25519Portable;
  isP256Point: typeof isP256Point;
  verifyP256Portable: typeof verifyP256Portable;
  inflateWith: typeof inflateWith;
  deflateWith: typeof deflateWith;
};

export const portable: Portable | undefined = {
  verifyEd25519Portable,
  isP256Point,
  verifyP256Portable,
  inflateWith,
  deflateWith,
};
