import { discloseRecord, type RecordDisclosure } from '@medseal/evidence';
import type { LeafEvidence } from '../evidence-log/index.ts';
import { RecordsError } from './errors.ts';
import { type ReadRequest, readRecord } from './read.ts';
import { withheldElements } from './redact.ts';
import type { Caller, RecordsDeps } from './types.ts';

/** Where leaves stand in the log (evidence-log `proofsFor` fits). */
export type ProofsPort = (leafIds: bigint[]) => Promise<LeafEvidence[]>;

/** What the proof of one record version is made of; the ledger's block is added by whoever writes the file. */
export type RecordProof = {
  disclosure: RecordDisclosure;
  evidence: Extract<LeafEvidence, { state: 'anchored' }>;
};

/**
 * The pieces that prove one version of a record: what the caller may see of it, disclosed against its leaf, and the
 * leaf's place in an anchored log. A version that no anchored checkpoint covers yet is RECORDS_PROOF_PENDING.
 */
export async function recordProof(
  request: ReadRequest,
  { caller, deps, proofs }: { caller: Caller; deps: RecordsDeps; proofs: ProofsPort },
): Promise<RecordProof> {
  const { original, redactions, contentSalt, leafId } = await readRecord(request, { caller, deps });
  const [evidence] = await proofs([leafId]);
  if (evidence?.state !== 'anchored') throw new RecordsError('RECORDS_PROOF_PENDING');
  const withheld = withheldElements(original, redactions);
  return { disclosure: discloseRecord(original, contentSalt, withheld), evidence };
}
