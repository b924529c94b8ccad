import { checkpointKey } from './anchored-write.ts';
import { type CaseParts, type CaseStepPlace, inOrder } from './case-archive.ts';
import type { AnchoredLog } from './case-claims.ts';
import { type CaseFiling, type CaseOpening, exhibitOf, loggedItemOf } from './case-documents.ts';
import { type CaseLedgerView, verifiedWrite } from './case-write.ts';
import { attempt, EvidenceError, refusal } from './errors.ts';
import { type Leaf, leafOf } from './leaf.ts';
import { hasExactly } from './strict-shape.ts';

/** One version of a consent as the ledger recorded it, and when: the time of its transaction. */
export type ConsentVersion = {
  id: string;
  version: number;
  commitment: string;
  status: string;
  organizationId: string;
  at: string;
};
/** What a finding rests on beside the case itself: the consents and checkpoints that the documents refer to. */
export type CaseLedger = { consents: readonly ConsentVersion[]; anchors: readonly AnchoredLog[] };

/** Where a consent lies on the ledger. */
export function consentKey(id: string): string {
  return `\u0000consent\u0000${id}\u0000`;
}

/** Name of the member that says where a version of a consent was recorded, or a checkpoint anchored. */
export const consentMember = (id: string, version: number): string => `consent/${id}/${version}`;
export const anchorMember = (organizationId: string, treeSize: number): string =>
  `anchor/${organizationId}/${treeSize}`;

/** What the documents of a case refer to: commitments of the consents' leaves, and checkpoints of exhibits. */
export type CaseReferences = {
  consents: { organizationId: string; digest: string }[];
  checkpoints: { organizationId: string; treeSize: number }[];
};

/** Reads them out of the documents; what is no leaf refers to nothing. */
export function referencesOf(
  opening: Pick<CaseOpening, 'exhibits'>,
  filings: readonly CaseFiling[],
): CaseReferences {
  const consents = filings.flatMap((filing) =>
    filing.consents.flatMap((consent) => leavesOf(loggedItemOf(consent)?.leaf)),
  );
  const checkpoints = [opening, ...filings].flatMap(({ exhibits }) =>
    exhibits.flatMap((value) => {
      const exhibit = exhibitOf(value);
      return leavesOf(exhibit?.leaf).map(({ tenant }) => ({
        organizationId: tenant,
        treeSize: exhibit?.treeSize ?? 0,
      }));
    }),
  );
  return {
    consents: consents.map(({ tenant, digest }) => ({ organizationId: tenant, digest })),
    checkpoints,
  };
}

function leavesOf(value: unknown): Leaf[] {
  const leaf = attempt(() => leafOf(value));
  return leaf instanceof EvidenceError ? [] : [leaf];
}

/**
 * Reads the consents and checkpoints of an archive off the ledger. Only what a document refers to is taken, and only
 * what stood before the finding: `before` is the block of the step that the finding followed.
 */
export function readReferences(
  parts: Pick<CaseParts, 'opening' | 'filings' | 'references'>,
  before: number,
  view: CaseLedgerView,
): CaseLedger {
  const filings = [...parts.filings.values()].map(({ content }) => content);
  const named = referencesOf(parts.opening.content, filings);
  const checkpoints = new Map(
    named.checkpoints.map((each) => [anchorMember(each.organizationId, each.treeSize), each]),
  );
  const digests = new Set(named.consents.map(({ organizationId, digest }) => `${organizationId} ${digest}`));
  const consents: ConsentVersion[] = [];
  const anchors: AnchoredLog[] = [];
  for (const [name, place] of inOrder(parts.references)) {
    if (place.blockNumber > before) throw refusal('CASE_UNCOVERED', `${name} came after what was examined`);
    const [kind, one = '', other = ''] = name.split('/');
    if (kind === 'consent') consents.push(consentAt({ id: one, version: Number(other) }, place, view));
    else {
      const meant = checkpoints.get(name);
      if (meant === undefined) throw refusal('CASE_UNCOVERED', name);
      anchors.push(checkpointAt(meant, place, view));
    }
  }
  const meant = new Set(
    consents.flatMap(({ id, organizationId, commitment }) =>
      digests.has(`${organizationId} ${commitment}`) ? [id] : [],
    ),
  );
  if (consents.some(({ id }) => !meant.has(id)))
    throw refusal('CASE_UNCOVERED', 'a consent that no document names');
  return { consents, anchors };
}

function consentAt(
  { id, version }: { id: string; version: number },
  place: CaseStepPlace,
  view: CaseLedgerView,
): ConsentVersion {
  const write = verifiedWrite(place, consentKey(id), view);
  const state = write?.value;
  if (write === undefined || !hasExactly(state, ['id', 'version', 'commitment', 'status', 'organizationId']))
    throw wrong();
  const { commitment, status, organizationId } = state;
  if (state['id'] !== id || state['version'] !== version) throw wrong();
  if (typeof commitment !== 'string' || typeof status !== 'string' || typeof organizationId !== 'string')
    throw wrong();
  const at = new Date(write.placed.transaction.timestamp).toISOString();
  return { id, version, commitment, status, organizationId, at };
}

function checkpointAt(
  { organizationId, treeSize }: { organizationId: string; treeSize: number },
  place: CaseStepPlace,
  view: CaseLedgerView,
): AnchoredLog {
  const state = verifiedWrite(place, checkpointKey(organizationId, treeSize), view)?.value;
  if (!hasExactly(state, ['organizationId', 'origin', 'treeSize', 'rootHash', 'note'])) throw wrong();
  const { rootHash } = state;
  if (state['organizationId'] !== organizationId || state['treeSize'] !== treeSize) throw wrong();
  if (typeof rootHash !== 'string') throw wrong();
  return { organizationId, treeSize, rootHash };
}

function wrong(): EvidenceError {
  return refusal('CASE_REFERENCE_WRITE', 'not what the transaction wrote');
}
