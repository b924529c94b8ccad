import { type MemberContent, memberEntryDigest } from '@medseal/chaincode/rules';
import { canonicalJson } from '@medseal/evidence';
import { createChaincode, type TestChaincode } from '../../../../chaincode/fabric/test/chaincode.ts';
import type { Database } from '../../lib/sql.ts';
import type { EvidenceLog } from '../evidence-log.ts';
import type { LedgerPort, LedgerTransaction } from '../ports.ts';

const regulatorMsp = 'RegulatorMSP';

/** How the next submit ends. */
export type Ending =
  | 'committed'
  /** Committed, but the client never learns it. */
  | 'committed-unknown'
  /** Lost on the way, and the client does not know. */
  | 'lost-unknown'
  /** Surely not committed. */
  | 'not-committed'
  /** The client's process dies after the transaction was committed, before it learns its id. */
  | 'committed-killed';

export class TestLedgerError extends Error {
  readonly code: string;
  readonly chaincodeCode: string | undefined;
  readonly txId: string | undefined;

  constructor(code: string, detail: { chaincodeCode?: string; txId?: string } = {}) {
    super(code);
    this.code = code;
    this.chaincodeCode = detail.chaincodeCode;
    this.txId = detail.txId;
  }
}

/** The real contracts behind a ledger whose endings can be chosen; every committed transaction is a block. */
export type TestLedger = LedgerPort & {
  endings: Ending[];
  transactions: LedgerTransaction[];
  submissions: string[][];
  register(organizationId: string, logKey: string): Promise<void>;
  setState(organizationId: string, event: 'disable' | 'enable'): Promise<void>;
  /** Projects the blocks from number `from` on, as the block listener does. */
  deliver(log: EvidenceLog, db: Database, from?: number): Promise<void>;
};

export async function createTestLedger(mspId: string): Promise<TestLedger> {
  const chaincode = createChaincode();
  const transactions: LedgerTransaction[] = [];
  const submissions: string[][] = [];
  const endings: Ending[] = [];
  let entryDigest = '';
  await chaincode.invoke(regulatorMsp, 'member:initialize', regulatorMsp);

  const commit = async (name: string, args: string[], txId: string): Promise<string> => {
    const result = await invoke(chaincode, mspId, [name, ...args]);
    const writes = chaincode.written().map((key) => ({
      namespace: 'medseal',
      key,
      value: chaincode.state.get(key) ?? new Uint8Array(0),
      isDelete: false,
    }));
    transactions.push({ txId, blockNumber: transactions.length + 1, validationCode: 0, writes });
    return result;
  };

  return {
    endings,
    transactions,
    submissions,
    submit: async (contract, transaction, args) => {
      submissions.push(args);
      const txId = `tx-${submissions.length}`;
      const ending = endings.shift() ?? 'committed';
      if (ending === 'not-committed') throw new TestLedgerError('LEDGER_NOT_COMMITTED');
      if (ending === 'lost-unknown') throw new TestLedgerError('LEDGER_UNKNOWN', { txId });
      const result = await commit(`${contract}:${transaction}`, args, txId);
      if (ending === 'committed-unknown') throw new TestLedgerError('LEDGER_UNKNOWN', { txId });
      if (ending === 'committed-killed') throw new Error('killed');
      return { txId, blockNumber: transactions.length, result };
    },
    evaluate: (contract, transaction, args) =>
      invoke(chaincode, mspId, [`${contract}:${transaction}`, ...args]),
    transactionStatus: async (txId) =>
      transactions.some((known) => known.txId === txId) ? 'valid' : 'absent',
    register: async (organizationId, logKey) => {
      const entry = memberEntry(organizationId, logKey);
      entryDigest = memberEntryDigest(entry);
      await invoke(chaincode, mspId, ['member:save', canonicalJson(entry)]);
      await invoke(chaincode, regulatorMsp, ['member:approve', organizationId, entryDigest]);
    },
    setState: async (organizationId, event) => {
      const seen = event === 'enable' ? [entryDigest] : [];
      await invoke(chaincode, regulatorMsp, [`member:${event}`, organizationId, ...seen]);
    },
    deliver: async (log, db, from = 1) => {
      for (const transaction of transactions.slice(from - 1))
        await db.transaction((tx) => log.projectAnchors(tx, transaction));
    },
  };
}

async function invoke(
  chaincode: TestChaincode,
  mspId: string,
  [name = '', ...args]: string[],
): Promise<string> {
  try {
    return await chaincode.invoke(mspId, name, ...args);
  } catch (error) {
    const [chaincodeCode = ''] = (error as Error).message.split(':');
    throw new TestLedgerError('LEDGER_REFUSED', { chaincodeCode });
  }
}

function memberEntry(organizationId: string, logKey: string): MemberContent {
  return {
    organizationId,
    kind: 'hospital',
    names: { zh: '医院', en: 'Hospital' },
    nodeUrl: 'https://localhost:8443',
    tlsFingerprint: '1'.repeat(64),
    sealingKey: '2'.repeat(64),
    messageKey: '3'.repeat(64),
    logKey,
  };
}
