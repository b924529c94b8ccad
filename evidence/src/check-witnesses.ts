import type { CheckList } from './checks.ts';
import { attempt, EvidenceError } from './errors.ts';
import type { TrustedLog } from './trust-policy.ts';
import { judgeWitnesses, type WitnessPolicy, type WitnessVerdict } from './witness-policy.ts';

type Question = { note: string; policy: WitnessPolicy | undefined; log: TrustedLog | undefined };

/**
 * Whether the quorum of the policy's witnesses cosigned the checkpoint. Too few are a gap, not a forgery: cosignatures
 * come after the checkpoint, and a witness may have been away.
 */
export function checkWitnesses(list: CheckList, { note, policy, log }: Question): void {
  if (policy === undefined) {
    list.skip('witnesses');
    return;
  }
  const verdict = attempt(() => judgeWitnesses(note, policy, log?.verifiers ?? []));
  if (verdict instanceof EvidenceError) {
    list.run('witnesses', () => {
      throw verdict;
    });
  } else if (verdict.quorumMet) {
    list.run('witnesses', () => ({ result: undefined, detail: namesOf(verdict) }));
  } else {
    list.skip('witnesses', `${verdict.cosignatures.length} / ${verdict.quorum}`);
  }
}

function namesOf({ cosignatures }: WitnessVerdict): string {
  return cosignatures
    .map(({ name, time }) => `${name} ${isoOf(time)}`)
    .sort()
    .join(', ');
}

// A witness may sign any number of seconds; a date has an end.
function isoOf(time: number): string {
  const date = new Date(time * 1000);
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString();
}
