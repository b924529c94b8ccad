import { concat, sha256, utf8 } from './bytes.ts';
import { canonicalJson } from './canonical.ts';
import { EvidenceError } from './errors.ts';

/** What is committed to as a whole; a record is committed element by element (commitRecord). */
export type CommitmentDomain = 'consent' | 'decision' | 'access' | 'statement';

/**
 * Salted commitment to a whole document: SHA-256("medseal/<domain>/v1\n" ‖ salt ‖ canonical JSON).
 * The salt has a fixed length of 32 bytes, so no boundary can move.
 */
export function commit(domain: CommitmentDomain, content: unknown, salt: Uint8Array): Uint8Array {
  if (salt.length !== 32) throw new EvidenceError('COMMITMENT_INVALID', { message: 'a salt has 32 bytes' });
  return sha256(concat(utf8(`medseal/${domain}/v1\n`), salt, utf8(canonicalJson(content))));
}
