import type { CaseArchive, CaseDecision } from '@medseal/evidence';
import type { PeerMessage } from '../identity/index.ts';
import type { DeliveryReceipt } from './delivery-receipt.ts';
import type { DisputeDeps } from './dispute-deps.ts';
import { type ExamineRequest, examine } from './examine-case.ts';
import { exportCase } from './export-case.ts';
import { draftFiling, type FileRequest, fileEvidence } from './file-evidence.ts';
import { findCase } from './find-case.ts';
import type { FiledEvidence } from './gather-evidence.ts';
import { closeCase, decideCase, withdrawCase } from './judge-case.ts';
import { countOwnCases, listCases } from './list-cases.ts';
import { type CasePage, markSeen } from './list-store.ts';
import { type OpenRequest, openCase } from './open-case.ts';
import { deliverAgain, type OwnFiling, ownFiling } from './own-filing.ts';
import { receiveDocument } from './receive-document.ts';
import { auditOf } from './take-step.ts';
import type { CaseActor, CaseCounts, CaseList, CaseView } from './types.ts';
import { viewCase } from './view-case.ts';

type CaseRequest = { actor: CaseActor; caseId: string };

/** The cases of this node. */
export type Disputes = {
  open(request: OpenRequest): Promise<CaseView>;
  list(request: { actor: CaseActor; page: CasePage }): Promise<CaseList>;
  /** How many cases of each sort this organisation has. */
  counts(): Promise<CaseCounts>;
  get(request: CaseRequest): Promise<CaseView>;
  /** What this organisation would file. */
  draft(request: CaseRequest): Promise<FiledEvidence>;
  file(request: FileRequest): Promise<CaseView>;
  /** What this organisation filed, with the receipts for it. */
  filing(request: CaseRequest): Promise<OwnFiling>;
  /** Hands the own filing over once more. */
  deliver(request: CaseRequest): Promise<CaseView>;
  withdraw(request: CaseRequest): Promise<CaseView>;
  examine(request: ExamineRequest): Promise<CaseView>;
  decide(request: CaseRequest & Pick<CaseDecision, 'outcome' | 'reasons'>): Promise<CaseView>;
  close(request: CaseRequest): Promise<CaseView>;
  export(request: CaseRequest): Promise<CaseArchive>;
  /** Takes in what a partner hands over and signs for it. */
  receive(incoming: PeerMessage): Promise<DeliveryReceipt>;
};

/** Binds the verbs of disputes to their dependencies. */
export function createDisputes(deps: DisputeDeps): Disputes {
  const after =
    <Request extends CaseRequest>(verb: (request: Request, verbDeps: DisputeDeps) => Promise<void>) =>
    async (request: Request): Promise<CaseView> => {
      await verb(request, deps);
      return viewCase(request, deps);
    };
  // What a case holds is shown to no member of staff without a trace.
  const looked = async <Result>(
    request: CaseRequest,
    act: string,
    look: (request: CaseRequest, verbDeps: DisputeDeps) => Promise<Result>,
  ): Promise<Result> => {
    const result = await look(request, deps);
    const { actor, caseId } = request;
    if (actor.kind === 'staff') {
      const { patientId } = await findCase(caseId, actor, deps);
      await deps.access.write(auditOf({ caseId, act, actor, patientId }, deps));
    }
    return result;
  };
  return {
    open: async (request) => {
      const caseId = await openCase(request, deps);
      return viewCase({ actor: request.actor, caseId }, deps);
    },
    list: (request) => listCases(request, deps),
    counts: () => countOwnCases(deps),
    get: async (request) => {
      const view = await looked(request, 'read', viewCase);
      const { actor, caseId } = request;
      const viewer = actor.kind === 'patient' ? 'patient' : 'staff';
      await markSeen(deps.db, caseId, { viewer, step: view.ledger.at(-1)?.step ?? 0 });
      return view;
    },
    draft: (request) => looked(request, 'draft', draftFiling),
    file: after(fileEvidence),
    filing: (request) => looked(request, 'filing', ownFiling),
    deliver: after(deliverAgain),
    withdraw: after(withdrawCase),
    examine: after(examine),
    decide: after(decideCase),
    close: after(closeCase),
    export: (request) => looked(request, 'export', exportCase),
    receive: (incoming) => receiveDocument(incoming, deps),
  };
}
