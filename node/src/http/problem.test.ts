import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import { fileURLToPath } from 'node:url';
import express from 'express';
import { describe, expect, it } from 'vitest';
import { AppError } from '../lib/errors.ts';
import { silentLogger } from '../lib/logger.ts';
import type { RecordsCode } from '../records/index.ts';
import { RecordsError } from '../records/index.ts';
import { answerError } from './problem.ts';
import { codeTable } from './status-table.ts';

const sources = fileURLToPath(new URL('..', import.meta.url));
const documented = readFileSync(new URL('../../../docs/formats/api-errors.md', import.meta.url), 'utf8');

/** Codes that name a fault of this node or its database; outside they are INTERNAL_ERROR on purpose. */
const internal =
  /^(?:AUDIT_|CHAINCODE_|NOTARY_|LEDGER_(?:ANSWER|SETTINGS)_INVALID$|KEY_FILE_|REPLY_|SEAL_REFUSED$|EVIDENCE_(?!ACCESS_UNAVAILABLE)|IDENTITY_MEMBER_INVALID$|CONSENT_LEDGER_INVALID$|CONSENT_UNREADABLE$|DECISION_UNREADABLE$|DISPUTE_LEDGER_INVALID$|DISPUTE_UNREADABLE$|DECISION_RECEIPT_INVALID$|POLICY_INVALID$)/;
/** Their errors state their own status, which their module needs inside a Bundle, too. */
const ownStatus = /^(?:FHIR|RECORDS)_/;

function codesOf(file: string): string[] {
  const text = readFileSync(`${sources}/${file}`, 'utf8');
  return [...text.matchAll(/\|?\s'([A-Z]+(?:_[A-Z]+)+)'/g)].map((match) => match[1] ?? '');
}

/** The sentence that a client of the FHIR interface gets. */
async function toldOf(error: Error): Promise<string> {
  const app = express();
  app.use(() => {
    throw error;
  });
  app.use(answerError(silentLogger));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const answer = await fetch(`http://127.0.0.1:${port}/fhir/R4/Patient`);
  const outcome = (await answer.json()) as { issue: { details: { text: string } }[] };
  server.close();
  return outcome.issue[0]?.details.text ?? '';
}

describe('a database', () => {
  it.each([
    ['that gives no answer', new AppError('DATABASE_UNAVAILABLE')],
    ['that takes no writes', Object.assign(new Error('x'), { code: '25006' })],
    ['whose disk is full', Object.assign(new Error('x'), { code: '53100' })],
    ['whose disk fails', Object.assign(new Error('x'), { code: '58030' })],
  ])('%s is told as a part that is not available', async (_which, error) => {
    expect(await toldOf(error)).toContain('not available; try again');
  });

  it('that refuses a statement of ours is told as a failure of the node', async () => {
    expect(await toldOf(Object.assign(new Error('x'), { code: '42601' }))).toContain('failed to answer');
  });
});

describe('codes', () => {
  const codes = globSync(['*/errors.ts', 'adapters/*/errors.ts', 'lib/strict-json.ts'], {
    cwd: sources,
  }).flatMap(codesOf);

  it('of every module have a status, or are internal on purpose', () => {
    expect(codes.length).toBeGreaterThan(50);
    const unknown = codes.filter(
      (code) => !(code in codeTable) && !internal.test(code) && !ownStatus.test(code),
    );

    expect(unknown).toEqual([]);
  });

  it('of records tell a client what to do, not the name of the status', async () => {
    const codes = codesOf('records/errors.ts') as RecordsCode[];

    expect(codes.length).toBeGreaterThan(15);
    for (const code of codes) {
      const told = await toldOf(new RecordsError(code));
      expect(told, code).toMatch(/^\p{Lu}.{20,}\.$/u);
      expect(Object.values(STATUS_CODES)).not.toContain(told);
    }
  });

  it('stand in the documentation with their status', () => {
    const missing = Object.entries(codeTable).filter(
      ([code, [status]]) => !documented.includes(`| \`${code}\` | ${status} |`),
    );

    expect(missing.map(([code]) => code)).toEqual([]);
  });
});
