import {
  anchorMember,
  type CaseFiling,
  type CaseLedger,
  type CaseOpening,
  type CaseStepPlace,
  consentMember,
  hex,
  referencesOf,
} from '@medseal/evidence';
import type { DisputeDeps } from './dispute-deps.ts';

/** What the ledger held, and where each part of it stands, by the name of its member of an archive. */
export type FoundReferences = { ledger: CaseLedger; places: Map<string, CaseStepPlace> };

type Question = {
  opening: Pick<CaseOpening, 'exhibits'>;
  filings: readonly CaseFiling[];
  /** The block of the step that is examined: what came later is not taken into account. */
  highestBlock: number;
};

/** Looks up the consents and checkpoints that the documents of a case refer to, in this node's own copy of the ledger. */
export async function gatherReferences(question: Question, deps: DisputeDeps): Promise<FoundReferences> {
  const named = referencesOf(question.opening, question.filings);
  const places = new Map<string, CaseStepPlace>();
  const consents = await consentsOf(named.consents, question.highestBlock, deps);
  for (const { id, version, txId, blockNumber } of consents)
    places.set(consentMember(id, version), { txId, blockNumber });
  const anchors = [];
  for (const { organizationId, treeSize } of named.checkpoints) {
    const anchor = await deps.log.findAnchor(organizationId, treeSize);
    if (anchor === undefined || anchor.blockNumber > question.highestBlock) continue;
    const { rootHash, txId, blockNumber } = anchor;
    anchors.push({ organizationId, treeSize, rootHash: hex(rootHash) });
    places.set(anchorMember(organizationId, treeSize), { txId, blockNumber });
  }
  const versions = consents.map(({ txId: _, blockNumber: __, ...version }) => version);
  return { ledger: { consents: versions, anchors }, places };
}

async function consentsOf(
  named: readonly { organizationId: string; digest: string }[],
  highestBlock: number,
  { consents }: DisputeDeps,
) {
  const organizations = [...new Set(named.map(({ organizationId }) => organizationId))];
  const found = organizations.map((organizationId) => {
    const digests = named.flatMap((each) => (each.organizationId === organizationId ? [each.digest] : []));
    return consents.recorded({ organizationId, digests, highestBlock });
  });
  return (await Promise.all(found)).flat();
}
