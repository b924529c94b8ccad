import { type BundleParts, bundleFormat, type EvidenceBundle, sealed } from '../src/bundle.ts';
import { base64, fromBase64 } from '../src/bytes.ts';
import { EvidenceError } from '../src/errors.ts';
import { packBlocks } from '../src/packed-blocks.ts';
import type { TrustPolicy } from '../src/trust-policy.ts';
import { type BundleVerdict, verifyBundle } from '../src/verify-bundle.ts';

/** A bundle with its blocks laid open, to be tampered with before it is packed. */
export type UnpackedBundle = Omit<EvidenceBundle, 'blocks' | 'digest' | 'anchor' | 'confirmation'> & {
  anchor: { txId: string; blockNumber: number; block: string };
  configBlocks: string[];
  confirmation?: { txId: string; block: string };
};

export function unpackedBundle({
  block,
  anchor,
  configBlocks,
  confirmation,
  ...rest
}: Omit<BundleParts, 'notary'>): UnpackedBundle {
  return {
    format: bundleFormat,
    ...rest,
    anchor: { ...anchor, block: base64(block) },
    configBlocks: configBlocks.map(base64),
    ...(confirmation === undefined
      ? {}
      : { confirmation: { txId: confirmation.txId, block: base64(confirmation.block) } }),
  };
}

/** The file of an unpacked bundle, sealed anew; anything else as it is. */
export function packed(value: unknown): unknown {
  if (!isUnpacked(value)) return value;
  const { configBlocks, anchor, confirmation, ...rest } = value;
  const { block, ...place } = anchor;
  const blocks = [...configBlocks, block];
  if (confirmation === undefined)
    return resealed({ ...rest, anchor: place, blocks: base64(packBlocks(blocks.map(fromBase64))) });
  const { block: later, ...confirmed } = confirmation;
  const all = base64(packBlocks([...blocks, later].map(fromBase64)));
  return resealed({ ...rest, anchor: place, confirmation: confirmed, blocks: all });
}

/** The members with the digest over them; what has no canonical form gets some digest. */
export function resealed(members: object): object {
  try {
    return sealed(members);
  } catch (error) {
    if (error instanceof EvidenceError) return { ...members, digest: '00'.repeat(32) };
    throw error;
  }
}

/** The answer to an unpacked bundle once it is packed. */
export function verifyPacked(value: unknown, policy: TrustPolicy): BundleVerdict {
  return verifyBundle(packed(value), policy);
}

function isUnpacked(value: unknown): value is UnpackedBundle {
  return typeof value === 'object' && value !== null && 'configBlocks' in value;
}
