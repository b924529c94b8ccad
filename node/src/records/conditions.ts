import { findKeys } from '../crypto/index.ts';
import { type Identifier, supportedType } from '../fhir/index.ts';
import { newId } from '../lib/ids.ts';
import { RecordsError } from './errors.ts';
import { findByIdentifiers } from './identifier-store.ts';
import { openRowIndex } from './open-row.ts';
import { identifierToken, keyOf, type Owner } from './tokens.ts';
import type { WriteResult } from './types.ts';
import { referenceOf, type WriteContext } from './write-context.ts';

export type Condition = { type: string; identifier: Identifier };
/** The record that meets a condition. */
export type Match = WriteResult & { owner: Owner };
export type Find = (condition: Condition) => Match | 'several' | undefined;

/**
 * Looks up `Type?identifier=system|value` for all conditions in one statement, by keyed hash, so that nothing is opened
 * but what was found.
 */
export async function findConditions(context: WriteContext, conditions: readonly Condition[]): Promise<Find> {
  const { tx, deps } = context;
  const token = ({ type, identifier }: Condition): Uint8Array =>
    identifierToken(deps.keyStore, type, identifier);
  const rows = await findByIdentifiers(tx, conditions.map(token));
  await loadKeys(
    context,
    rows.map((row) => row.patient_token),
  );
  const found = new Map<string, Match | 'several'>();
  for (const row of rows) {
    const key = context.keys.get(keyOf(row.patient_token));
    if (key === undefined) continue;
    const place = keyOf(row.identifier_token);
    if (found.has(place)) {
      found.set(place, 'several');
      continue;
    }
    const { type, id, owner, values } = openRowIndex(row, key, deps);
    const lastUpdated = new Date(values.at ?? 0).toISOString();
    found.set(place, { status: 200, type, id, owner, version: row.version, lastUpdated });
  }
  return (condition) => found.get(keyOf(token(condition)));
}

/** The one record that meets a condition; several are refused (FHIR R4 http.html §ccreate, §transaction). */
export function oneOf(found: ReturnType<Find>): Match | undefined {
  if (found === 'several') throw new RecordsError('RECORDS_CONDITION_AMBIGUOUS');
  return found;
}

/**
 * What a conditional reference stands for. To a kind of record that lives with a patient, none and several are like a
 * record that nobody may refer to: another code would tell what is stored of other patients.
 */
export function referenceFor(condition: Condition, find: Find): string | undefined {
  const found = find(condition);
  const isHidden = supportedType(condition.type)?.placement !== 'institution';
  if (isHidden && (found === undefined || found === 'several')) return `${condition.type}/${newId()}`;
  const match = oneOf(found);
  return match === undefined ? undefined : referenceOf(match);
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
