import { base64, canonicalJson, fromBase64, fromHex, utf8 } from '@medseal/evidence';
import { z } from 'zod';
import type { SealBinding } from '../crypto/recipient.ts';
import { parseJson } from '../lib/strict-json.ts';
import { DisputeError } from './errors.ts';
import type { DocumentName } from './types.ts';

/** Path on a node's peer port at which documents of cases arrive. */
export const disputePath = '/peer/disputes';

/** A document on its way: sealed to its recipient, and the commitment that the ledger holds of it. */
export type DisputeMessage = DocumentName & { commitment: string; sealed: Uint8Array };

const organizationId = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/);
const message = z.strictObject({
  v: z.literal(1),
  caseId: z.string().regex(/^[0-9a-f]{32}$/),
  kind: z.enum(['opening', 'filing', 'finding', 'decision']),
  author: organizationId,
  commitment: z.string().regex(/^[0-9a-f]{64}$/),
  sealed: z.string().max(1_000_000),
});

/** The bytes of a message: canonical JSON. */
export function messageBytes({ sealed, ...named }: DisputeMessage): Uint8Array {
  return utf8(canonicalJson({ v: 1, ...named, sealed: base64(sealed) }));
}

/** The message that a partner sent. DISPUTE_REQUEST_INVALID for anything else. */
export function parseMessage(bytes: Uint8Array): DisputeMessage {
  try {
    const { v: _, sealed, ...named } = message.parse(parseJson(bytes));
    return { ...named, sealed: fromBase64(sealed) };
  } catch (cause) {
    throw new DisputeError('DISPUTE_REQUEST_INVALID', { cause });
  }
}

/** What the sealed bytes are bound to: sender, recipient and this very document (docs/formats/case.md, "On the way"). */
export function bindingOf(
  { caseId, kind, author, commitment }: Omit<DisputeMessage, 'sealed'>,
  { sender, recipient }: { sender: string; recipient: string },
): SealBinding {
  return {
    requestDigest: fromHex(commitment),
    sourceOrganizationId: sender,
    requesterOrganizationId: recipient,
    purpose: `case/${caseId}/${kind}/${author}`,
  };
}
