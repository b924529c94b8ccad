import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LedgerProcess, spawnLedger } from '../../../../network/solo/src/index.ts';
import { createLedger, type LedgerPort } from './contracts.ts';
import { LedgerError } from './errors.ts';
import { connectionTo, organizations, probeDirectory, temporaryDirectory } from './test/solo.ts';

const rounds = 3;
const writers = 40;
const directory = temporaryDirectory();
let solo: LedgerProcess;

const start = (): Promise<LedgerProcess> =>
  spawnLedger({ directory: directory.path, organizations, chaincodeDirectory: probeDirectory });
beforeAll(async () => {
  solo = await start();
});
afterAll(async () => {
  await solo.close();
  directory.remove();
});

type Outcome = { key: string; error: LedgerError | undefined };

/** Submits with many hands until the ledger is gone. */
async function submitUntilGone(ledger: LedgerPort): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const write = async (): Promise<void> => {
    for (;;) {
      const key = randomUUID();
      const error = await ledger.submit('probe', 'create', [key, key]).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error !== undefined && !(error instanceof LedgerError)) throw error;
      outcomes.push({ key, error });
      if (error !== undefined) return;
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
  return outcomes;
}

describe('a ledger that is killed under load', () => {
  it('leaves each transaction with an outcome that asking again confirms', async () => {
    const unknown: boolean[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const connection = connectionTo(directory.path, solo.port);
      const submitting = submitUntilGone(createLedger(connection));
      await delay(400 + round * 130);
      await solo.kill();
      const outcomes = await submitting;
      connection.close();
      solo = await start();
      const again = connectionTo(directory.path, solo.port);
      const ledger = createLedger(again);
      for (const { key, error } of outcomes) {
        const isThere = (await ledger.evaluate('probe', 'get', [key])) === key;

        if (error === undefined) expect(isThere).toBe(true);
        else if (error.code === 'LEDGER_NOT_COMMITTED') expect(isThere).toBe(false);
        else {
          expect(error.code).toBe('LEDGER_UNKNOWN');
          expect(await ledger.transactionStatus(error.txId ?? '')).toBe(isThere ? 'valid' : 'absent');
          unknown.push(isThere);
        }
      }
      again.close();
    }

    expect(unknown.length).toBeGreaterThan(0);
  });
});
