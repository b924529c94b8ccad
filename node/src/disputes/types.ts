import type { LedgerDispute } from '@medseal/chaincode/rules';
import type { CaseClaim, CaseContent, CaseDecision, CaseDocument, CaseSubject } from '@medseal/evidence';
import type { Staff } from '../identity/index.ts';
import type { PatientId } from '../lib/brand.ts';

export type DocumentKind = 'opening' | 'filing' | 'finding' | 'decision';
export type StepName = 'open' | 'file' | 'lapse' | 'examine' | 'decide' | 'close' | 'withdraw';
/** Which document: of which case, of what kind, by whom. */
export type DocumentName = { caseId: string; kind: DocumentKind; author: string };
/** A document as this node keeps it; `patientId` stays here. */
export type KeptDocument<Content extends CaseContent = CaseContent> = {
  document: CaseDocument<Content>;
  patientId?: string | undefined;
};

/** Who works on cases: a patient on their own, a privacy officer, the regulator's staff. */
export type CaseActor = Staff | { kind: 'patient'; patientId: PatientId };

/** One text in the two languages of the product. */
export type Text = { zh: string; en: string };

/** `pending`: on its way to the ledger; `refused`: the ledger did not take it. */
export type CaseViewState = LedgerDispute['state'] | 'pending' | 'refused';

/** A case as patients and staff see it. */
export type CaseView = {
  caseId: string;
  state: CaseViewState;
  /** Whether the deadline has passed while a filing is missing; the ledger may not say so yet. */
  overdue: boolean;
  opener: string;
  parties: string[];
  openedAt?: string;
  deadlineAt?: string;
  openedFor?: 'patient' | 'organization';
  subject?: CaseSubject;
  grounds?: string;
  /** `withheld`: the finding was made without its document, which never came. */
  filings: { organizationId: string; filedAt: string; late: boolean; withheld: boolean }[];
  claims?: (CaseClaim & { text: Text; result: Text })[];
  decision?: Pick<CaseDecision, 'outcome' | 'reasons'>;
  summary: Text;
  next: Text;
  /** Who holds the case up and what can be done; what the finding had to leave out. */
  notices: Text[];
  /** Steps of this organisation that the ledger does not hold yet, and documents that have not arrived. */
  waiting: {
    steps: { step: StepName; state: string; attempts: number; code?: string }[];
    deliveries: { kind: DocumentKind; recipient: string; attempts: number; code?: string }[];
  };
  ledger: { step: number; state: string; at: string; txId: string; blockNumber: number }[];
};

/** How many cases there are of each sort that somebody acts upon. */
export type CaseCounts = {
  total: number;
  open: number;
  overdue: number;
  soon: number;
  awaitingUs: number;
  unseen: number;
};

export type CaseAct = 'file' | 'examine' | 'decide' | 'close';
/** What this organisation has to do in a case. */
export type CaseTask = { caseId: string; act: CaseAct; overdue: boolean; deadlineAt: string; text: Text };

/** A case in a list. */
export type CaseLine = Pick<
  CaseView,
  'caseId' | 'state' | 'overdue' | 'opener' | 'parties' | 'openedAt' | 'deadlineAt' | 'summary' | 'next'
> & {
  /** The deadline comes within three days, and a filing is missing. */
  soon: boolean;
  /** Whether a step came that nobody here has looked at. */
  unseen: boolean;
  /** Parties whose filing is missing. */
  awaited: string[];
  /** Parties whose filing is on the ledger while its document has not reached the regulator, as far as is known here. */
  undelivered: string[];
  /** Parties whose filing the finding calls withheld. */
  withheld: string[];
  notices: Text[];
  task?: CaseTask;
};
/** A page of cases; counts and tasks are those of all that may be seen. */
export type CaseList = { disputes: CaseLine[]; counts: CaseCounts; tasks: CaseTask[]; summary: Text };
