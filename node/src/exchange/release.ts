import { discloseRecord } from '@medseal/evidence';
import type { Permit } from '../consent/index.ts';
import { largestClass } from './padding.ts';
import type { KnownPatient, LogPort, RecordsPort, ReleasedRecord } from './ports.ts';
import type { DataPeriod, ExchangeRequest, SentCheckpoint, SentRecord } from './types.ts';

/** What of a reply is released records. */
export type Release = {
  records: SentRecord[];
  checkpoint: SentCheckpoint | null;
  pending: number;
  omitted: number;
  /** References of the released versions, for the audit record. */
  instances: string[];
};

export type ReleaseDeps = { records: RecordsPort; log: LogPort };

// Half of the largest reply: the rest is for the other members and the proofs.
const maxContentLength = largestClass / 2;
/** What a disclosure puts around an element: `name`, `value`, and `salt` with its 64 digits. */
const elementLength = 91;

/** Opens what a permitting decision releases, withholds what it redacts and proves each record against the anchored log. */
export async function release(
  { request, patient, decision }: { request: ExchangeRequest; patient: KnownPatient; decision: Permit },
  { records, log }: ReleaseDeps,
): Promise<Release> {
  const { types, count, dataPeriod } = request;
  const { records: opened, omitted } = await records.openForRelease({
    ...patient,
    types,
    decision: within(decision, dataPeriod),
    count,
  });
  const evidence = await log.proofsFor(opened.map(({ leafId }) => leafId));
  const result: Release = { records: [], checkpoint: null, pending: 0, omitted, instances: [] };
  let room = maxContentLength;
  for (const [at, record] of opened.entries()) {
    const proof = evidence[at];
    if (proof?.state !== 'anchored') {
      // No record leaves without its proof; a new one has it seconds later.
      result.pending += 1;
      continue;
    }
    room -= roomFor(record);
    if (room < 0) {
      result.omitted += 1;
      continue;
    }
    const disclosure = discloseRecord(
      record.resource,
      record.contentSalt,
      withheldNames(record.resource.resourceType, decision.redactions),
    );
    const { leaf, leafIndex, inclusionProof, checkpoint: note, anchor } = proof;
    result.records.push({ version: record.versionId, leaf, leafIndex, inclusionProof, disclosure });
    result.checkpoint ??= { note, ...anchor };
    result.instances.push(
      `${record.resource.resourceType}/${record.resource.id}/_history/${record.versionId}`,
    );
  }
  return result;
}

/** Bytes of a disclosure. */
function roomFor({ resource, length }: ReleasedRecord): number {
  return length + Object.keys(resource).length * elementLength;
}

/** The same permit for the period that was asked, where that is narrower than what it grants. */
function within(decision: Permit, asked: DataPeriod | undefined): Permit {
  if (asked === undefined) return decision;
  const grants = decision.grants.map((grant) => {
    const start = [grant.dataPeriod?.start, asked.start]
      .filter((day) => day !== undefined)
      .sort()
      .at(-1);
    const end = [grant.dataPeriod?.end, asked.end]
      .filter((day) => day !== undefined)
      .sort()
      .at(0);
    return { ...grant, dataPeriod: { ...(start && { start }), ...(end && { end }) } };
  });
  return { ...decision, grants };
}

// What a record cannot be read without.
const kept: ReadonlySet<string> = new Set(['resourceType', 'id', 'meta']);

/**
 * The elements of a type that `redactions` name (`Type.element` is for one type), with the extensions that FHIR keeps
 * beside them (`_element`).
 */
export function withheldNames(type: string, redactions: readonly string[]): Set<string> {
  const prefix = `${type}.`;
  const names = redactions.map((name) => (name.startsWith(prefix) ? name.slice(prefix.length) : name));
  return new Set(names.filter((name) => !kept.has(name)).flatMap((name) => [name, `_${name}`]));
}
