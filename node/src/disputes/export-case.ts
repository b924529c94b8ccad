import {
  type CaseArchive,
  type CaseDecision,
  type CaseDocument,
  type CaseFiling,
  type CaseFinding,
  type CaseOpening,
  type CaseStepPlace,
  caseArchive,
} from '@medseal/evidence';
import type { DisputeDeps } from './dispute-deps.ts';
import { DisputeError } from './errors.ts';
import { type FoundCase, findCase } from './find-case.ts';
import { gatherReferences } from './gather-references.ts';
import type { CaseActor, KeptDocument } from './types.ts';

/** In base64 less than the largest file that the verifier reads. */
const maxBlockBytes = 11 * 1024 * 1024;

/**
 * The case in one file that anybody can check offline: its documents as far as they are here, every step's transaction
 * in its block, the channel's configurations. The same state of the case gives the same bytes.
 */
export async function exportCase(
  { actor, caseId }: { actor: CaseActor; caseId: string },
  deps: DisputeDeps,
): Promise<CaseArchive> {
  const found = await findCase(caseId, actor, deps);
  const { documents, steps } = found;
  const last = steps.at(-1);
  if (last === undefined) throw new DisputeError('DISPUTE_NOT_ON_LEDGER');
  const opening = documents.get(`opening/${last.dispute.opener}`);
  if (opening === undefined) throw new DisputeError('DISPUTE_INCOMPLETE');
  // A finding that calls a filing withheld rests on none: the document is in no archive, whoever has it.
  const withheld = last.dispute.finding?.withheld ?? [];
  const filings = ofKind<CaseFiling>(documents, 'filing').filter(([party]) => !withheld.includes(party));
  const references = await referencesOfCase(found, filings, deps);
  const places = [...steps, ...references.values()];
  return caseArchive({
    caseId,
    opening: opening.document as CaseDocument<CaseOpening>,
    filings: new Map(filings),
    finding: ofKind<CaseFinding>(documents, 'finding')[0]?.[1],
    decision: ofKind<CaseDecision>(documents, 'decision')[0]?.[1],
    steps: steps.map(({ txId, blockNumber }) => ({ txId, blockNumber })),
    references,
    blocks: await blocksAt(places, deps),
    configBlocks: await deps.blocks.configsUpTo(last.blockNumber),
  });
}

async function blocksAt(
  places: readonly CaseStepPlace[],
  deps: DisputeDeps,
): Promise<Map<number, Uint8Array>> {
  const numbers = new Set(places.map(({ blockNumber }) => blockNumber));
  const blocks = new Map<number, Uint8Array>();
  let size = 0;
  for (const number of numbers) {
    const block = await deps.blocks.block(number);
    size += block.length;
    if (size > maxBlockBytes) throw new DisputeError('DISPUTE_TOO_LARGE');
    blocks.set(number, block);
  }
  return blocks;
}

/** What the finding rests on beside the case: as the ledger held it at the step that was examined. */
async function referencesOfCase(
  { steps, opening }: FoundCase,
  filings: readonly [string, CaseDocument<CaseFiling>][],
  deps: DisputeDeps,
): Promise<Map<string, CaseStepPlace>> {
  const examined = steps.findIndex(({ dispute }) => dispute.finding !== null);
  const before = steps[examined - 1];
  if (opening === undefined || before === undefined) return new Map();
  const contents = filings.map(([, { content }]) => content);
  const question = { opening, filings: contents, highestBlock: before.blockNumber };
  return (await gatherReferences(question, deps)).places;
}

/** Documents of one kind by their author, of those that the ledger holds already. */
function ofKind<Content extends CaseFiling | CaseFinding | CaseDecision>(
  documents: ReadonlyMap<string, KeptDocument>,
  kind: string,
): [string, CaseDocument<Content>][] {
  return [...documents].flatMap(([name, { document }]) =>
    name.startsWith(`${kind}/`) ? [[name.slice(kind.length + 1), document as CaseDocument<Content>]] : [],
  );
}
