import type { TestChannel } from '../../evidence/test/alliance.ts';
import type { TestLog } from '../../evidence/test/proof.ts';
import { packed, type UnpackedBundle } from '../../evidence/test/unpacked.ts';

export type Verdict = 'valid' | 'tampered' | 'undecided' | 'unnotarized' | 'fork' | 'no-proof';

/** One file for both verifiers. `expected` is stated where the documents leave no doubt. */
export type CorpusCase = {
  name: string;
  /** The file's bytes: a bundle, the archive of a case, a fork proof, or what poses as one. */
  file: Uint8Array;
  /** Text of the trust policy. */
  policy: string;
  expected?: { verdict: Verdict; code?: string };
};

type Expectation = Verdict | `${'tampered' | 'no-proof'} ${string}` | undefined;

/** A case from a proof (written as JSON), or from a text or bytes as they are. */
export function corpusCase(
  name: string,
  content: UnpackedBundle | object | string | Uint8Array,
  policy: string,
  expectation?: Expectation,
): CorpusCase {
  const file = content instanceof Uint8Array ? content : Buffer.from(textOf(content));
  const [verdict, code] = (expectation?.split(' ') ?? []) as [Verdict?, string?];
  const expected = verdict && { verdict, ...(code === undefined ? {} : { code }) };
  return { name, file, policy, ...(expected === undefined ? {} : { expected }) };
}

function textOf(content: object | string): string {
  return typeof content === 'string' ? content : JSON.stringify(packed(content));
}

/** What tampering starts from. */
export type Shelf = { channel: TestChannel; log: TestLog; valid: UnpackedBundle; policy: string };
