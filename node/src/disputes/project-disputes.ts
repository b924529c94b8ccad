import type { LedgerDispute } from '@medseal/chaincode/rules';
import { EvidenceError, parseCaseState } from '@medseal/evidence';
import type { LedgerTransaction, LedgerWrite } from '../identity/index.ts';
import type { Queryable } from '../lib/sql.ts';
import { JsonError, parseJson } from '../lib/strict-json.ts';
import { DisputeError } from './errors.ts';
import { saveStep } from './ledger-store.ts';
import { confirmSteps } from './step-store.ts';
import type { StepName } from './types.ts';

const keyStart = '\u0000dispute\u0000';
const VALID = 0;

/**
 * Projects what one transaction of a verified block wrote about cases, and confirms our own steps with it. A write that
 * cannot be read stops the projection: skipping it could hide a case from a party.
 */
export async function projectDisputes(
  tx: Queryable,
  transaction: LedgerTransaction,
  { chaincode, tenant }: { chaincode: string; tenant: string },
): Promise<void> {
  if (transaction.validationCode !== VALID) return;
  const { txId, blockNumber } = transaction;
  for (const write of transaction.writes) {
    if (write.namespace !== chaincode || !write.key.startsWith(keyStart)) continue;
    const dispute = readDispute(write);
    await saveStep(tx, { dispute, txId, blockNumber: Number(blockNumber) });
    await confirmSteps(tx, dispute.id, stepsIn(dispute, tenant));
  }
}

function readDispute(write: LedgerWrite): LedgerDispute {
  if (write.isDelete) throw new DisputeError('DISPUTE_LEDGER_INVALID');
  try {
    const dispute = parseCaseState(parseJson(write.value));
    if (write.key !== `${keyStart}${dispute.id}\u0000`) throw new DisputeError('DISPUTE_LEDGER_INVALID');
    return dispute as LedgerDispute;
  } catch (cause) {
    if (cause instanceof JsonError || cause instanceof EvidenceError)
      throw new DisputeError('DISPUTE_LEDGER_INVALID', { cause });
    throw cause;
  }
}

/** The steps of this organisation that a state shows to be taken. */
function stepsIn(
  { state, opener, commitment, filings, finding, decision }: LedgerDispute,
  tenant: string,
): { step: StepName; commitment: string | null }[] {
  const filed = filings.find(({ organizationId }) => organizationId === tenant);
  return [
    ...(opener === tenant ? [{ step: 'open' as const, commitment }] : []),
    ...(filed === undefined ? [] : [{ step: 'file' as const, commitment: filed.commitment }]),
    ...(state === 'opened' ? [] : [{ step: 'lapse' as const, commitment: null }]),
    ...(finding === null ? [] : [{ step: 'examine' as const, commitment: finding.commitment }]),
    ...(decision === null ? [] : [{ step: 'decide' as const, commitment: decision.commitment }]),
    ...(state === 'closed' ? [{ step: 'close' as const, commitment: null }] : []),
    ...(state === 'withdrawn' ? [{ step: 'withdraw' as const, commitment: null }] : []),
  ];
}
