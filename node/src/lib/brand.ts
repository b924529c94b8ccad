declare const brand: unique symbol;

/** A string that was parsed once at the edge and needs no re-checking inside. */
export type Branded<Name extends string> = string & { readonly [brand]: Name };

/** FHIR logical id of a Patient at this hospital. */
export type PatientId = Branded<'PatientId'>;
/** Id of a member organisation of the alliance, e.g. `hospital-a`. */
export type OrganizationId = Branded<'OrganizationId'>;
/** Alliance pseudonym of a person: hex of 32 bytes (VOPRF output, RFC 9497). */
export type Pseudonym = Branded<'Pseudonym'>;
