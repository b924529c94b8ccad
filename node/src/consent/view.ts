import type { ConsentDeps } from './consent-deps.ts';
import type { ConsentRow } from './consent-store.ts';
import { ConsentError } from './errors.ts';
import { ledgerState } from './ledger-state.ts';
import { openConsentRow } from './open-consent.ts';
import { wordsOf } from './parse-consent.ts';
import type { ConsentView, Text } from './types.ts';

/** A stored consent for those who may read it. CONSENT_NOT_FOUND when its patient was erased. */
export function viewOf(row: ConsentRow, deps: Pick<ConsentDeps, 'keyStore' | 'tenant'>): ConsentView {
  const opened = openConsentRow(row, deps);
  if (opened === undefined) throw new ConsentError('CONSENT_NOT_FOUND');
  const { consent, content } = opened;
  const { ledger_tx_id: txId, ledger_block_number: block } = row;
  return {
    id: consent.id,
    version: row.version,
    status: consent.status,
    signedAt: consent.dateTime,
    ...(content.revocation === null ? {} : { revokedAt: content.revocation.at }),
    terms: consent.terms,
    summary: summaryOf(content.consent),
    ledger: {
      id: row.ledger_id,
      state: ledgerState(row, deps),
      ...(txId === null ? {} : { txId }),
      ...(block === null ? {} : { blockNumber: Number(block) }),
    },
    resource: content.consent,
  };
}

/** The two texts as they were signed, not as today's program would word them. */
function summaryOf(resource: Record<string, unknown>): Text {
  const [zh = '', en = ''] = wordsOf(resource).trimEnd().split('\n\n');
  return { zh, en };
}
