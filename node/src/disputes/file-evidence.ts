import type { CaseExhibit, CaseFiling } from '@medseal/evidence';
import type { DisputeDeps } from './dispute-deps.ts';
import { DisputeError } from './errors.ts';
import { requireExhibit } from './exhibit.ts';
import { findCase, isParty, othersIn, requireCurrent } from './find-case.ts';
import { type FiledEvidence, gatherEvidence } from './gather-evidence.ts';
import { takeStep } from './take-step.ts';
import type { CaseActor } from './types.ts';

export type FileRequest = {
  actor: CaseActor;
  caseId: string;
  /** What the party files; what its own log holds, where it is left out. */
  evidence: FiledEvidence | undefined;
  /** Entries of a party's log that somebody was given and brought here. */
  exhibits?: readonly CaseExhibit[] | undefined;
  statement: string;
};

/** What this organisation would file, for its officer to look at first. */
export async function draftFiling(
  { actor, caseId }: Pick<FileRequest, 'actor' | 'caseId'>,
  deps: DisputeDeps,
): Promise<FiledEvidence> {
  const { opening } = await findCase(caseId, actor, deps);
  if (opening === undefined) throw new DisputeError('DISPUTE_INCOMPLETE');
  return gatherEvidence(opening.subject, deps);
}

/**
 * Files this organisation's evidence. It goes to the regulator alone; the other party sees it with the finding, so that
 * neither can fit its own to it.
 */
export async function fileEvidence(
  { actor, caseId, evidence, exhibits = [], statement }: FileRequest,
  deps: DisputeDeps,
): Promise<void> {
  const found = await findCase(caseId, actor, deps);
  const current = requireCurrent(found);
  if (!isParty(current, deps.tenant)) throw new DisputeError('DISPUTE_NOT_PARTY');
  if (current.state !== 'opened' && current.state !== 'overdue') throw new DisputeError('DISPUTE_STATE');
  if (found.opening === undefined) throw new DisputeError('DISPUTE_INCOMPLETE');
  const { subject } = found.opening;
  for (const exhibit of exhibits) await requireExhibit(exhibit, subject, deps);
  const { treeSize, ...filed } = evidence ?? (await gatherEvidence(subject, deps));
  const size = treeSize === 0 ? await anyTreeSize(deps) : treeSize;
  const content: CaseFiling = {
    format: 'medseal/case-filing/v1',
    caseId,
    organizationId: deps.tenant,
    ...filed,
    receipt: filed.receipt as CaseFiling['receipt'],
    exhibits: [...exhibits],
    statement,
  };
  const { patientId } = found;
  await takeStep(
    {
      caseId,
      step: 'file',
      actor,
      patientId: patientId as Parameters<typeof takeStep>[0]['patientId'],
      document: { kind: 'filing', content, recipients: await othersIn([], deps) },
      args: (commitment) => [caseId, commitment, String(size)],
    },
    deps,
  );
}

/** A party that has nothing to prove names its latest anchored checkpoint all the same. */
async function anyTreeSize({ log, tenant }: DisputeDeps): Promise<number> {
  const anchor = await log.latestAnchor(tenant);
  if (anchor === undefined) throw new DisputeError('DISPUTE_NOT_ANCHORED');
  return anchor.treeSize;
}
