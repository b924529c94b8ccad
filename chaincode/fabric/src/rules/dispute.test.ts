import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ContractError } from '../errors.ts';
import {
  closeDispute,
  type DisputeState,
  decideDispute,
  disputeTransitions,
  examineDispute,
  fileDispute,
  type LedgerDispute,
  lapseDispute,
  openDispute,
  withdrawDispute,
} from './dispute.ts';

const start = Date.parse('2026-03-01T08:00:00.000Z');
const deadlineAt = '2026-03-01T09:00:00.000Z';
const parties = ['hospital-a', 'hospital-b'].map((organizationId) => ({
  organizationId,
  treeSize: 1,
  messageKey: '0'.repeat(64),
}));
const opening = (): LedgerDispute =>
  openDispute({
    id: '0'.repeat(32),
    caller: { organizationId: 'hospital-a', isRegulator: false },
    at: new Date(start),
    parties,
    deadlineAt,
    commitment: '1'.repeat(64),
    existing: undefined,
  });

const act = fc.record({
  name: fc.constantFrom('file', 'lapse', 'examine', 'decide', 'close', 'withdraw'),
  who: fc.constantFrom('hospital-a', 'hospital-b', 'hospital-c', 'regulator'),
  commitment: fc.constantFrom('a', 'b').map((digit) => digit.repeat(64)),
  minutes: fc.integer({ min: 0, max: 120 }),
  withheld: fc.subarray(['hospital-a', 'hospital-b', 'hospital-c']),
  age: fc.constantFrom(0, 0, 1),
});
type Act = typeof act extends fc.Arbitrary<infer Value> ? Value : never;

/** The step that was examined: the current one, or one of an earlier age. */
const stepOf = ({ step, finding }: LedgerDispute, age: number): number => (finding?.step ?? step) - age;

function perform(
  dispute: LedgerDispute,
  { name, who, commitment, minutes, withheld, age }: Act,
): LedgerDispute {
  const caller = { organizationId: who, isRegulator: who === 'regulator' };
  const moment = { caller, at: new Date(start + minutes * 60_000) };
  switch (name) {
    case 'file':
      return fileDispute(dispute, { ...moment, commitment, treeSize: 2, rootHash: commitment });
    case 'lapse':
      return lapseDispute(dispute, moment);
    case 'close':
      return closeDispute(dispute, moment);
    case 'withdraw':
      return withdrawDispute(dispute, moment);
    case 'decide':
      return decideDispute(dispute, { ...moment, commitment });
    default:
      return examineDispute(dispute, { ...moment, commitment, withheld, step: stepOf(dispute, age) });
  }
}

/** The case after an act, and the act's refusal if it was refused. */
function attempt(dispute: LedgerDispute, step: Act): { next: LedgerDispute; code?: string } {
  try {
    return { next: perform(dispute, step) };
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    return { next: dispute, code: error.code };
  }
}

const histories = fc.array(act, { maxLength: 30 });

describe('the states of a case', () => {
  it('are reached from the opening, every one of them, and have an end', () => {
    const reached = new Set<DisputeState>(['opened']);
    for (const state of reached)
      for (const next of Object.values(disputeTransitions[state])) reached.add(next);

    expect([...reached].sort()).toEqual(Object.keys(disputeTransitions).sort());
    expect(disputeTransitions.closed).toEqual({});
    expect(disputeTransitions.withdrawn).toEqual({});
  });

  it('follow the table whatever is attempted, one step at a time', () => {
    fc.assert(
      fc.property(histories, (acts) => {
        let dispute = opening();
        for (const step of acts) {
          const { next } = attempt(dispute, step);
          if (next === dispute) continue;
          expect(Object.values(disputeTransitions[dispute.state])).toContain(next.state);
          expect(next.step).toBe(dispute.step + 1);
          dispute = next;
        }
      }),
    );
  });

  it('never take back what was said', () => {
    fc.assert(
      fc.property(histories, (acts) => {
        let dispute = opening();
        for (const step of acts) {
          const { next } = attempt(dispute, step);
          for (const filing of dispute.filings) expect(next.filings).toContainEqual(filing);
          if (dispute.finding !== null) expect(next.finding).toEqual(dispute.finding);
          if (dispute.decision !== null) expect(next.decision).toEqual(dispute.decision);
          expect(next.parties).toEqual(dispute.parties);
          dispute = next;
        }
      }),
    );
  });

  it('change nothing for one who has no part in the case, and judge for the regulator alone', () => {
    fc.assert(
      fc.property(histories, act, (acts, step) => {
        const dispute = acts.reduce((before, each) => attempt(before, each).next, opening());
        const { next, code } = attempt(dispute, step);
        const judges = ['examine', 'decide', 'close'].includes(step.name);
        if (step.who === 'hospital-c' || (judges && step.who !== 'regulator')) {
          expect(code).toMatch(/^DISPUTE_(PARTY|REGULATOR)$/);
          expect(next).toBe(dispute);
        }
      }),
    );
  });

  it('have a finding only on the step before it, and a filing as withheld only after the deadline', () => {
    fc.assert(
      fc.property(histories, (acts) => {
        const { finding, filings } = acts.reduce((before, each) => attempt(before, each).next, opening());
        if (finding === null) return;
        const filed = filings.map(({ organizationId }) => organizationId);
        for (const organizationId of finding.withheld) expect(filed).toContain(organizationId);
        if (finding.withheld.length > 0) expect(finding.at > deadlineAt).toBe(true);
      }),
    );
    fc.assert(
      fc.property(histories, act, (acts, step) => {
        const dispute = acts.reduce((before, each) => attempt(before, each).next, opening());
        const { next } = attempt(dispute, step);
        if (dispute.finding === null && next.finding !== null) expect(next.finding.step).toBe(dispute.step);
      }),
    );
  });

  it('give the same state for the same act again', () => {
    fc.assert(
      fc.property(histories, act, (acts, step) => {
        const dispute = acts.reduce((before, each) => attempt(before, each).next, opening());
        const { next, code } = attempt(dispute, step);
        if (code === undefined) expect(attempt(next, step).next).toBe(next);
      }),
    );
  });
});
