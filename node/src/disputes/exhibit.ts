import {
  type CaseExhibit,
  type CaseSubject,
  EvidenceError,
  factsOf,
  hex,
  isAbout,
  type Leaf,
  leafOf,
  openItem,
} from '@medseal/evidence';
import { z } from 'zod';
import type { DisputeDeps } from './dispute-deps.ts';
import { DisputeError } from './errors.ts';
import { sizeOfNote } from './gather-evidence.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const place = z.object({ txId: digest, blockNumber: z.int().min(0) });

/** An entry as a patient's history gives it (docs/formats/access-entry.md), anchored; parsed to an exhibit. */
export const keptEntry = z
  .strictObject({
    content: z.record(z.string(), z.unknown()),
    salt: digest,
    evidence: z.strictObject({
      state: z.literal('anchored'),
      leaf: z.record(z.string(), z.unknown()),
      leafIndex: z.int().min(0),
      inclusionProof: z.array(digest).max(53),
      checkpoint: z.string().max(10_000),
      anchor: place,
      confirmation: place.optional(),
    }),
  })
  .transform(({ content, salt, evidence }, context): CaseExhibit => {
    const { leaf, leafIndex, inclusionProof, checkpoint } = evidence;
    try {
      return { content, salt, leaf, leafIndex, inclusionProof, treeSize: sizeOfNote(checkpoint) };
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
      context.addIssue({ code: 'custom', message: 'no checkpoint', path: ['evidence', 'checkpoint'] });
      return z.NEVER;
    }
  });

/**
 * The leaf of an exhibit that hashes to it and stands in its log as the ledger holds it; else DISPUTE_EXHIBIT_INVALID.
 * Whoever files it is told at once, and not by the finding; the finding checks it again.
 */
export async function requireSound(exhibit: CaseExhibit, { log }: DisputeDeps): Promise<Leaf> {
  const { tenant } = leafIn(exhibit);
  const { treeSize } = exhibit;
  const anchor = await log.findAnchor(tenant, treeSize);
  if (anchor === undefined) throw new DisputeError('DISPUTE_EXHIBIT_INVALID');
  const anchored = { organizationId: tenant, treeSize, rootHash: hex(anchor.rootHash) };
  const leaf = openItem(exhibit, anchored, 'access');
  if (typeof leaf === 'string') throw new DisputeError('DISPUTE_EXHIBIT_INVALID');
  return leaf;
}

/** As {@link requireSound}, and the exhibit is about the access in dispute. */
export async function requireExhibit(
  exhibit: CaseExhibit,
  subject: CaseSubject,
  deps: DisputeDeps,
): Promise<void> {
  const { tenant } = await requireSound(exhibit, deps);
  const facts = factsOf(exhibit.content);
  if (facts.observer !== tenant || !isAbout(subject)(facts))
    throw new DisputeError('DISPUTE_EXHIBIT_INVALID');
}

function leafIn({ leaf }: CaseExhibit): Leaf {
  try {
    return leafOf(leaf);
  } catch (cause) {
    if (cause instanceof EvidenceError) throw new DisputeError('DISPUTE_EXHIBIT_INVALID', { cause });
    throw cause;
  }
}

const ofPatient = z.object({
  auditEvent: z.object({
    entity: z.array(
      z.object({
        what: z.object({ reference: z.string().optional() }).optional(),
        role: z.object({ code: z.string().optional() }).optional(),
      }),
    ),
  }),
});

/** Whose history an entry belongs to, by the id at the organisation that wrote it. */
export function patientOf(content: unknown): string | undefined {
  const entities = ofPatient.safeParse(content).data?.auditEvent.entity ?? [];
  const patient = entities.find(({ role }) => role?.code === '1')?.what?.reference;
  return patient?.startsWith('Patient/') ? patient.slice('Patient/'.length) : undefined;
}
