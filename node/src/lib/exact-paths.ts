/**
 * How every router reads paths: as they are written. By default express takes `/Accesses` and `/accesses/` for
 * `/accesses`, and what is bound to a path (a limit, a length of body) would not hold for the other spellings.
 */
export const exactPaths = { caseSensitive: true, strict: true };
