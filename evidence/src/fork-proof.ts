import { equalBytes, fromHex, hex } from './bytes.ts';
import { type Checkpoint, openNote, parseCheckpoint, splitNote } from './checkpoint.ts';
import { EvidenceError, type EvidenceErrorCode, refusal } from './errors.ts';
import { growthRoots } from './merkle.ts';
import { hasExactly, isJsonObject } from './strict-shape.ts';
import type { TrustedLog, TrustPolicy } from './trust-policy.ts';

/** The format line of a fork proof. */
export const forkProofFormat = 'medseal/fork-proof/v1';

/**
 * Two checkpoints that one log signed and that cannot both be heads of one append-only log (docs/formats/fork-proof.md):
 * of one size with two roots; or of two sizes, where `path` shows that the second tree does not begin with the first.
 */
export type ForkProof = {
  format: typeof forkProofFormat;
  first: string;
  second: string;
  /** Hex hashes of the growth path; only for two sizes. */
  path?: string[];
};

export type ForkKind = 'same-size' | 'growth';

/** The answer to a fork proof. `no-proof`: it does not show a fork; `undecided`: the log is not in the policy. */
export type ForkVerdict = { sentence: { zh: string; en: string } } & (
  | { verdict: 'fork'; kind: ForkKind; origin: string; organizationId: string; sizes: [number, number] }
  | { verdict: 'no-proof' | 'undecided'; code: EvidenceErrorCode }
);

const maxPathLength = 54;

/** Puts a fork proof together from two signed notes, the smaller tree first. It still has to be verified. */
export function forkProof(notes: readonly [string, string], path?: readonly Uint8Array[]): ForkProof {
  const [a, b] = notes;
  const [first, second] = sizeOf(a) <= sizeOf(b) ? [a, b] : [b, a];
  return {
    format: forkProofFormat,
    first,
    second,
    ...(path === undefined ? {} : { path: path.map(hex) }),
  };
}

/**
 * Verifies a fork proof against the log keys that the verifier itself trusts. Nothing else is needed: no network, no
 * ledger, no word of the witness that made it. Never throws on what the proof holds.
 */
export function verifyForkProof(proof: unknown, policy: Pick<TrustPolicy, 'logs'>): ForkVerdict {
  try {
    const { first, second, path } = parseForkProof(proof);
    const log = logOf(first, policy);
    const [older, newer] = [openedBy(first, log), openedBy(second, log)];
    const kind = kindOf(older, newer, path);
    const { origin } = older;
    return {
      verdict: 'fork',
      kind,
      origin,
      organizationId: log.organizationId,
      sizes: [older.treeSize, newer.treeSize],
      sentence: sentences.fork,
    };
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    const { code } = error;
    const undecided = code === 'FORK_LOG_UNKNOWN' || code === 'PROOF_UNKNOWN_FORMAT';
    const verdict = undecided ? 'undecided' : 'no-proof';
    return { verdict, code, sentence: sentences[verdict] };
  }
}

type ParsedForkProof = { first: string; second: string; path: Uint8Array[] | undefined };

function parseForkProof(value: unknown): ParsedForkProof {
  if (!isJsonObject(value) || value['format'] !== forkProofFormat)
    throw refusal('PROOF_UNKNOWN_FORMAT', 'not a fork proof of version 1');
  const members = ['format', 'first', 'second', ...(Object.hasOwn(value, 'path') ? ['path'] : [])];
  const { first, second } = value;
  if (!hasExactly(value, members) || typeof first !== 'string' || typeof second !== 'string')
    throw refusal('PROOF_MALFORMED', 'members');
  return { first, second, path: value['path'] === undefined ? undefined : pathOf(value['path']) };
}

function pathOf(value: unknown): Uint8Array[] {
  if (!Array.isArray(value) || value.length > maxPathLength) throw refusal('PROOF_MALFORMED', 'path');
  return value.map((hash: unknown) => {
    if (typeof hash !== 'string' || !/^[0-9a-f]{64}$/.test(hash)) throw refusal('PROOF_MALFORMED', 'path');
    return fromHex(hash);
  });
}

/** The trusted log that a note names; its keys are the only ones that count. */
function logOf(note: string, { logs }: Pick<TrustPolicy, 'logs'>): TrustedLog {
  const { origin } = parseCheckpoint(splitNote(note).text);
  const log = [...logs.values()].find(({ verifiers }) => verifiers.some(({ name }) => name === origin));
  if (log === undefined) throw refusal('FORK_LOG_UNKNOWN', 'the policy holds no key of this log');
  return log;
}

function openedBy(note: string, { verifiers }: TrustedLog): Checkpoint {
  const { text, verifiedBy } = openNote(note, verifiers);
  const checkpoint = parseCheckpoint(text);
  if (!verifiedBy.includes(checkpoint.origin))
    throw refusal('CHECKPOINT_ORIGIN', 'a checkpoint of another log');
  return checkpoint;
}

function kindOf(first: Checkpoint, second: Checkpoint, path: Uint8Array[] | undefined): ForkKind {
  if (first.origin !== second.origin) throw refusal('CHECKPOINT_ORIGIN', 'checkpoints of two logs');
  if (first.treeSize === second.treeSize) {
    if (path !== undefined) throw refusal('PROOF_MALFORMED', 'path');
    if (equalBytes(first.rootHash, second.rootHash)) throw refusal('FORK_NOT_PROVED', 'the same root');
    return 'same-size';
  }
  const roots = growthRoots({ oldSize: first.treeSize, newSize: second.treeSize, path: path ?? [] });
  // A path that does not lead to the second root says nothing about the log: anybody can write one.
  if (roots === undefined || !equalBytes(roots.newRoot, second.rootHash))
    throw refusal('FORK_NOT_PROVED', 'the path is not of the second tree');
  if (equalBytes(roots.oldRoot, first.rootHash)) throw refusal('FORK_NOT_PROVED', 'the log only grew');
  return 'growth';
}

function sizeOf(note: string): number {
  return parseCheckpoint(splitNote(note).text).treeSize;
}

const sentences = {
  fork: {
    zh: '分叉成立：该机构为同一日志签署了两个不可能同时成立的检查点，其中至少一个历史是伪造的。',
    en: 'Fork proved: the organisation signed two checkpoints of one log that cannot both be true; at least one history is false.',
  },
  'no-proof': {
    zh: '分叉不成立：所附材料不能证明该日志出现过两个历史。',
    en: 'No fork proved: what is given does not show two histories of the log.',
  },
  undecided: {
    zh: '无法判断：验证方未登记该日志的密钥，或文件不是分叉证明。',
    en: 'Cannot decide: the policy holds no key of this log, or the file is not a fork proof.',
  },
} as const;
