import { caseArchiveFormat } from './case-archive.ts';
import { type CaseVerdict, verifyCase } from './case-verify.ts';
import { type ForkVerdict, forkProofFormat, verifyForkProof } from './fork-proof.ts';
import { isJsonObject } from './strict-shape.ts';
import type { TrustPolicy } from './trust-policy.ts';
import { type BundleVerdict, verifyBundle } from './verify-bundle.ts';

/** The answer to a file, by what it says it is. */
export type FileVerdict =
  | { kind: 'bundle'; result: BundleVerdict }
  | { kind: 'case'; result: CaseVerdict }
  | { kind: 'fork'; result: ForkVerdict };

/** Verifies a bundle, the archive of a case or a fork proof. What says it is nothing of these is no bundle. */
export function verifyFile(value: unknown, policy: TrustPolicy): FileVerdict {
  const format = isJsonObject(value) ? value['format'] : undefined;
  if (format === forkProofFormat) return { kind: 'fork', result: verifyForkProof(value, policy) };
  if (format === caseArchiveFormat) return { kind: 'case', result: verifyCase(value, policy) };
  return { kind: 'bundle', result: verifyBundle(value, policy) };
}
