import type { AuditEntry } from '../audit/index.ts';
import type { Decision } from '../consent/index.ts';
import type { PatientKey } from '../crypto/index.ts';
import type { ConditionalReference, Identifier, Resource } from '../fhir/index.ts';
import type { PatientId } from '../lib/brand.ts';
import type { Queryable } from '../lib/sql.ts';
import type { RecordsDeps } from './records-deps.ts';
import type { IndexRow } from './store.ts';
import { compartmentToken, keyOf, type Owner, ownerToken } from './tokens.ts';
import type { Caller, RecordIndex } from './types.ts';

/** One SQL transaction that writes records. */
export type WriteContext = {
  tx: Queryable;
  deps: RecordsDeps;
  caller: Caller;
  at: Date;
  ownerTokens: Map<Owner, Uint8Array>;
  compartmentTokens: Map<string, Uint8Array>;
  /** Keys of the owners met so far, by token; locked against erasure until the transaction ends. */
  keys: Map<string, PatientKey>;
  /** Decisions of this transaction, one a patient. */
  decisions: Map<PatientId, Decision>;
  /** Refused attempts, written to the audit after the rollback. */
  denials: AuditEntry[];
};

/**
 * One write as it was asked for. `position` is the entry's place in the Bundle, 0 for a request of its own; `ifMatch` a
 * version id.
 */
export type WriteEntry = { position: number; fullUrl: string | undefined; type: string } & (
  | { interaction: 'create'; ifNoneExist: Identifier | undefined; resource: Resource }
  | { interaction: 'update'; id: string; ifMatch: string | undefined; resource: Resource }
  | { interaction: 'delete'; id: string; ifMatch: string | undefined }
);

/** The writes of one SQL transaction. */
export type WriteRequest = {
  entries: readonly WriteEntry[];
  conditionalReferences: readonly ConditionalReference[];
};

/** The version a write supersedes. */
export type Predecessor = { row: IndexRow; index: RecordIndex };

/** A version about to be written. */
export type PendingWrite = {
  position: number;
  type: string;
  id: string;
  version: number;
  owner: Owner;
  change:
    | { kind: 'create'; resource: Resource }
    | { kind: 'update'; resource: Resource; predecessor: Predecessor }
    | { kind: 'delete'; predecessor: Predecessor };
};

/** `Type/id`. */
export function referenceOf({ type, id }: { type: string; id: string }): string {
  return `${type}/${id}`;
}

/** The token of an owner, computed once a transaction. */
export function ownerTokenIn({ ownerTokens, deps }: WriteContext, owner: Owner): Uint8Array {
  const known = ownerTokens.get(owner);
  if (known !== undefined) return known;
  const token = ownerToken(deps.keyStore, owner);
  ownerTokens.set(owner, token);
  return token;
}

/** The token of an owner's records of one type, computed once a transaction. */
export function compartmentTokenIn(
  { compartmentTokens, deps }: WriteContext,
  owner: Owner,
  type: string,
): Uint8Array {
  const name = `${owner}|${type}`;
  const known = compartmentTokens.get(name);
  if (known !== undefined) return known;
  const token = compartmentToken(deps.keyStore, owner, type);
  compartmentTokens.set(name, token);
  return token;
}

/** The key of an owner that was loaded before; none for an unknown and for an erased one. */
export function keyFor(context: WriteContext, owner: Owner): PatientKey | undefined {
  return context.keys.get(keyOf(ownerTokenIn(context, owner)));
}
