import { discloseRecord } from '@medseal/evidence';
import type { PatientId } from '../lib/brand.ts';
import { largestClass } from './padding.ts';
import type { ConsentPort, ExchangeDecision, LogPort, RecordsPort } from './ports.ts';
import type { ExchangeRequest, SentCheckpoint, SentRecord } from './types.ts';

/** What of a reply is released records. */
export type Release = {
  records: SentRecord[];
  checkpoint: SentCheckpoint | null;
  pending: number;
  omitted: number;
  /** References of the released versions, for the audit record. */
  instances: string[];
};

export type ReleaseDeps = { consent: ConsentPort; records: RecordsPort; log: LogPort };

// Half of the largest reply: the rest is for the other members and the proofs.
const maxContentLength = largestClass / 2;

/** Opens what a permitting decision releases, withholds what it redacts and proves each record against the anchored log. */
export async function release(
  {
    request,
    patient,
    decision,
  }: { request: ExchangeRequest; patient: PatientId; decision: ExchangeDecision & { permit: true } },
  { consent, records, log }: ReleaseDeps,
): Promise<Release> {
  const opened = await records.openForRelease({
    patient,
    types: request.types,
    dataPeriod: request.dataPeriod,
    count: request.count,
    releases: (descriptor) => consent.releases(decision, descriptor) === 'release',
  });
  const evidence = await log.proofsFor(opened.map(({ leafId }) => leafId));
  const result: Release = { records: [], checkpoint: null, pending: 0, omitted: 0, instances: [] };
  let room = maxContentLength;
  for (const [at, record] of opened.entries()) {
    const proof = evidence[at];
    if (proof?.state !== 'anchored') {
      // No record leaves without its proof; a new one has it seconds later.
      result.pending += 1;
      continue;
    }
    const disclosure = discloseRecord(
      record.resource,
      record.contentSalt,
      withheldNames(record.resource.resourceType, decision.redactions),
    );
    room -= JSON.stringify(disclosure).length;
    if (room < 0) {
      result.omitted += 1;
      continue;
    }
    const { leaf, leafIndex, inclusionProof, checkpoint: note, anchor } = proof;
    result.records.push({ version: record.versionId, leaf, leafIndex, inclusionProof, disclosure });
    result.checkpoint ??= { note, ...anchor };
    result.instances.push(
      `${record.resource.resourceType}/${record.resource.id}/_history/${record.versionId}`,
    );
  }
  return result;
}

/** Redactions are element names; `Type.element` is for one type. What a record is and its id are never withheld. */
export function withheldNames(type: string, redactions: readonly string[]): Set<string> {
  const prefix = `${type}.`;
  const names = redactions.map((name) => (name.startsWith(prefix) ? name.slice(prefix.length) : name));
  return new Set(names.filter((name) => name !== 'resourceType' && name !== 'id'));
}
