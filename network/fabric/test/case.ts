import {
  type CaseDecision,
  type CaseDocument,
  type CaseFiling,
  type CaseFinding,
  type CaseOpening,
  type CaseState,
  caseArchive,
  caseCommitment,
  examineCase,
  parseCaseState,
} from '@medseal/evidence';
import { configsBefore } from '../../../node/src/adapters/fabric/config-lineage.ts';
import { blockByNumber } from '../../../node/src/adapters/fabric/contracts.ts';
import { type MemberClient, untilLevel } from './members.ts';

type Alliance = { hospital: MemberClient; neighbour: MemberClient; regulator: MemberClient };

/**
 * Carries a case of two hospitals from the opening to its end on the ledger and puts its archive together. Both have
 * anchored a checkpoint of this size; neither has anything to show.
 */
export async function closedCase(alliance: Alliance, caseId: string, treeSize: number): Promise<object> {
  const { hospital, neighbour, regulator } = alliance;
  const steps: { txId: string; blockNumber: number }[] = [];
  const take = async ({ ledger }: MemberClient, step: string, ...args: string[]): Promise<CaseState> => {
    const { txId, blockNumber, result } = await ledger.submit('dispute', step, [caseId, ...args]);
    steps.push({ txId, blockNumber });
    await untilLevel(Object.values(alliance));
    return parseCaseState(JSON.parse(result));
  };
  const opening = documented<CaseOpening>({
    format: 'medseal/case-opening/v1',
    caseId,
    subject: { kind: 'exchange', requestId: 'request-1', source: 'hospital-a', requester: 'hospital-b' },
    openedFor: 'patient',
    grounds: 'a test',
    exhibits: [],
  });
  const deadlineAt = new Date(Date.now() + 3_600_000).toISOString();
  await take(hospital, 'open', '["hospital-a","hospital-b"]', deadlineAt, caseCommitment(opening));
  const filings = new Map(['hospital-a', 'hospital-b'].map((id) => [id, emptyFiling(caseId, id)]));
  const filed = async (client: MemberClient, id: string): Promise<CaseState> =>
    take(client, 'file', caseCommitment(filings.get(id) as CaseDocument), String(treeSize));
  await filed(hospital, 'hospital-a');
  const state = await filed(neighbour, 'hospital-b');
  const contents = new Map([...filings].map(([id, { content }]) => [id, content]));
  const ledger = { consents: [], anchors: [] };
  const finding = documented<CaseFinding>(
    examineCase({ opening: opening.content, state, filings: contents, ledger }),
  );
  await take(regulator, 'examine', caseCommitment(finding), String(state.step), '[]');
  const decision = documented<CaseDecision>({
    format: 'medseal/case-decision/v1',
    caseId,
    outcome: 'upheld',
    reasons: 'nothing was shown',
  });
  await take(regulator, 'decide', caseCommitment(decision));
  await take(regulator, 'close');
  const numbers = [...new Set(steps.map(({ blockNumber }) => blockNumber))];
  const blocks = await Promise.all(
    numbers.map(async (number) => [number, await blockByNumber(hospital.connection, number)] as const),
  );
  const last = blocks.at(-1)?.[1] ?? new Uint8Array(0);
  return caseArchive({
    ...{ caseId, opening, filings, finding, decision, steps },
    references: new Map(),
    blocks: new Map(blocks),
    configBlocks: await configsBefore(last, 0, (number) => blockByNumber(hospital.connection, number)),
  });
}

function documented<Content extends CaseOpening | CaseFiling | CaseFinding | CaseDecision>(
  content: Content,
): CaseDocument<Content> {
  return { content, salt: '5'.repeat(64) };
}

function emptyFiling(caseId: string, organizationId: string): CaseDocument<CaseFiling> {
  const lists = { consents: [], exhibits: [] };
  const nothing = { access: null, decision: null, receipt: null, ...lists, statement: '' };
  return documented<CaseFiling>({ format: 'medseal/case-filing/v1', caseId, organizationId, ...nothing });
}
