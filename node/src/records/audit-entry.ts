import type { AuditEntry, AuditInteraction, AuditOutcome } from '../audit/index.ts';
import type { Decision } from '../consent/index.ts';
import type { Caller } from './types.ts';

/** What one event names at most; a Bundle of thousands is told by its first records, the log holds a leaf for each. */
const maxInstances = 50;

type Act = {
  interaction: AuditInteraction;
  outcome: AuditOutcome;
  at: string;
  patientId?: string | undefined;
  instances?: readonly string[];
  decision?: Decision | undefined;
};

/** The audit entry of one act on records. */
export function auditEntry(caller: Caller, act: Act): AuditEntry {
  const { decision, instances, ...rest } = act;
  const reasons =
    decision === undefined || decision.permit ? undefined : decision.reasons.map(({ rule }) => rule);
  return {
    ...rest,
    actor: caller.actor,
    purpose: caller.purpose,
    query: caller.query,
    requestId: caller.requestId,
    clientAddress: caller.clientAddress,
    decisionId: decision?.receipt.decisionId,
    ...(reasons === undefined ? {} : { reasons }),
    ...(instances === undefined ? {} : { instances: instances.slice(0, maxInstances) }),
  };
}
