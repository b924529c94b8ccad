import type { Portable } from './portable.ts';

// Node has all of it; to set the curves up takes a tenth of the time that one bundle takes. `imports` in package.json
// chooses, not a top-level await: Fabric's chaincode server loads these modules with require().
export const portable: Portable | undefined = undefined;
