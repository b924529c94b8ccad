import type { CheckList } from './checks.ts';
import { attempt, EvidenceError } from './errors.ts';
import { type NotaryTrust, parseNotaryProof } from './evm-notary-proof.ts';
import { type NotaryVerdict, verifyNotaryProof } from './evm-verify.ts';
import type { Block } from './fabric-block.ts';
import type { TrustPolicy } from './trust-policy.ts';

/** A notary proof, and the path from the anchor's block to its history root. */
export type NotaryPart = { proof: unknown; inclusionProof: readonly Uint8Array[] };

type Question = { part: NotaryPart | undefined; block: Block | undefined; policy: TrustPolicy };

/**
 * Whether the notary outside the alliance recorded a history that holds the anchor's block. A header that the verifier does
 * not know is a gap, not a forgery: it can be looked up wherever that chain is to be seen.
 */
export function checkNotary(list: CheckList, { part, block, policy }: Question): void {
  if (part === undefined || block === undefined) {
    list.skip('notary');
    return;
  }
  const verdict = verdictOn(part, block, policy);
  if (verdict instanceof EvidenceError) {
    list.run('notary', () => {
      throw verdict;
    });
    return;
  }
  const { evmBlockNumber, evmBlockHash, chainId, at } = verdict.record ?? {};
  const detail = `${chainId} #${evmBlockNumber} 0x${evmBlockHash} ≤ ${at}`;
  if (verdict.verdict === 'valid') list.run('notary', () => ({ result: undefined, detail }));
  else list.skip('notary', detail);
}

function verdictOn(part: NotaryPart, block: Block, policy: TrustPolicy): NotaryVerdict | EvidenceError {
  return attempt(() => {
    const { channel, genesisHash, notary } = policy;
    const trust = notary ?? namedIn(part);
    const verdict = verifyNotaryProof(part.proof, {
      ...trust,
      channel,
      genesisHash,
      block: { number: block.number, hash: block.hash, inclusionProof: part.inclusionProof },
    });
    const code = verdict.checks.find(({ status }) => status === 'failed')?.code;
    return code === undefined ? verdict : new EvidenceError(code);
  });
}

/** A policy that names no notary trusts none: then the proof must hold in itself, and stays an online check. */
function namedIn({ proof }: NotaryPart): NotaryTrust {
  const { chainId, contract } = parseNotaryProof(proof);
  return { chainId, contract, headers: new Map() };
}
