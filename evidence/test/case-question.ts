import { generateKeyPairSync, sign } from 'node:crypto';
import { hex, sha256, utf8 } from '../src/bytes.ts';
import { canonicalJson } from '../src/canonical.ts';
import type { ItemKind } from '../src/case-claims.ts';
import type { CaseFiling, LoggedItem } from '../src/case-documents.ts';
import type { CaseQuestion } from '../src/case-examine.ts';
import type { ConsentVersion } from '../src/case-references.ts';
import type { CaseState } from '../src/case-state.ts';
import { commit } from '../src/commitment.ts';
import { leafBytes, leafHash } from '../src/leaf.ts';
import { inclusionProof, rootHash } from '../src/merkle.ts';

export const caseId = '0'.repeat(32);
export const requestId = '3b5d1c1e-8a51-4c39-9d5a-2f7f3b1c0001';
const salt = '7'.repeat(64);
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
export const messageKey = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
/** The source's decision, which rests on one consent. */
export const decision = {
  decisionId: 'decision-1',
  permit: true,
  consents: [{ id: 'consent-1', version: 1 }] as unknown,
};
export const ledgerId = 'c'.repeat(32);
/** When the entries of the logs were written. */
export const accessAt = '2026-03-01T08:00:00.000Z';

export type Changes = {
  purpose?: string;
  outcome?: string;
  staff?: string;
  requestId?: string;
  references?: string[];
};

export function entryOf(observer: string, changes: Changes = {}): Record<string, unknown> {
  const who = (value: string) => ({ identifier: { value } });
  const base = observer === 'hospital-b' ? 'https://hospital-a.test/fhir/R4/' : '';
  const references = changes.references ?? ['Observation/1/_history/1', 'Observation/2/_history/3'];
  const staff = { identifier: { value: changes.staff ?? 'b-17', assigner: who('hospital-b') } };
  return {
    v: 1,
    patientSeq: null,
    auditEvent: {
      resourceType: 'AuditEvent',
      id: `event-${observer}`,
      outcome: changes.outcome ?? '0',
      purposeOfEvent: [{ coding: [{ code: changes.purpose ?? 'TREAT' }] }],
      agent: [
        { who: staff, requestor: true },
        { who: who('hospital-b'), requestor: false },
        { who: who('hospital-a'), requestor: false },
      ],
      source: { observer: who(observer) },
      entity: [
        ...references.map((reference) => ({ what: { reference: base + reference }, role: { code: '4' } })),
        { what: who(changes.requestId ?? requestId), type: { code: 'XrequestId' } },
        { what: who('decision-1'), role: { code: '13' } },
      ],
    },
  };
}

type ConsentChanges = {
  id?: string;
  version?: number;
  recipient?: string;
  purpose?: string;
  custodian?: string;
  type?: string;
  period?: unknown;
  revocation?: object;
};

/** What the patient's signed consent commits to. */
export function consentOf(changes: ConsentChanges = {}): Record<string, unknown> {
  const who = (value: string) => ({ identifier: { value } });
  return {
    v: 1,
    version: changes.version ?? 1,
    consent: {
      resourceType: 'Consent',
      id: changes.id ?? 'consent-1',
      organization: [who(changes.custodian ?? 'hospital-a')],
      provision: {
        type: changes.type ?? 'permit',
        period: changes.period ?? { start: '2026-02-01T00:00:00.000Z', end: '2026-04-01T00:00:00.000Z' },
        actor: [{ reference: who(changes.recipient ?? 'hospital-b') }],
        purpose: [{ code: changes.purpose ?? 'TREAT' }],
      },
    },
    revocation: changes.revocation ?? null,
    assertion: {},
  };
}

/** A log of three leaves of which the first are these; items with their proofs, and the root. */
export function logOf(
  tenant: string,
  contents: [ItemKind, unknown][],
): { items: LoggedItem[]; rootHash: string } {
  const filler: [ItemKind, unknown] = ['access', { filler: tenant }];
  const all = [...contents, filler, filler].slice(0, 3);
  const leaves = all.map(([kind, content]) => ({
    v: 1 as const,
    kind,
    tenant,
    digest: hex(commit(kind, content, Buffer.from(salt, 'hex'))),
    at: accessAt,
  }));
  const hashes = leaves.map((leaf) => leafHash(leafBytes(leaf)));
  const reader = (level: number, index: number) =>
    level === 0
      ? (hashes[index] as Uint8Array)
      : rootHash(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level));
  const items = contents.map(([, content], at) => ({
    content,
    salt,
    leaf: leaves[at],
    leafIndex: at,
    inclusionProof: inclusionProof(reader, at, 3).map(hex),
  }));
  return { items, rootHash: hex(rootHash(hashes)) };
}

export function receiptOf(
  changes: Record<string, unknown> = {},
  decided: unknown = decision,
): Record<string, unknown> {
  const digest = hex(sha256(utf8(`medseal/decision-receipt/v1\n${canonicalJson(decided)}`)));
  const content = {
    v: 1,
    source: 'hospital-a',
    requester: 'hospital-b',
    purpose: 'TREAT',
    permit: true,
    decisionId: 'decision-1',
    decisionDigest: digest,
    records: ['1'.repeat(64), '2'.repeat(64)],
    ...changes,
  };
  const message = Buffer.from(`medseal/exchange-receipt/v1\n${canonicalJson(content)}`);
  return { ...content, signature: sign(null, message, privateKey).toString('base64') };
}

export type Question = CaseQuestion & { filings: Map<string, CaseFiling> };
type Consents = { decided?: unknown; consent?: unknown };

/** A case in which everything matches, as changed by the test. */
export function question(
  a: Changes = {},
  b: Changes = {},
  { decided = decision, consent = consentOf() }: Consents = {},
): Question {
  const own = logOf('hospital-a', [
    ['access', entryOf('hospital-a', a)],
    ['decision', decided],
    ['consent', consent],
  ]);
  const other = logOf('hospital-b', [['access', entryOf('hospital-b', b)]]);
  const { items } = own;
  const receipt = receiptOf({}, decided);
  const filed = { commitment: '0'.repeat(64), filedAt: '2026-03-02T08:00:00.000Z', treeSize: 3 };
  return {
    opening: {
      subject: { kind: 'exchange', requestId, source: 'hospital-a', requester: 'hospital-b' },
      openedFor: 'patient',
      exhibits: [],
    },
    state: stateOf([
      { organizationId: 'hospital-a', rootHash: own.rootHash, ...filed },
      { organizationId: 'hospital-b', rootHash: other.rootHash, ...filed },
    ]),
    filings: new Map([
      [
        'hospital-a',
        filingOf('hospital-a', {
          ...{ receipt, access: items[0] ?? null, decision: items[1] ?? null },
          consents: [items[2]],
        }),
      ],
      ['hospital-b', filingOf('hospital-b', { receipt, access: other.items[0] ?? null })],
    ]),
    ledger: { consents: [recorded(items[2])], anchors: [] },
  };
}

/** What the ledger holds of the consent in an item's leaf. */
export function recorded(
  item: LoggedItem | undefined,
  changes: Partial<ConsentVersion> = {},
): ConsentVersion {
  const { digest = '' } = (item?.leaf ?? {}) as { digest?: string };
  return {
    ...{ id: ledgerId, version: 1, commitment: digest, status: 'active', organizationId: 'hospital-a' },
    at: '2026-02-01T00:00:03.000Z',
    ...changes,
  };
}

function filingOf(organizationId: string, content: Partial<CaseFiling>): CaseFiling {
  return {
    ...{ format: 'medseal/case-filing/v1', caseId, organizationId, access: null, decision: null },
    ...{ receipt: null, consents: [], exhibits: [], statement: '' },
    ...content,
  };
}

function stateOf(filings: CaseState['filings']): CaseState {
  return {
    id: caseId,
    step: 3,
    state: 'answered',
    opener: 'hospital-a',
    parties: filings.map(({ organizationId }) => ({ organizationId, treeSize: 3, messageKey })),
    openedAt: '2026-03-01T09:00:00.000Z',
    deadlineAt: '2026-03-11T09:00:00.000Z',
    changedAt: '2026-03-02T08:00:00.000Z',
    commitment: '0'.repeat(64),
    filings,
    finding: null,
    decision: null,
  };
}
