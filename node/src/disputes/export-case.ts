import {
  type CaseArchive,
  type CaseDecision,
  type CaseDocument,
  type CaseFiling,
  type CaseFinding,
  type CaseOpening,
  caseArchive,
} from '@medseal/evidence';
import type { DisputeDeps } from './dispute-deps.ts';
import { DisputeError } from './errors.ts';
import { findCase } from './find-case.ts';
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
  const { documents, steps } = await findCase(caseId, actor, deps);
  const last = steps.at(-1);
  if (last === undefined) throw new DisputeError('DISPUTE_NOT_ON_LEDGER');
  const opening = documents.get(`opening/${last.dispute.opener}`);
  if (opening === undefined) throw new DisputeError('DISPUTE_INCOMPLETE');
  const numbers = [...new Set(steps.map(({ blockNumber }) => blockNumber))];
  const blocks = await Promise.all(
    numbers.map(async (number) => [number, await deps.blocks.block(number)] as const),
  );
  const size = blocks.reduce((sum, [, block]) => sum + block.length, 0);
  if (size > maxBlockBytes) throw new DisputeError('DISPUTE_TOO_LARGE');
  return caseArchive({
    caseId,
    opening: opening.document as CaseDocument<CaseOpening>,
    filings: new Map(ofKind<CaseFiling>(documents, 'filing')),
    finding: ofKind<CaseFinding>(documents, 'finding')[0]?.[1],
    decision: ofKind<CaseDecision>(documents, 'decision')[0]?.[1],
    steps: steps.map(({ txId, blockNumber }) => ({ txId, blockNumber })),
    blocks: new Map(blocks),
    configBlocks: await deps.blocks.configsUpTo(last.blockNumber),
  });
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
