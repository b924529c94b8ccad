/** Deepest nesting of objects in one resource; HL7's own examples stay below 12. */
export const MAX_DEPTH = 48;
/** Problems reported for one resource; the rest would only make a hostile answer long. */
export const MAX_ISSUES = 20;
/** Entries of one transaction or batch. */
export const MAX_BUNDLE_ENTRIES = 10_000;
/** Entries of one batch that read: each costs as much as a request of its own, and a record of the access. */
export const MAX_BUNDLE_READS = 200;
/** Largest page. */
export const MAX_COUNT = 1000;
/** Page size where the client asks for none. */
export const DEFAULT_COUNT = 50;
export const MAX_PARAMETERS = 40;
export const MAX_OPERANDS = 100;
/** Values of all parameters of one search: each is compared with every record of a compartment. */
export const MAX_ALL_OPERANDS = 400;
/** Characters of a text in which strings are looked for: each look costs as many steps. */
export const MAX_SEARCHED_TEXT = 4096;
export const MAX_SORT_KEYS = 4;
export const MAX_INCLUDES = 10;
/** Characters of one parameter, and of one of its OR-values. */
export const MAX_PARAMETER_LENGTH = 8192;
export const MAX_VALUE_LENGTH = 1024;
