import { type ParsedBundle, parseBundle, requireDigest } from './bundle.ts';
import { equalBytes, fromHex } from './bytes.ts';
import { type ConsentFrame, type ConsentPart, openConsent } from './check-consent.ts';
import { checkNotary } from './check-notary.ts';
import { openRelease } from './check-release.ts';
import { checkWitnesses } from './check-witnesses.ts';
import { type Checkpoint, openNote, parseCheckpoint } from './checkpoint.ts';
import { type Check, type CheckList, type CheckName, checkList } from './checks.ts';
import { attempt, EvidenceError, refusal } from './errors.ts';
import type { Transaction } from './fabric-transaction.ts';
import { type Leaf, leafBytes, leafHash, leafOf } from './leaf.ts';
import { soloSentence } from './ledger-texts.ts';
import { inclusionPathLength, verifyInclusion } from './merkle.ts';
import { checkLedger } from './proof-ledger.ts';
import { openDisclosure } from './record-commitment.ts';
import type { TrustedLog, TrustPolicy } from './trust-policy.ts';

/**
 * `undecided`: nothing is wrong, but something that it takes is missing on the verifier's side. `unnotarized`: valid but
 * for the outside notary that the policy asks for, which is missing or could not be reached from here.
 */
export type Verdict = 'valid' | 'tampered' | 'undecided' | 'unnotarized';

/** The answer to a bundle. `sentence` says what follows from it, and what does not. */
export type BundleVerdict = {
  verdict: Verdict;
  ledger: TrustPolicy['ledger'];
  checks: Check[];
  sentence: { zh: string; en: string };
  /** The proved record without what was withheld; only with verdict `valid` or `unnotarized`. */
  record?: { resource: Record<string, unknown>; withheld: string[]; organizationId: string; at: string };
};

// Clients choose the time of a transaction within 15 minutes (of its endorsers' clocks); a leaf claims its own time.
const originPrefix = 'medseal.org/log/';
const clockTolerance = 15 * 60 * 1000;

/**
 * Verifies a bundle against the verifier's own trust policy. Pure: no clock, no network, no files. Whatever
 * the bundle holds, the answer is a verdict, never an exception.
 */
export function verifyBundle(proof: unknown, policy: TrustPolicy): BundleVerdict {
  const list = checkList();
  const parsed = list.run('format', () => ({ result: parseBundle(proof) }));
  if (parsed === undefined) return verdictOf(list, policy, undefined);
  list.run('digest', () => ({ result: requireDigest(proof) }));
  const content = checkContent(list, parsed);
  const leaf = content?.leaf;
  const log = leaf === undefined ? undefined : policy.logs.get(leaf.tenant);
  const checkpoint = checkLogSignature(list, parsed, log);
  checkInclusion(list, parsed, { leaf, checkpoint });
  const { transaction, block } = checkLedger(list, { proof: parsed, policy, log, checkpoint });
  checkLeafTime(list, leaf, transaction);
  if (checkpoint === undefined) list.skip('witnesses');
  else checkWitnesses(list, { note: parsed.checkpoint, policy: policy.witnesses, log });
  checkRelease(list, parsed, { leaf, log, checkpoint });
  checkNotary(list, { part: parsed.notary, block, policy });
  return verdictOf(list, policy, content);
}

type Content = { leaf: Leaf; resource: Record<string, unknown>; withheld: string[] };

function checkContent(list: CheckList, proof: ParsedBundle): Content | undefined {
  return list.run('content', () => {
    const leaf = leafOf(proof.leaf);
    if (leaf.kind !== 'record') throw refusal('LEAF_KIND', 'not the leaf of a record');
    const { digest, resource, withheld } = openDisclosure(proof.disclosure);
    if (!equalBytes(digest, fromHex(leaf.digest))) throw refusal('LEAF_DIGEST', 'another content');
    return { result: { leaf, resource, withheld } };
  });
}

function checkLogSignature(
  list: CheckList,
  proof: ParsedBundle,
  log: TrustedLog | undefined,
): Checkpoint | undefined {
  if (log === undefined) return list.skip('log-signature');
  return list.run('log-signature', () => {
    const { text, verifiedBy } = openNote(proof.checkpoint, log.verifiers);
    const checkpoint = parseCheckpoint(text);
    // The key's name is the log's origin: a key that is good for one log says nothing about another.
    const origin = `${originPrefix}${log.organizationId}`;
    if (checkpoint.origin !== origin || !verifiedBy.includes(origin))
      throw refusal('CHECKPOINT_ORIGIN', 'a checkpoint of another log');
    return { result: checkpoint, detail: log.organizationId };
  });
}

function checkInclusion(
  list: CheckList,
  { leafIndex, inclusionProof }: ParsedBundle,
  { leaf, checkpoint }: { leaf: Leaf | undefined; checkpoint: Checkpoint | undefined },
): void {
  if (leaf === undefined || checkpoint === undefined) {
    list.skip('inclusion');
    return;
  }
  list.run('inclusion', () => {
    const { treeSize, rootHash } = checkpoint;
    if (leafIndex >= treeSize) throw refusal('INCLUSION_INDEX', 'outside the tree');
    if (inclusionProof.length !== inclusionPathLength(leafIndex, treeSize)) {
      throw refusal('INCLUSION_LENGTH', 'a path of another length');
    }
    const hash = leafHash(leafBytes(leaf));
    if (!verifyInclusion({ leafHash: hash, leafIndex, treeSize, proof: inclusionProof, rootHash })) {
      throw refusal('INCLUSION_ROOT', 'the path leads elsewhere');
    }
    return { result: undefined, detail: `${leafIndex} / ${treeSize}` };
  });
}

function checkLeafTime(list: CheckList, leaf: Leaf | undefined, transaction: Transaction | undefined): void {
  if (leaf === undefined || transaction === undefined) {
    list.skip('leaf-time');
    return;
  }
  list.run('leaf-time', () => {
    if (Date.parse(leaf.at) > transaction.timestamp + clockTolerance)
      throw refusal('LEAF_IN_FUTURE', 'later');
    return { result: undefined, detail: `${leaf.at} ≤ ${new Date(transaction.timestamp).toISOString()}` };
  });
}

type ReleaseFrame = {
  leaf: Leaf | undefined;
  log: TrustedLog | undefined;
  checkpoint: Checkpoint | undefined;
};

function checkRelease(list: CheckList, bundle: ParsedBundle, { leaf, log, checkpoint }: ReleaseFrame): void {
  const key = log?.messageKey;
  const release =
    bundle.release === undefined || leaf === undefined || key === undefined
      ? list.skip('release')
      : list.run('release', () => {
          const opened = openRelease(bundle.release, leaf, key);
          const { source, requester, purpose, at } = opened.receipt;
          return { result: opened, detail: `${source} → ${requester}, ${purpose}, ${at}` };
        });
  const { consent } = bundle;
  if (consent === undefined || release === undefined || checkpoint === undefined || leaf === undefined) {
    list.skip('consent');
    return;
  }
  runConsent(list, consent, { release, checkpoint, tenant: leaf.tenant });
}

/** A key of a kind that is not judged leaves the check open. */
function runConsent(list: CheckList, consent: ConsentPart, frame: ConsentFrame): void {
  const outcome = attempt(() => openConsent(consent, frame));
  if (outcome === 'unjudged') list.skip('consent');
  else {
    list.run('consent', () => {
      if (outcome instanceof EvidenceError) throw outcome;
      return { result: undefined };
    });
  }
}

function verdictOf(list: CheckList, policy: TrustPolicy, content: Content | undefined): BundleVerdict {
  const { checks } = list;
  const verdict = decide(checks, policy);
  const answer = { verdict, ledger: policy.ledger, checks, sentence: sentenceOf(verdict, policy.ledger) };
  if ((verdict !== 'valid' && verdict !== 'unnotarized') || content === undefined) return answer;
  const { resource, withheld, leaf } = content;
  return { ...answer, record: { resource, withheld, organizationId: leaf.tenant, at: leaf.at } };
}

function decide(checks: readonly Check[], policy: TrustPolicy): Verdict {
  if (checks.some(({ code }) => code === 'PROOF_UNKNOWN_FORMAT')) return 'undecided';
  if (checks.some(({ status }) => status === 'failed')) return 'tampered';
  const missing = checks.some(({ status, name }) => status === 'skipped' && isNeeded(name, policy));
  if (missing) return 'undecided';
  const unnotarized = checks.some(({ status, name }) => status === 'skipped' && name === 'notary');
  return unnotarized && policy.notary !== undefined ? 'unnotarized' : 'valid';
}

function isNeeded(name: CheckName, policy: TrustPolicy): boolean {
  if (name === 'confirmation') return policy.confirmation === 'required';
  if (name === 'witnesses') return policy.witnesses !== undefined;
  // The notary has a verdict of its own; a release says more about a record, but the record stands without it.
  if (name === 'notary' || name === 'release' || name === 'consent') return false;
  // Skipped for a solo ledger alone, whose verdict says what that means.
  return name !== 'independence';
}

function sentenceOf(verdict: Verdict, ledger: TrustPolicy['ledger']): { zh: string; en: string } {
  if (verdict === 'tampered') {
    return {
      zh: '不可采信：至少一项检查未通过，文件内容或其证据被改动过，或并非来自所声称的一方。',
      en: 'Not to be relied on: at least one check failed; the file was altered or is not from whom it claims to be.',
    };
  }
  if (verdict === 'undecided') {
    return {
      zh: '无法判断：验证方缺少作出判断所需的信任材料，或文件不是证据包。',
      en: 'Cannot decide: trust material is missing on the verifier’s side, or the file is not a bundle.',
    };
  }
  if (verdict === 'unnotarized') {
    return {
      zh: '账本内的各项检查均已通过，但联盟之外的公证缺失或无法核对：若联盟全体串通，仅凭此文件无法识破。',
      en: 'All checks inside the alliance passed, but the outside notary is missing or cannot be checked here: a conspiracy of the whole alliance would not show.',
    };
  }
  if (ledger === 'solo') return soloSentence;
  return {
    zh: '所示内容自上链以来未被改动。这不证明内容本身真实，也不证明上链之前未被改动。',
    en: 'The content shown has not changed since it was anchored. This does not prove that the content is true, nor that it was not changed before.',
  };
}
