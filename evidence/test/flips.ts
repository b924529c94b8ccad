import { EvidenceError } from '../src/errors.ts';

/** At the end of a block: last_config of metadata[1], the validity filter, the peer's commit hash; nobody signs these. */
const unsignedTail = 45;

/** Where `verify` takes a block with one bit flipped, of every `step`-th byte; it may refuse with an EvidenceError alone. */
export function acceptedFlips(
  block: Uint8Array,
  { step, verify }: { step: number; verify(flipped: Uint8Array): unknown },
): number[] {
  const accepted: number[] = [];
  for (let at = 0; at < block.length - unsignedTail; at += step) {
    const flipped = block.slice();
    flipped[at] = flipped[at]! ^ (1 << (at % 8));
    try {
      verify(flipped);
      accepted.push(at);
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
    }
  }
  return accepted;
}
