import {
  type BundleVerdict,
  discloseRecord,
  type EvidenceBundle,
  evidenceBundle,
  type NotaryProof,
} from '@medseal/evidence';
import type { LeafEvidence } from '../evidence-log/index.ts';
import { type Certificate, certificateOf, type Issuer } from './certificate.ts';
import { RecordsError } from './errors.ts';
import { type ReadRequest, readRecord } from './read.ts';
import type { RecordsDeps } from './records-deps.ts';
import { withheldElements } from './redact.ts';
import type { Caller } from './types.ts';

/** Where leaves stand in the log (evidence-log `proofsFor`), and the blocks that anchor it (adapters/fabric). */
export type ProofPort = {
  proofsFor(leafIds: bigint[]): Promise<LeafEvidence[]>;
  blocks(place: {
    anchor: { txId: string; blockNumber: number };
    confirmation?: { txId: string; blockNumber: number } | undefined;
  }): Promise<AnchorBlocks>;
};
export type AnchorBlocks = {
  block: Uint8Array;
  /** Configuration blocks in ascending order. */
  configBlocks: readonly Uint8Array[];
  /** A later transaction that read what the anchor wrote. */
  confirmation?: { txId: string; block: Uint8Array };
  /** The notary's record of the channel's history, with the path of the anchor's block to it. */
  notary?: { proof: NotaryProof; inclusionProof: Uint8Array[] };
};

/**
 * The file that proves one version of a record to a stranger: what the caller may see of it, disclosed against its leaf,
 * the leaf's place in an anchored log, and the block that anchors it. A version that no anchored checkpoint covers yet
 * is RECORDS_PROOF_PENDING.
 */
export async function proveRecord(
  request: ReadRequest,
  { caller, deps, proofs }: { caller: Caller; deps: RecordsDeps; proofs: ProofPort },
): Promise<EvidenceBundle> {
  const { original, redactions, contentSalt, leafId } = await readRecord(request, { caller, deps });
  const [evidence] = await proofs.proofsFor([leafId]);
  if (evidence?.state !== 'anchored') throw new RecordsError('RECORDS_PROOF_PENDING');
  const { leaf, leafIndex, inclusionProof, checkpoint, anchor, confirmation } = evidence;
  const disclosure = discloseRecord(original, contentSalt(), withheldElements(original, redactions));
  const blocks = await proofs.blocks({ anchor, confirmation });
  return evidenceBundle({ disclosure, leaf, leafIndex, inclusionProof, checkpoint, anchor, ...blocks });
}

/** What turns a proof into a certificate: the node's own name and trust, and a page. */
export type CertificatePort = {
  issuer: Issuer;
  channel: { name: string; genesisHash: string };
  /** The verdict of this node's own verifier on a file, under the trust that it holds itself. */
  verify(bundleText: string): Promise<BundleVerdict>;
  /** A PDF. */
  render(certificate: Certificate): Promise<Uint8Array>;
};

/**
 * The certificate of one version with the very bundle that it is about: a bundle asked for later stands on a later
 * checkpoint and has other bytes. A bundle that this node cannot itself verify gets none: RECORDS_PROOF_UNVERIFIED.
 */
export async function certifyRecord(
  request: { type: string; id: string; version: number },
  context: { caller: Caller; deps: RecordsDeps; proofs: ProofPort; certificates: CertificatePort },
): Promise<{ certificate: Certificate; bundleText: string }> {
  const { issuer, channel, verify } = context.certificates;
  const bundle = await proveRecord(request, context);
  const bundleText = JSON.stringify(bundle);
  const verdict = await verify(bundleText);
  if (verdict.verdict !== 'valid' && verdict.verdict !== 'unnotarized')
    throw new RecordsError('RECORDS_PROOF_UNVERIFIED');
  const issuedAt = context.deps.clock.now().toISOString();
  const certificate = certificateOf({
    ...{ record: request, bundle, bundleText, verdict, issuer, channel, issuedAt },
  });
  return { certificate, bundleText };
}
