import type { Decision, PreparedDecision } from '../consent/index.ts';
import type { PatientKey } from '../crypto/index.ts';
import type { PatientId } from '../lib/brand.ts';
import { auditEntry } from './audit-entry.ts';
import { descriptorOf } from './descriptor.ts';
import type { RecordsDeps } from './records-deps.ts';
import { redact } from './redact.ts';
import type { Owner } from './tokens.ts';
import type { Caller, OpenedRecord, RecordIndex } from './types.ts';

type Action = 'read' | 'search' | 'history' | 'everything';

/** What one caller may see of one owner's records. */
export type View = {
  patientId: Owner | undefined;
  /** The decision it rests on; none for the directory. */
  decision: Decision | undefined;
  /** The decision's own record, where it becomes durable with the access. */
  record?: PreparedDecision['record'];
  /** Makes the decision durable where no access will be recorded. */
  keep?: PreparedDecision['keep'];
  releases(index: RecordIndex): boolean;
  /** The record without what the decision withholds. */
  show(record: OpenedRecord): OpenedRecord;
};

/**
 * Decides about one patient's records (`owner` undefined: nobody is known); `noteAccess` makes the decision durable, which
 * has to be before anything is answered. The directory is open to whoever is authenticated here.
 */
export async function viewOf(
  owner: Owner | undefined,
  {
    caller,
    action,
    types,
    deps,
    key,
  }: {
    caller: Caller;
    action: Action;
    types: readonly string[] | 'all';
    deps: RecordsDeps;
    /** The owner's, where it was read already. */
    key?: PatientKey | undefined;
  },
): Promise<View> {
  if (owner === 'directory') return directoryView(caller);
  const request = {
    actor: caller.actor,
    patient: owner,
    purpose: caller.purpose,
    action,
    types,
    requestedAt: deps.clock.now().toISOString(),
  };
  const { decision, record, keep } = await deps.consent.prepare(request, key);
  return { ...viewOfDecision(owner, decision, deps), record, keep };
}

/** What comes between a decision and the record of the access; should it fail, the decision is kept all the same. */
export async function underDecisions<Result>(
  views: readonly View[],
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    await Promise.all(views.map((view) => view.keep?.()));
    throw cause;
  }
}

/** The view that a decision made elsewhere gives. */
export function viewOfDecision(
  patientId: PatientId | undefined,
  decision: Decision,
  { consent }: Pick<RecordsDeps, 'consent'>,
): View {
  return {
    patientId,
    decision,
    releases: (index) => decision.permit && consent.releases(decision, descriptorOf(index)) === 'release',
    show: (record) => {
      const redactions = decision.permit ? decision.redactions : [];
      if (redactions.length === 0) return record;
      const resource = redact(record.original, redactions);
      const text = resource === record.original ? record.text : JSON.stringify(resource);
      return { ...record, redactions, resource, text };
    },
  };
}

/** Partners see of the directory what stands in the records they were given, nothing by themselves. */
function directoryView({ actor }: Caller): View {
  return {
    patientId: 'directory',
    decision: undefined,
    releases: () => actor.kind !== 'peer',
    show: (record) => record,
  };
}

/** Makes an access and the decision it rests on durable before anything is answered; without the record nothing is shown. */
export async function noteAccess(
  view: View | undefined,
  act: {
    caller: Caller;
    deps: RecordsDeps;
    interaction: 'read' | 'vread' | 'search' | 'history' | 'everything';
    shown: boolean;
    instances: readonly string[];
  },
): Promise<void> {
  const { caller, deps, interaction, shown, instances } = act;
  const patientId = view?.patientId === 'directory' ? undefined : view?.patientId;
  await deps.access.write(
    auditEntry(caller, {
      interaction,
      outcome: shown ? 'success' : 'denied',
      at: deps.clock.now().toISOString(),
      patientId,
      instances,
      decision: view?.decision,
    }),
    view?.record,
  );
}
