import { hex, sha256, utf8 } from '../../evidence/src/bytes.ts';
import { canonicalJson } from '../../evidence/src/canonical.ts';
import type { CaseFiling, LoggedItem } from '../../evidence/src/case-documents.ts';
import { commit } from '../../evidence/src/commitment.ts';
import { type LeafKind, leafBytes, leafHash } from '../../evidence/src/leaf.ts';
import { inclusionProof, rootHash } from '../../evidence/src/merkle.ts';
import { caseId, type Dispute, type Filed, messageKey, signed } from './dispute.ts';

export const requestId = '3b5d1c1e-8a51-4c39-9d5a-2f7f3b1c0001';
const salt = Buffer.alloc(32, 7);
const source = 'hospital-a';
const requester = 'hospital-b';

/** What one side says otherwise. */
export type Said = {
  /** Changes the entry's AuditEvent. */
  event?: (event: Event) => void;
  decision?: Record<string, unknown>;
  receipt?: Record<string, unknown>;
  /** Changes the filing once everything is in it. */
  filing?: (filing: CaseFiling) => void;
  filedAt?: string;
  rootHash?: string;
};
type Event = {
  id: string;
  outcome?: unknown;
  purposeOfEvent?: unknown;
  agent: Record<string, unknown>[];
  source: unknown;
  entity: Record<string, unknown>[];
};

const who = (value: string): { identifier: { value: string } } => ({ identifier: { value } });

/** An entry as the two sides of an exchange write it; the requester's references name the source's server. */
function entryOf(observer: string): Event {
  const base = observer === requester ? 'https://hospital-a.test/fhir/R4/' : '';
  return {
    id: `event-${observer}`,
    outcome: '0',
    purposeOfEvent: [{ coding: [{ code: 'TREAT' }] }],
    agent: [
      { who: { identifier: { value: 'b-17', assigner: who(requester) } }, requestor: true },
      { who: who(requester), requestor: false },
      { who: who(source), requestor: false },
    ],
    source: { observer: who(observer) },
    entity: [
      ...['Observation/1/_history/1', 'Observation/2/_history/3'].map((reference) => ({
        what: { reference: base + reference },
        role: { code: '4' },
      })),
      { what: who(requestId), type: { code: 'XrequestId' } },
      { what: who('decision-1'), role: { code: '13' } },
    ],
  };
}

/** A log that begins with these contents, opened. */
function logOf(tenant: string, contents: [LeafKind, unknown][]): { items: LoggedItem[]; root: string } {
  const all: [LeafKind, unknown][] = [...contents, ['access', {}], ['access', {}]];
  const leaves = all.slice(0, 3).map(([kind, content]) => ({
    v: 1 as const,
    kind,
    tenant,
    digest: hex(commit(kind === 'decision' ? 'decision' : 'access', content, salt)),
    at: '2026-03-01T08:00:00.000Z',
  }));
  const hashes = leaves.map((leaf) => leafHash(leafBytes(leaf)));
  const read = (level: number, index: number): Uint8Array =>
    level === 0
      ? (hashes[index] as Uint8Array)
      : rootHash(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level));
  const items = contents.map(([, content], at) => ({
    content,
    salt: salt.toString('hex'),
    leaf: leaves[at],
    leafIndex: at,
    inclusionProof: inclusionProof(read, at, 3).map(hex),
  }));
  return { items, root: hex(rootHash(hashes)) };
}

/** The source's receipt of a decision, signed. */
export function receiptOf(decision: unknown, changes: Record<string, unknown> = {}): Record<string, unknown> {
  const content: Record<string, unknown> = {
    v: 1,
    source,
    requester,
    purpose: 'TREAT',
    permit: true,
    decisionId: 'decision-1',
    decisionDigest: hex(sha256(utf8(`medseal/decision-receipt/v1\n${canonicalJson(decision)}`))),
    records: ['1'.repeat(64), '2'.repeat(64)],
    ...changes,
  };
  const kept = Object.fromEntries(Object.entries(content).filter(([, value]) => value !== undefined));
  return { ...kept, signature: signed(`medseal/exchange-receipt/v1\n${canonicalJson(kept)}`) };
}

function filedBy(organizationId: string, said: Said): Filed {
  const decision = said.decision ?? { decisionId: 'decision-1', permit: true };
  const event = entryOf(organizationId);
  said.event?.(event);
  const entry: [LeafKind, unknown] = ['access', { v: 1, patientSeq: null, auditEvent: event }];
  const { items, root } = logOf(
    organizationId,
    organizationId === source ? [entry, ['decision', decision]] : [entry],
  );
  const content: CaseFiling = {
    format: 'medseal/case-filing/v1',
    caseId,
    organizationId,
    access: items[0] ?? null,
    decision: items[1] ?? null,
    receipt: receiptOf(decision, said.receipt),
    consents: [],
    exhibits: [],
    statement: '',
  };
  said.filing?.(content);
  const { filedAt = '2026-03-02T08:00:00.000Z', rootHash: stated = root } = said;
  return { organizationId, content, state: { filedAt, treeSize: 3, rootHash: stated } };
}

/** An exchange in dispute, as both sides (or one, or none) have it. */
export function exchangeDispute(said: { source?: Said | null; requester?: Said | null } = {}): Dispute {
  const sides: [string, Said | null | undefined][] = [
    [source, said.source],
    [requester, said.requester],
  ];
  return {
    subject: { kind: 'exchange', requestId, source, requester },
    parties: sides.map(([organizationId]) => ({ organizationId, treeSize: 3, messageKey })),
    filings: sides.flatMap(([organizationId, side]) =>
      side === null ? [] : [filedBy(organizationId, side ?? {})],
    ),
    deadlineAt: '2026-03-11T09:00:00.000Z',
  };
}

/** One entry of a hospital's own record of accesses in dispute. */
export function accessDispute(said: Said = {}, accessId = 'event-hospital-a'): Dispute {
  const { parties, deadlineAt } = exchangeDispute();
  const subject = { kind: 'access', accessId, custodian: source } as const;
  return { subject, parties: parties.slice(0, 1), filings: [filedBy(source, said)], deadlineAt };
}
