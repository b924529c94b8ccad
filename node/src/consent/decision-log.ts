import { commit, fromHex, hex } from '@medseal/evidence';
import {
  findKeys,
  type KeyStore,
  openRecord,
  type PatientKey,
  patientToken,
  type SealingKey,
  sealRecord,
} from '../crypto/index.ts';
import type { PatientId } from '../lib/brand.ts';
import type { Database, Queryable } from '../lib/sql.ts';
import { type DecisionRow, insertDecisions } from './decision-store.ts';
import type { PolicyInput } from './policy-input.ts';
import type { PolicyOutcome } from './policy-outcome.ts';
import type { DecisionReceipt } from './types.ts';

/** What is kept of a decision; sealed. `salt` is the one of `receipt.inputDigest`, hex. */
export type DecisionContent = {
  v: 1;
  salt: string;
  input: PolicyInput;
  outcome: PolicyOutcome;
  receipt: DecisionReceipt;
};

export type DecisionEntry = {
  patientId: PatientId | undefined;
  /** The patient's key where the caller has it already; else it is looked up. */
  key?: PatientKey | undefined;
  content: DecisionContent;
};

export type DecisionLog = {
  /** Resolves when the decision is durable; rejects when it is not, and then nothing may be released. */
  write(entry: DecisionEntry): Promise<void>;
  /** Writes decisions in a transaction of the caller's. */
  join(tx: Queryable, entries: readonly DecisionEntry[]): Promise<void>;
};

export type DecisionLogDeps = {
  db: Database;
  keyStore: KeyStore;
  tenant: string;
  /** The directory's key, which is never destroyed. */
  directoryKey: PatientKey;
};

type Waiting = { entry: DecisionEntry; resolve: () => void; reject: (error: unknown) => void };

const maxBatch = 200;

/** Writes decisions, those that arrive while one transaction runs together in the next (group commit). */
export function createDecisionLog(deps: DecisionLogDeps): DecisionLog {
  const queue: Waiting[] = [];
  let running = false;
  const run = async (): Promise<void> => {
    running = true;
    while (queue.length > 0) {
      const batch = queue.splice(0, maxBatch);
      try {
        await deps.db.transaction((tx) =>
          writeBatch(
            tx,
            batch.map(({ entry }) => entry),
            deps,
          ),
        );
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    running = false;
  };
  return {
    write: (entry) =>
      new Promise((resolve, reject) => {
        queue.push({ entry, resolve, reject });
        // Never rejects: every failure is handed to the entries of its batch.
        if (!running) void run();
      }),
    join: (tx, entries) => writeBatch(tx, entries, deps),
  };
}

async function writeBatch(
  tx: Queryable,
  entries: readonly DecisionEntry[],
  deps: DecisionLogDeps,
): Promise<void> {
  const keys = await keysFor(tx, entries, deps);
  const sealed = entries.map((entry, at) =>
    sealDecision(entry.content, keys[at] ?? deps.directoryKey, deps.tenant),
  );
  await insertDecisions(tx, sealed);
}

/** The patient's key; where there is no patient (any more), the directory's, so that the rows look alike. */
async function keysFor(
  tx: Queryable,
  entries: readonly DecisionEntry[],
  { keyStore, directoryKey }: DecisionLogDeps,
): Promise<PatientKey[]> {
  const tokens = entries.map(({ patientId, key }) =>
    patientId === undefined || key !== undefined ? undefined : patientToken(keyStore, patientId),
  );
  const unknown = tokens.filter((token) => token !== undefined);
  const found = unknown.length === 0 ? new Map() : await findKeys(tx, unknown, { keyStore });
  return entries.map(({ key }, at): PatientKey => {
    const token = tokens[at];
    return key ?? (token && found.get(hex(token))) ?? directoryKey;
  });
}

function sealDecision(content: DecisionContent, key: PatientKey, tenant: string): DecisionRow {
  const { decisionId, at } = content.receipt;
  const { sealed } = sealRecord(JSON.stringify(content), { key, address: addressOf(decisionId, tenant) });
  return {
    decisionId,
    patientToken: key.token,
    ...sealed,
    digest: commit('decision', content.receipt, fromHex(content.salt)),
    decidedAt: at,
  };
}

/** Opens a stored decision; throws CryptoError SEAL_REFUSED for another key or an altered byte. */
export function openDecision(
  sealed: { wrappedKey: Uint8Array; body: Uint8Array },
  { key, decisionId, tenant }: { key: SealingKey; decisionId: string; tenant: string },
): DecisionContent {
  const { text } = openRecord(sealed, { key, address: addressOf(decisionId, tenant) });
  return JSON.parse(text) as DecisionContent;
}

function addressOf(decisionId: string, tenant: string) {
  return { tenant, type: 'Decision', id: decisionId, version: 1 };
}
