import { readFileSync } from 'node:fs';
import { hex, type NotaryProof } from '../../evidence/src/index.ts';
import { historyOf } from '../../evidence/test/notary.ts';
import {
  type Anchor,
  anchorsIn,
  proofOf,
  readRecording,
  recordedBlocks,
  recordedPolicy,
} from '../../evidence/test/recorded.ts';
import { type CorpusCase, corpusCase } from './case.ts';

/** What a hardhat node really recorded of the ledger in solo.json. */
type Recorded = {
  height: number;
  chainId: number;
  contract: string;
  trustedHeader: { number: number; hash: string };
  proofs: Record<
    'valid' | 'otherChannel' | 'otherContract' | 'reorganised' | 'equivocation' | 'reverted',
    NotaryProof
  >;
};

/** Bundles of a recorded ledger with the proof of a recorded notary, and with what it may be mistaken for. */
export function recordedNotaryCases(): CorpusCase[] {
  const url = new URL('../../evidence/test/vectors/notary.json', import.meta.url);
  const { height, chainId, contract, trustedHeader, proofs } = JSON.parse(
    readFileSync(url, 'utf8'),
  ) as Recorded;
  const recording = readRecording('solo');
  const history = historyOf(height, recordedBlocks(recording));
  const notary = { chainId, contract, trustedHeaders: [trustedHeader] };
  const policy = JSON.stringify({ ...recordedPolicy(recording, 'solo'), notary });
  const [first] = anchorsIn(recording).filter(({ valid }) => valid) as [Anchor];
  const bundle = proofOf(recording, { anchor: first, later: undefined, at: 0, withheld: [] });
  const inclusionProof = history.path(first.block);
  const shorter = historyOf(8, recordedBlocks(recording));
  const make = (name: string, part: object, expected: Parameters<typeof corpusCase>[3]) =>
    corpusCase(`recorded notary: ${name}`, { ...bundle, notary: part }, policy, expected);
  return [
    make('valid', { proof: proofs.valid, inclusionProof }, 'valid'),
    make('other channel', { proof: proofs.otherChannel, inclusionProof }, 'tampered NOTARY_CHANNEL'),
    make('other contract', { proof: proofs.otherContract, inclusionProof }, 'tampered NOTARY_CONTRACT'),
    make('reorganised', { proof: proofs.reorganised, inclusionProof }, 'tampered NOTARY_HEADER_UNTRUSTED'),
    make('contradiction', { proof: proofs.equivocation, inclusionProof }, 'tampered NOTARY_EVENT_ABSENT'),
    make('failed call', { proof: proofs.reverted, inclusionProof }, 'tampered NOTARY_RECEIPT_FAILED'),
    make(
      'path of the block beside it',
      {
        proof: proofs.valid,
        inclusionProof: history.path(first.block % 2 === 0 ? first.block + 1 : first.block - 1),
      },
      'tampered NOTARY_HISTORY_ROOT',
    ),
    make(
      'root and path of a shorter history',
      {
        proof: { ...proofs.valid, historyRoot: hex(shorter.head.historyRoot) },
        inclusionProof: shorter.path(first.block),
      },
      'tampered NOTARY_EVENT_MISMATCH',
    ),
  ];
}
