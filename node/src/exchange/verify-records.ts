import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { logOrigin } from '@medseal/chaincode/rules';
import {
  equalBytes,
  fromHex,
  hex,
  leafBytes,
  leafHash,
  type NoteVerifier,
  openDisclosure,
  openNote,
  parseCheckpoint,
  parseVerifierKey,
  verifyInclusion,
} from '@medseal/evidence';
import { z } from 'zod';
import { ed25519Key, verifyEd25519 } from '../crypto/ed25519.ts';
import { compartmentPatient, FhirError, type Resource } from '../fhir/index.ts';
import type { Member } from '../identity/index.ts';
import type { Clock } from '../lib/clock.ts';
import { together } from '../lib/sql.ts';
import { type ReplyCode, ReplyRejected } from './errors.ts';
import type { Anchor, LogPort } from './ports.ts';
import { withheldNames } from './release.ts';
import type { ExchangeRequest, ReceivedRecord, ReplyPayload, SentCheckpoint, SentRecord } from './types.ts';

export type VerifyDeps = { log: Pick<LogPort, 'findAnchor'>; clock: Clock };
type Released = ReplyPayload & { permit: true };
type Asked = { request: ExchangeRequest; source: Member };
type TreeHead = { treeSize: number; rootHash: Uint8Array };

/** What this node reads of a resource that nobody here has validated; anything else in it is only carried. */
const header = z.looseObject({
  resourceType: z.string(),
  id: z.string().regex(/^[A-Za-z0-9.-]{1,64}$/),
  meta: z.looseObject({
    versionId: z.string(),
    security: z
      .array(z.looseObject({ system: z.string().optional(), code: z.string().optional() }))
      .optional(),
  }),
});

const clockToleranceMs = 60_000;
const anchorPollMs = 10;
const anchorPolls = 300;

/** Verifies the records of a release against what was asked and against the source's log as the ledger knows it. */
export async function verifyRecords(
  payload: Released,
  asked: Asked,
  { log, clock }: VerifyDeps,
): Promise<{ records: ReceivedRecord[]; checkpoint: SentCheckpoint | null }> {
  if (payload.records.length === 0) return { records: [], checkpoint: null };
  const latest = clock.now().getTime() + clockToleranceMs;
  const head = checkpointOf(payload.checkpoint, asked.source);
  const [records, { txId, blockNumber }] = await together([
    // Once the look-up of the anchor is on its way.
    nextTurn().then(() => recordsUnder(head, payload, { ...asked, latest })),
    requireAnchor(head, asked.source, log),
  ]);
  return { records, checkpoint: { note: payload.checkpoint?.note ?? '', txId, blockNumber } };
}

/** What was disclosed, every record of which is in the tree of this head. */
function recordsUnder(
  head: TreeHead,
  payload: Released,
  asked: Asked & { latest: number },
): ReceivedRecord[] {
  const records = payload.records.map((sent) => openRecord(sent, payload, asked));
  requireScope(records, asked.request);
  for (const { leaf, leafIndex, inclusionProof } of payload.records) {
    const proof = inclusionProof.map(fromHex);
    const hash = leafHash(leafBytes(leaf));
    const isIn = rejectAs('REPLY_PROOF', () =>
      verifyInclusion({ leafHash: hash, leafIndex, proof, ...head }),
    );
    if (!isIn) throw new ReplyRejected('REPLY_PROOF');
  }
  return records;
}

/** Opens one disclosure: it hashes to the leaf, the leaf is a record of the source, nothing unasked is withheld. */
function openRecord(
  sent: SentRecord,
  { redactions }: Released,
  { source, latest }: Asked & { latest: number },
): ReceivedRecord {
  const { digest, resource, withheld } = rejectAs('REPLY_DISCLOSURE', () => openDisclosure(sent.disclosure));
  const { leaf } = sent;
  rejectAs('REPLY_LEAF', () => leafBytes(leaf));
  if (leaf.kind !== 'record' || leaf.tenant !== source.organizationId || Date.parse(leaf.at) > latest) {
    throw new ReplyRejected('REPLY_LEAF');
  }
  if (leaf.digest !== hex(digest)) throw new ReplyRejected('REPLY_DISCLOSURE');
  const { resourceType: type, id, meta } = rejectAs('REPLY_DISCLOSURE', () => header.parse(resource));
  // What the audit record here calls the version must be what the committed content says.
  if (meta.versionId !== sent.version) throw new ReplyRejected('REPLY_DISCLOSURE');
  const mayWithhold = withheldNames(type, redactions);
  if (!withheld.every((name) => mayWithhold.has(name))) throw new ReplyRejected('REPLY_SCOPE');
  return { type, id, version: sent.version, resource: resource as Resource, withheld, evidence: sent };
}

/** No more than was asked, of the types that were asked, each once, and all of one patient. */
function requireScope(records: readonly ReceivedRecord[], { types, count }: ExchangeRequest): void {
  const ids = new Set(records.map(({ type, id }) => `${type}/${id}`));
  const leaves = new Set(records.map(({ evidence }) => evidence.leafIndex));
  const asAsked =
    records.length <= count &&
    records.every(({ type }) => types.includes(type)) &&
    ids.size === records.length &&
    leaves.size === records.length;
  if (!asAsked) throw new ReplyRejected('REPLY_SCOPE');
  const patients = new Set(records.map(patientOf));
  patients.delete(undefined);
  if (patients.size > 1) throw new ReplyRejected('REPLY_PATIENTS');
}

/** Undefined where the reference to the patient is withheld, and for records that are about nobody. */
function patientOf({ resource, withheld }: ReceivedRecord): string | undefined {
  try {
    return compartmentPatient(resource);
  } catch (cause) {
    const isMissing = cause instanceof FhirError && cause.code === 'FHIR_COMPARTMENT_MISSING';
    if (isMissing && withheld.length > 0) return undefined;
    throw new ReplyRejected('REPLY_PATIENTS', { cause });
  }
}

/** The head that the source's registered log key signed. */
function checkpointOf(checkpoint: SentCheckpoint | null, source: Member): TreeHead {
  if (checkpoint === null) throw new ReplyRejected('REPLY_CHECKPOINT');
  const { origin, treeSize, rootHash } = rejectAs('REPLY_CHECKPOINT', () =>
    parseCheckpoint(openNote(checkpoint.note, [verifierOf(source)]).text),
  );
  if (origin !== logOrigin(source.organizationId)) throw new ReplyRejected('REPLY_CHECKPOINT');
  return { treeSize, rootHash };
}

function verifierOf({ logKey }: Member): NoteVerifier {
  const verify: NoteVerifier['verify'] = (signature, text, key) =>
    verifyEd25519(signature, text, ed25519Key(key));
  return { ...parseVerifierKey(logKey), verify };
}

/**
 * This node's own view of the ledger must hold the same head. The block that brings it may still be on its way here,
 * so a missing one is waited for; another root is refused at once.
 */
async function requireAnchor(
  { treeSize, rootHash }: TreeHead,
  { organizationId }: Member,
  log: VerifyDeps['log'],
): Promise<Anchor> {
  for (let poll = 0; poll < anchorPolls; poll += 1) {
    const anchor = await log.findAnchor(organizationId, treeSize);
    if (anchor !== undefined) {
      if (!equalBytes(anchor.rootHash, rootHash)) throw new ReplyRejected('REPLY_NOT_ANCHORED');
      return anchor;
    }
    await wait(anchorPollMs);
  }
  throw new ReplyRejected('REPLY_NOT_ANCHORED');
}

/**
 * Work on nothing but what the source sent: whatever it throws is the source's doing. Let through, it would fail the
 * whole question, and with it the answers of other sources.
 */
function rejectAs<Result>(code: ReplyCode, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    throw new ReplyRejected(code, { cause });
  }
}
