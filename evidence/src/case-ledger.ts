import { type CaseParts, type CaseStepPlace, inOrder } from './case-archive.ts';
import type { CaseCheckList } from './case-checks.ts';
import { type CaseLedger, readReferences } from './case-references.ts';
import { type CaseState, caseKey, parseCaseState } from './case-state.ts';
import { requireNext } from './case-step-rules.ts';
import { type CaseLedgerView, verifiedWrite } from './case-write.ts';
import { channelLine, startsAtGenesis, trustAt } from './channel-line.ts';
import { checkIndependence } from './check-independence.ts';
import { refusal } from './errors.ts';
import { type Block, parseBlock, requireData } from './fabric-block.ts';
import { verifyOrdererSignatures } from './fabric-signatures.ts';
import type { ChannelTrust } from './fabric-trust.ts';
import { blockTime } from './fabric-verify.ts';
import type { Placed } from './placed-transaction.ts';
import { present } from './protobuf.ts';
import type { TrustPolicy } from './trust-policy.ts';

/** One step of a case: the state it wrote, and whose MSP submitted it. */
type Step = { placed: Placed; state: CaseState; submitter: string };

const finalStates: ReadonlySet<string> = new Set(['closed', 'withdrawn']);

/** What the ledger holds of a case, where every step of it holds; `examined` is the state that the finding is about. */
export type CaseOnLedger = {
  state: CaseState;
  examined: CaseState | undefined;
  references: CaseLedger | undefined;
};

/** Checks every step of a case on the ledger, and what its finding rests on beside. */
export function checkCaseLedger(
  list: CaseCheckList,
  parts: CaseParts,
  policy: TrustPolicy,
): CaseOnLedger | undefined {
  const trusts = checkChannel(list, parts, policy);
  const blocks = trusts === undefined ? list.skip('case-blocks') : checkBlocks(list, parts, trusts);
  const view = trusts === undefined || blocks === undefined ? undefined : { blocks, trusts, policy };
  const steps =
    view === undefined
      ? list.skip('case-transactions')
      : list.run('case-transactions', () => ({
          result: parts.steps.map((place) => stepOf(place, parts.caseId, view)),
        }));
  const found = view === undefined || steps === undefined ? undefined : { view, steps };
  const answer = found === undefined ? skipRest(list) : checkRest(list, parts, found);
  checkIndependence(list, 'case-independence', { ledger: trusts?.[0]?.ledger, policy });
  return answer;
}

function skipRest(list: CaseCheckList): undefined {
  for (const name of ['case-steps', 'case-submitters', 'case-effect', 'case-references'] as const)
    list.skip(name);
}

function checkRest(
  list: CaseCheckList,
  parts: CaseParts,
  { view, steps }: { view: CaseLedgerView; steps: readonly Step[] },
): CaseOnLedger | undefined {
  const state = checkSteps(list, steps, view.policy);
  const examined = examinedStep(steps);
  // Without a finding no block is taken into account.
  const highestBlock = examined?.placed.block.number ?? -1;
  const references = list.run('case-references', () => ({
    result: readReferences(parts, highestBlock, view),
  }));
  return state === undefined ? undefined : { state, examined: examined?.state, references };
}

/** The step that the finding followed. */
function examinedStep(steps: readonly Step[]): Step | undefined {
  return steps[steps.findIndex(({ state }) => state.finding !== null) - 1];
}

function checkChannel(
  list: CaseCheckList,
  { configBlocks }: CaseParts,
  policy: TrustPolicy,
): readonly ChannelTrust[] | undefined {
  const [first] = configBlocks;
  const carried = startsAtGenesis(configBlocks);
  if (policy.genesisBlock === undefined && !carried) return list.skip('case-channel');
  return list.run('case-channel', () => {
    const genesis = present(carried ? first : policy.genesisBlock, 'GENESIS_ABSENT');
    const [{ channelId }] = channelLine(genesis, [], policy.genesisHash);
    if (channelId !== policy.channel) throw refusal('CHANNEL_MISMATCH', 'not the channel of the policy');
    const trusts = channelLine(genesis, carried ? configBlocks.slice(1) : configBlocks, policy.genesisHash);
    return { result: trusts, detail: `${channelId}, ${policy.genesisHash}` };
  });
}

/** The blocks of the steps and of what the finding rests on, exactly those, each signed by the orderers of its time. */
function checkBlocks(
  list: CaseCheckList,
  { blocks, steps, references }: CaseParts,
  trusts: readonly ChannelTrust[],
): ReadonlyMap<number, Block> | undefined {
  return list.run('case-blocks', () => {
    const referred = inOrder(references).map(([, place]) => place);
    const needed = new Set([...steps, ...referred].map(({ blockNumber }) => blockNumber));
    if ([...blocks.keys()].some((number) => !needed.has(number)))
      throw refusal('CASE_UNCOVERED', 'a block in which nothing is that the case names');
    const checked = new Map<number, Block>();
    for (const number of needed) {
      const block = parseBlock(present(blocks.get(number), 'CASE_MEMBER_ABSENT'));
      if (block.number !== number) throw refusal('ANCHOR_BLOCK', 'not the block it claims to be');
      requireData(block, 'block');
      const trust = trustAt(number, trusts);
      verifyOrdererSignatures(block, trust, { atTime: blockTime(block), lastConfig: trust.configNumber });
      checked.set(number, block);
    }
    return { result: checked, detail: [...needed].join(', ') };
  });
}

function stepOf(place: CaseStepPlace, caseId: string, view: CaseLedgerView): Step {
  const write = verifiedWrite(place, caseKey(caseId), view);
  if (write === undefined) throw refusal('CASE_STEP_WRITE', 'it wrote no state of this case');
  const { placed, submitter, value } = write;
  const state = parseCaseState(value);
  if (state.id !== caseId) throw refusal('CASE_STEP_WRITE', 'the state of another case');
  return { placed, state, submitter };
}

function checkSteps(list: CaseCheckList, steps: readonly Step[], policy: TrustPolicy): CaseState | undefined {
  const last = list.run('case-steps', () => {
    const state = present(steps.at(-1), 'CASE_MEMBER_ABSENT').state;
    steps.forEach((step, place) => {
      requireNext(step.state, steps[place - 1]?.state, place + 1);
    });
    return { result: state, detail: steps.map((step) => step.state.state).join(' → ') };
  });
  checkSubmitters(list, steps, policy);
  checkEffect(list, steps);
  return last;
}

/** Who may have taken each step: its party; the regulator, who is no party, for the rest. */
function checkSubmitters(list: CaseCheckList, steps: readonly Step[], { logs }: TrustPolicy): void {
  const parties = steps[0]?.state.parties.map(({ organizationId }) => organizationId) ?? [];
  if (parties.some((party) => logs.get(party) === undefined)) {
    list.skip('case-submitters');
    return;
  }
  list.run('case-submitters', () => {
    const mspOf = (party: string): string => logs.get(party)?.mspId ?? '';
    steps.forEach((step, place) => {
      const allowed = actorOf(step.state, steps[place - 1]?.state);
      const isParty = parties.some((party) => mspOf(party) === step.submitter);
      const holds =
        allowed === 'anybody' ||
        (allowed === 'regulator' ? !isParty : mspOf(allowed.party) === step.submitter);
      if (!holds) throw refusal('CASE_SUBMITTER', 'submitted by another');
    });
    return { result: undefined, detail: steps.map(({ submitter }) => submitter).join(', ') };
  });
}

function actorOf(
  state: CaseState,
  before: CaseState | undefined,
): 'anybody' | 'regulator' | { party: string } {
  const filed = state.filings.find(
    ({ organizationId }) =>
      before?.filings.every((filing) => filing.organizationId !== organizationId) ?? false,
  );
  if (filed !== undefined) return { party: filed.organizationId };
  if (before === undefined || state.state === 'withdrawn') return { party: state.opener };
  return state.state === 'overdue' ? 'anybody' : 'regulator';
}

/** Each step read the one before it at the version which that one's transaction gave it. */
function checkEffect(list: CaseCheckList, steps: readonly Step[]): void {
  const holds = steps.slice(1).every((step, place) => hasRead(step, steps[place]));
  const last = steps.at(-1)?.state.state ?? '';
  // What ends a case adds no document, so everything that was said has been read by a later step.
  if (holds && !finalStates.has(last)) list.skip('case-effect');
  else
    list.run('case-effect', () => {
      if (!holds) throw refusal('CASE_STEP_READ', 'it read another version');
      return { result: undefined };
    });
}

function hasRead({ placed: { transaction }, state }: Step, before: Step | undefined): boolean {
  const [read, ...others] = transaction.reads.filter(
    ({ namespace, key }) => namespace === transaction.chaincode.name && key === caseKey(state.id),
  );
  if (others.length > 0 || before === undefined) return false;
  const { block, txIndex } = before.placed;
  return read?.version?.block === block.number && read.version.tx === txIndex;
}
