import { findKeys } from '../crypto/index.ts';
import type { Identifier } from '../fhir/index.ts';
import { RecordsError } from './errors.ts';
import { findByIdentifiers } from './identifier-store.ts';
import { openRowIndex } from './open-row.ts';
import { identifierToken, keyOf, type Owner } from './tokens.ts';
import type { WriteResult } from './types.ts';
import type { WriteContext } from './write-context.ts';

export type Condition = { type: string; identifier: Identifier };
/** The record that meets a condition. */
export type Match = WriteResult & { owner: Owner };

/**
 * Looks up `Type?identifier=system|value` for all conditions in one statement, by keyed hash, so that nothing is opened
 * but what was found. Several matches are refused (FHIR R4 http.html §ccreate, §transaction).
 */
export async function findConditions(
  context: WriteContext,
  conditions: readonly Condition[],
): Promise<(condition: Condition) => Match | undefined> {
  const { tx, deps } = context;
  const token = ({ type, identifier }: Condition): Uint8Array =>
    identifierToken(deps.keyStore, type, identifier);
  const rows = await findByIdentifiers(tx, conditions.map(token));
  await loadKeys(
    context,
    rows.map((row) => row.patient_token),
  );
  const found = new Map<string, Match>();
  for (const row of rows) {
    const key = context.keys.get(keyOf(row.patient_token));
    if (key === undefined) continue;
    const place = keyOf(row.identifier_token);
    if (found.has(place)) throw new RecordsError('RECORDS_CONDITION_AMBIGUOUS');
    const { type, id, owner, values } = openRowIndex(row, key, deps);
    const lastUpdated = new Date(values.at ?? 0).toISOString();
    found.set(place, { status: 200, type, id, owner, version: row.version, lastUpdated });
  }
  return (condition) => found.get(keyOf(token(condition)));
}

/** Loads and locks the keys of owners that were not met before; an unknown and an erased owner stay without. */
export async function loadKeys(context: WriteContext, tokens: readonly Uint8Array[]): Promise<void> {
  const missing = new Map<string, Uint8Array>();
  for (const token of tokens) if (!context.keys.has(keyOf(token))) missing.set(keyOf(token), token);
  if (missing.size === 0) return;
  const { keyStore } = context.deps;
  const found = await findKeys(context.tx, [...missing.values()], { keyStore, lock: 'share' });
  for (const key of found.values()) context.keys.set(keyOf(key.token), key);
}
