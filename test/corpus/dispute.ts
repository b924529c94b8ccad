import { generateKeyPairSync, sign } from 'node:crypto';
import { checkpointKey } from '../../evidence/src/anchored-write.ts';
import { hex, sha256, utf8 } from '../../evidence/src/bytes.ts';
import { canonicalJson } from '../../evidence/src/canonical.ts';
import { type CaseArchive, type CaseStepPlace, caseArchive } from '../../evidence/src/case-archive.ts';
import {
  type CaseContent,
  type CaseDocument,
  type CaseFiling,
  type CaseOpening,
  type CaseSubject,
  caseCommitment,
} from '../../evidence/src/case-documents.ts';
import { examineCase } from '../../evidence/src/case-examine.ts';
import {
  anchorMember,
  type CaseLedger,
  consentKey,
  consentMember,
} from '../../evidence/src/case-references.ts';
import {
  type CaseFilingState,
  type CaseFindingState,
  type CaseState,
  caseKey,
} from '../../evidence/src/case-state.ts';
import {
  hospitalA,
  hospitalB,
  type Member,
  regulator,
  type TestChannel,
} from '../../evidence/test/alliance.ts';
import { blockOf, endorserTransaction, type TransactionOptions } from '../../evidence/test/ledger.ts';

export const caseId = '0'.repeat(32);
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
export const messageKey = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
export const signed = (text: string): string => sign(null, Buffer.from(text), privateKey).toString('base64');

/** What one party filed: the document's content, and what the ledger holds beside its commitment. */
export type Filed = {
  organizationId: string;
  content: CaseFiling;
  state: Omit<CaseFilingState, 'organizationId' | 'commitment'>;
};
/** What a case is made of; everything else follows. */
export type Dispute = {
  subject: CaseSubject;
  parties: CaseState['parties'];
  filings: Filed[];
  deadlineAt: string;
  openedFor?: string;
  exhibits?: unknown[];
  /** Whose filing is on the ledger while its document was never delivered. */
  withheld?: readonly string[];
  /** What the ledger held beside the case when it was opened. */
  ledger?: CaseLedger;
};
/** What is bent on the way to the archive. */
export type Bend = {
  /** The steps as they are written, each with its submitter. */
  steps?: (steps: Step[]) => Step[];
  /** Parts of the transaction of one step, counted from 0. */
  transaction?: { step: number; options: Partial<TransactionOptions> };
  claims?: unknown[];
  /** Documents of filings in the archive beside those that the finding rests on. */
  present?: readonly string[];
  mark?: { step: number; code: number };
  /** What a consent or checkpoint is written as. */
  recorded?: (state: Record<string, unknown>) => object;
  references?: (places: Map<string, CaseStepPlace>, steps: CaseStepPlace[]) => void;
};
export type Step = { state: CaseState; submitter: Member };
type Documents = {
  opening: CaseDocument;
  filings: Map<string, CaseDocument>;
  finding: CaseDocument;
  decision: CaseDocument;
};

const openedAt = '2026-03-01T09:00:00.000Z';
const salted = (content: unknown, byte: string): CaseDocument => ({
  content: content as CaseContent,
  salt: byte.repeat(32),
});

/** The archive of a case that ran to its end on a channel of its own, step by step. */
export function disputeArchive(channel: TestChannel, dispute: Dispute, bend: Bend = {}): CaseArchive {
  const { opening, filings } = givenDocuments(dispute);
  const filed = filedStates(dispute, { opening, filings });
  const answered = filed.at(-1)?.state as CaseState;
  const { withheld = [] } = dispute;
  const delivered = dispute.filings.filter(({ organizationId }) => !withheld.includes(organizationId));
  const found = examineCase({
    opening: opening.content as CaseOpening,
    ledger: dispute.ledger ?? { consents: [], anchors: [] },
    state: answered,
    filings: new Map(delivered.map(({ organizationId, content }) => [organizationId, content])),
  });
  const finding = salted({ ...found, claims: bend.claims ?? found.claims }, '0f');
  const decision = salted(
    { format: 'medseal/case-decision/v1', caseId, outcome: 'upheld', reasons: '材料不一致' },
    '0d',
  );
  const steps = [...filed, ...finalStates(answered, { finding, decision, withheld })];
  const beside = referencesOf(dispute.ledger, bend);
  const envelopes = beside.map(({ envelope }) => envelope);
  const written = (bend.steps?.(steps) ?? steps).map((step, at) =>
    writtenIn(channel, { step, at, bend, beside: at === 0 ? envelopes : [] }),
  );
  const places = written.map(({ txId }, at) => ({ txId, blockNumber: at + 1 }));
  const references = new Map(beside.map(({ name, txId }) => [name, { txId, blockNumber: 1 }]));
  bend.references?.(references, places);
  const parts = {
    caseId,
    opening,
    filings: new Map([...filings].filter(([party]) => isThere(party, withheld, bend))),
    finding,
    decision,
    steps: places,
    references,
    blocks: new Map(written.map(({ block }, at) => [at + 1, block])),
    configBlocks: [channel.genesis],
  };
  return JSON.parse(JSON.stringify(caseArchive(parts as never)));
}

function isThere(party: string, withheld: readonly string[], { present = [] }: Bend): boolean {
  return present.includes(party) || !withheld.includes(party);
}

/** Transactions that recorded consents and anchored checkpoints; they stand in the block of the opening. */
function referencesOf(
  { consents, anchors }: CaseLedger = { consents: [], anchors: [] },
  { recorded = (state) => state }: Bend,
): { name: string; envelope: Uint8Array; txId: string }[] {
  const states = [
    ...consents.map(({ at, ...state }) => ({
      name: consentMember(state.id, state.version),
      key: consentKey(state.id),
      state,
      at,
    })),
    ...anchors.map((anchor) => ({
      name: anchorMember(anchor.organizationId, anchor.treeSize),
      key: checkpointKey(anchor.organizationId, anchor.treeSize),
      state: { ...anchor, origin: `medseal.org/log/${anchor.organizationId}`, note: '' },
      at: openedAt,
    })),
  ];
  return states.map(({ name, key, state, at }) => {
    const write = utf8(JSON.stringify(recorded(state)));
    const holders = { creator: hospitalA.client, endorsers: [hospitalA.peer, regulator.peer] };
    return { name, ...endorserTransaction({ ...holders, writes: [[key, write]], at }) };
  });
}

function givenDocuments({ subject, filings, ...dispute }: Dispute): Pick<Documents, 'opening' | 'filings'> {
  const opening = {
    format: 'medseal/case-opening/v1',
    caseId,
    subject,
    openedFor: dispute.openedFor ?? 'patient',
    grounds: '我没有去过仁和医院',
    exhibits: dispute.exhibits ?? [],
  };
  return {
    opening: salted(opening, '01'),
    filings: new Map(
      filings.map(({ organizationId, content }, at) => [organizationId, salted(content, `a${at}`)]),
    ),
  };
}

/** The states from the opening to the last filing. */
function filedStates(
  { parties, filings: filed, deadlineAt }: Dispute,
  { opening, filings }: Pick<Documents, 'opening' | 'filings'>,
): Step[] {
  const first: CaseState = {
    id: caseId,
    step: 1,
    state: 'opened',
    opener: parties[0]?.organizationId ?? '',
    parties,
    openedAt,
    deadlineAt,
    changedAt: openedAt,
    commitment: caseCommitment(opening),
    filings: [],
    finding: null,
    decision: null,
  };
  const steps: Step[] = [{ state: first, submitter: memberOf(first.opener) }];
  for (const { organizationId, state } of filed) {
    const before = steps.at(-1)?.state as CaseState;
    const commitment = caseCommitment(filings.get(organizationId) as CaseDocument);
    const all = [...before.filings, { organizationId, commitment, ...state }];
    const next = { ...before, step: before.step + 1, filings: all, changedAt: state.filedAt };
    steps.push({
      state: { ...next, state: all.length === parties.length ? 'answered' : 'opened' },
      submitter: memberOf(organizationId),
    });
  }
  return steps;
}

function finalStates(
  answered: CaseState,
  {
    finding,
    decision,
    withheld,
  }: Pick<Documents, 'finding' | 'decision'> & Pick<CaseFindingState, 'withheld'>,
): Step[] {
  const at = '2026-03-12T09:00:00.000Z';
  const { step } = answered;
  const examined = {
    ...answered,
    step: step + 1,
    state: 'examined',
    finding: { commitment: caseCommitment(finding), at, step, withheld },
  };
  const decided = {
    ...examined,
    step: step + 2,
    state: 'decided',
    decision: { commitment: caseCommitment(decision), at },
  };
  const closed = { ...decided, step: step + 3, state: 'closed' };
  return [examined, decided, closed].map((state) => ({ state, submitter: regulator }));
}

function memberOf(organizationId: string): Member {
  return organizationId === 'hospital-b' ? hospitalB : hospitalA;
}

function writtenIn(
  channel: TestChannel,
  { step, at, bend, beside }: { step: Step; at: number; bend: Bend; beside: Uint8Array[] },
): { txId: string; block: Uint8Array } {
  const { envelope, txId } = endorserTransaction({
    creator: step.submitter.client,
    endorsers: [hospitalA.peer, regulator.peer],
    writes: [[caseKey(caseId), utf8(canonicalJson(step.state))]],
    reads: at === 0 ? [] : [[caseKey(caseId), at, 0]],
    ...(bend.transaction?.step === at ? bend.transaction.options : {}),
  });
  const codes = [bend.mark?.step === at ? bend.mark.code : 0, ...beside.map(() => 0)];
  return {
    txId,
    block: blockOf({ number: at + 1, envelopes: [envelope, ...beside], signer: channel.signer, codes }),
  };
}

/** The archive with other members, and an index that fits them, as a forger would write it. */
export function reindexed(
  archive: CaseArchive,
  change: (members: Record<string, unknown>) => void,
): CaseArchive {
  const changed = structuredClone(archive.members);
  change(changed);
  const members = JSON.parse(JSON.stringify(changed));
  const index = Object.keys(members)
    .sort()
    .map((name) => {
      const text = `medseal/case-member/v1\n${name}\n${canonicalJson(members[name])}`;
      return { name, sha256: hex(sha256(utf8(text))) };
    });
  return { ...archive, index, members };
}
