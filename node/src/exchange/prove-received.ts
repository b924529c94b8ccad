import {
  type EvidenceBundle,
  EvidenceError,
  equalBytes,
  evidenceBundle,
  factsOf,
  fromHex,
  hex,
  leafBytes,
  leafHash,
  openDisclosure,
  parseCheckpoint,
  verifyInclusion,
} from '@medseal/evidence';
import type { Staff } from '../identity/index.ts';
import { ExchangeError } from './errors.ts';
import type { Confirmation, ProofDeps } from './proof-ports.ts';
import { isOverseer, type ProofCaller } from './prove-disclosure.ts';
import { type ExchangeRow, findAsked } from './store.ts';
import type { RecordProof } from './types.ts';

/** A record as this requester got it: the `proof` member of the answer to a request. */
export type ReceivedName = { requestId: string; source: string; proof: RecordProof };
type Context = { caller: ProofCaller & { actor: Staff }; deps: ProofDeps };
type Received = ExchangeRow & {
  receipt: NonNullable<ExchangeRow['receipt']>;
  decision: NonNullable<ExchangeRow['decision']>;
};
type Place = { txId: string; blockNumber: number };
type Checked = { reference: string; anchor: Place; confirmation: Confirmation };

/**
 * The file that proves to a stranger that a source gave this organisation a record, on a decision of its own. The record
 * is not kept here: whoever asks brings what they got, and it must be what the receipt is about
 * (EXCHANGE_PROOF_INVALID). For the one who asked the source, and for overseers; for all others the exchange is not there.
 */
export async function proveReceived(
  { requestId, source, proof }: ReceivedName,
  { caller, deps }: Context,
): Promise<EvidenceBundle> {
  const row = await findReceived({ requestId, source }, deps);
  const asked = row !== undefined && mayAsk(caller.actor, row) ? row : undefined;
  const checked = asked === undefined ? undefined : await check(proof, asked, deps);
  await note({ row, asked, checked, source }, { caller, deps });
  if (asked === undefined) throw new ExchangeError('EXCHANGE_NOT_FOUND');
  if (checked === undefined) throw new ExchangeError('EXCHANGE_PROOF_INVALID');
  const { anchor, confirmation } = checked;
  if (confirmation.state === 'awaited') throw new ExchangeError('EXCHANGE_PROOF_PENDING');
  const by = confirmation.state === 'confirmed' ? confirmation.by : undefined;
  const { receipt, decision } = asked;
  const blocks = await deps.proofs.blocks({ anchor, confirmation: by });
  return evidenceBundle({ ...proof, anchor, release: { receipt, decision }, ...blocks });
}

async function findReceived(
  { requestId, source }: { requestId: string; source: string },
  { db }: ProofDeps,
): Promise<Received | undefined> {
  const row = (await findAsked(db, requestId)).find(({ partner }) => partner === source);
  if (row?.receipt?.permit !== true || row.decision === undefined) return undefined;
  return { ...row, receipt: row.receipt, decision: row.decision };
}

function mayAsk(staff: Staff, { staffId }: Received): boolean {
  return staff.staffId === staffId || isOverseer(staff);
}

/** What was brought is a record that the receipt names, at its place under a root that the ledger gave this node itself. */
async function check(proof: RecordProof, row: Received, deps: ProofDeps): Promise<Checked | undefined> {
  const opened = readProof(proof);
  if (opened === undefined || opened.tenant !== row.partner) return undefined;
  if (!row.receipt.records.includes(opened.digest)) return undefined;
  const anchor = await deps.log.findAnchor(row.partner, opened.treeSize);
  const isAnchored =
    anchor !== undefined &&
    equalBytes(anchor.rootHash, opened.rootHash) &&
    // Cosignatures of witnesses may follow the note.
    proof.checkpoint.startsWith(anchor.note);
  if (!isAnchored) return undefined;
  const { txId, blockNumber } = anchor;
  const confirmation = await deps.proofs.confirmationOf(row.partner, opened.treeSize);
  return { reference: opened.reference, anchor: { txId, blockNumber }, confirmation };
}

type ReadProof = {
  reference: string;
  digest: string;
  tenant: string;
  treeSize: number;
  rootHash: Uint8Array;
};

function readProof({
  disclosure,
  leaf,
  leafIndex,
  inclusionProof,
  checkpoint,
}: RecordProof): ReadProof | undefined {
  try {
    const { digest, resource } = openDisclosure(disclosure);
    const { treeSize, rootHash } = parseCheckpoint(checkpoint.slice(0, checkpoint.indexOf('\n\n') + 1));
    const proof = inclusionProof.map(fromHex);
    const isIncluded = verifyInclusion({
      leafHash: leafHash(leafBytes(leaf)),
      leafIndex,
      treeSize,
      proof,
      rootHash,
    });
    if (!isIncluded || leaf.kind !== 'record' || leaf.digest !== hex(digest)) return undefined;
    const meta = resource['meta'] as { versionId?: unknown } | undefined;
    const reference = `${String(resource['resourceType'])}/${String(resource['id'])}/_history/${String(meta?.versionId)}`;
    return { reference, digest: leaf.digest, tenant: leaf.tenant, treeSize, rootHash };
  } catch (error) {
    if (error instanceof EvidenceError) return undefined;
    throw error;
  }
}

type Attempt = {
  row: Received | undefined;
  asked: Received | undefined;
  checked: Checked | undefined;
  source: string;
};

async function note({ row, asked, checked, source }: Attempt, { caller, deps }: Context): Promise<void> {
  const member = row === undefined ? undefined : await deps.members.get(source);
  const base = member === undefined ? undefined : `${new URL(member.nodeUrl).origin}/fhir/R4`;
  const instances = checked === undefined || base === undefined ? [] : [`${base}/${checked.reference}`];
  await deps.access.write({
    ...caller,
    interaction: 'vread',
    outcome: checked === undefined ? 'denied' : 'success',
    at: deps.clock.now().toISOString(),
    patientId: row === undefined ? undefined : await patientOf(row, deps),
    purpose: row === undefined || isOverseer(caller.actor) ? 'HOPERAT' : row.purpose,
    instances,
    counterpart: source,
    ...(checked === undefined ? { reasons: [reasonOf(row, asked)] } : {}),
  });
}

function reasonOf(row: Received | undefined, asked: Received | undefined): string {
  if (row === undefined) return 'EXCHANGE_NOT_FOUND';
  return asked === undefined ? 'IDENTITY_FORBIDDEN' : 'EXCHANGE_PROOF_INVALID';
}

/** The patient of this organisation whom the exchange was about, if they are one: only its sealed entry says so. */
async function patientOf(
  { requestId, partner, at }: Received,
  { log }: ProofDeps,
): Promise<string | undefined> {
  const entries = await log.findAccesses({ recordedAt: at });
  const entry = entries.find(({ content }) => {
    const facts = factsOf(content);
    return facts.requestId === requestId && facts.organizations.includes(partner);
  });
  return entry === undefined ? undefined : factsOf(entry.content).patientId;
}
