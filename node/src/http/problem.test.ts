import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
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

  it('stand in the documentation with their status', () => {
    const missing = Object.entries(codeTable).filter(
      ([code, [status]]) => !documented.includes(`| \`${code}\` | ${status} |`),
    );

    expect(missing.map(([code]) => code)).toEqual([]);
  });
});
