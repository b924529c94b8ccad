import { generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { hex, sha256, utf8 } from './bytes.ts';
import { canonicalJson } from './canonical.ts';
import type { CaseClaim, CaseFiling, ClaimName, LoggedItem } from './case-documents.ts';
import { type CaseQuestion, examineCase } from './case-examine.ts';
import { commit } from './commitment.ts';
import { type LeafKind, leafBytes, leafHash } from './leaf.ts';
import { inclusionProof, rootHash } from './merkle.ts';

const caseId = '0'.repeat(32);
const requestId = '3b5d1c1e-8a51-4c39-9d5a-2f7f3b1c0001';
const salt = '7'.repeat(64);
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const messageKey = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
const decision = { decisionId: 'decision-1', permit: true };

type Changes = {
  purpose?: string;
  outcome?: string;
  staff?: string;
  requestId?: string;
  references?: string[];
};

function entryOf(observer: string, changes: Changes = {}): Record<string, unknown> {
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

/** A log of three leaves of which the first are these; items with their proofs, and the root. */
function logOf(tenant: string, contents: [LeafKind, unknown][]): { items: LoggedItem[]; rootHash: string } {
  const filler: [LeafKind, unknown] = ['access', { filler: tenant }];
  const all = [...contents, filler, filler].slice(0, 3);
  const leaves = all.map(([kind, content]) => ({
    v: 1 as const,
    kind,
    tenant,
    digest: hex(commit(kind === 'decision' ? 'decision' : 'access', content, Buffer.from(salt, 'hex'))),
    at: '2026-03-01T08:00:00.000Z',
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

function receiptOf(changes: Record<string, unknown> = {}): Record<string, unknown> {
  const digest = hex(sha256(utf8(`medseal/decision-receipt/v1\n${canonicalJson(decision)}`)));
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

/** A case in which everything matches, as changed by the test. */
function question(a: Changes = {}, b: Changes = {}): CaseQuestion & { filings: Map<string, CaseFiling> } {
  const own = logOf('hospital-a', [
    ['access', entryOf('hospital-a', a)],
    ['decision', decision],
  ]);
  const other = logOf('hospital-b', [['access', entryOf('hospital-b', b)]]);
  const filing = (organizationId: string, items: LoggedItem[]): [string, CaseFiling] => [
    organizationId,
    {
      format: 'medseal/case-filing/v1',
      caseId,
      organizationId,
      access: items[0] ?? null,
      decision: items[1] ?? null,
      receipt: receiptOf(),
      statement: '',
    },
  ];
  const filed = { commitment: '0'.repeat(64), filedAt: '2026-03-02T08:00:00.000Z', treeSize: 3 };
  return {
    subject: { kind: 'exchange', requestId, source: 'hospital-a', requester: 'hospital-b' },
    state: {
      id: caseId,
      step: 3,
      state: 'answered',
      opener: 'hospital-a',
      parties: ['hospital-a', 'hospital-b'].map((organizationId) => ({
        organizationId,
        treeSize: 3,
        messageKey,
      })),
      openedAt: '2026-03-01T09:00:00.000Z',
      deadlineAt: '2026-03-11T09:00:00.000Z',
      changedAt: '2026-03-02T08:00:00.000Z',
      commitment: '0'.repeat(64),
      filings: [
        { organizationId: 'hospital-a', rootHash: own.rootHash, ...filed },
        { organizationId: 'hospital-b', rootHash: other.rootHash, ...filed },
      ],
      finding: null,
      decision: null,
    },
    filings: new Map([filing('hospital-a', own.items), filing('hospital-b', other.items)]),
  };
}

let asked: ReturnType<typeof question>;
const filingOf = (party: string): CaseFiling => asked.filings.get(party) as CaseFiling;
const itemOf = (party: string, name: 'access' | 'decision' = 'access'): LoggedItem =>
  filingOf(party)[name] as LoggedItem;
const claim = (name: ClaimName, party: string | null = null): Omit<CaseClaim, 'claim' | 'party'> => {
  const found = examineCase(asked).claims.find((each) => each.claim === name && each.party === party);
  const { claim: _, party: __, ...rest } = found as CaseClaim;
  return rest;
};

beforeEach(() => {
  asked = question();
});

describe('the finding of a case', () => {
  it('is a match throughout where both sides hold the same', () => {
    expect(examineCase(asked).claims.map(({ finding }) => finding)).toEqual(Array(9).fill('match'));
  });

  it('says who filed nothing, and compares nothing then', () => {
    asked.filings.delete('hospital-b');

    const missing = { finding: 'missing', by: ['hospital-b'] };
    expect(claim('entry', 'hospital-b')).toEqual({ ...missing, code: 'CASE_NOT_FILED' });
    expect(claim('purpose')).toEqual({ ...missing, code: 'CASE_NOT_FILED' });
    expect(claim('receipt')).toEqual({ ...missing, code: 'CASE_ITEM_ABSENT' });
    expect(claim('entry', 'hospital-a').finding).toBe('match');
  });

  const alterations: [string, () => void, string][] = [
    [
      'other content',
      () => Object.assign(itemOf('hospital-b'), { content: entryOf('hospital-b', { purpose: 'HPAYMT' }) }),
      'CASE_CONTENT',
    ],
    ['another salt', () => Object.assign(itemOf('hospital-b'), { salt: '8'.repeat(64) }), 'CASE_CONTENT'],
    [
      'a leaf of another organisation',
      () => Object.assign(itemOf('hospital-b'), itemOf('hospital-a')),
      'CASE_OTHER_LEAF',
    ],
    [
      'a leaf of another kind',
      () =>
        Object.assign(itemOf('hospital-b'), {
          leaf: { ...(itemOf('hospital-b').leaf as object), kind: 'record' },
        }),
      'CASE_OTHER_LEAF',
    ],
    [
      'a proof that leads elsewhere',
      () => itemOf('hospital-b').inclusionProof.splice(0, 1, '0'.repeat(64)),
      'CASE_NOT_IN_LOG',
    ],
    ['another place', () => Object.assign(itemOf('hospital-b'), { leafIndex: 1 }), 'CASE_NOT_IN_LOG'],
    [
      'a place beyond the log',
      () => Object.assign(itemOf('hospital-b'), { leafIndex: 9 }),
      'CASE_NOT_IN_LOG',
    ],
    [
      'something else',
      () => Object.assign(filingOf('hospital-b'), { access: 'none' }),
      'CASE_ITEM_MALFORMED',
    ],
    ['no leaf at all', () => Object.assign(itemOf('hospital-b'), { leaf: null }), 'CASE_ITEM_MALFORMED'],
  ];
  it.each(alterations)('calls %s altered, by the party that filed it', (_what, alter, code) => {
    alter();

    const altered = { finding: 'altered', by: ['hospital-b'], code };
    expect(claim('entry', 'hospital-b')).toEqual(altered);
    expect(claim('records')).toEqual(altered);
    expect(claim('entry', 'hospital-a').finding).toBe('match');
  });

  it('calls an entry about another request, and another decision, altered', () => {
    asked = question({ requestId: '3b5d1c1e-8a51-4c39-9d5a-2f7f3b1c0002' });
    expect(claim('entry', 'hospital-a')).toMatchObject({ finding: 'altered', code: 'CASE_OTHER_ENTRY' });

    asked = question();
    const { items, rootHash: root } = logOf('hospital-a', [
      ['access', entryOf('hospital-a')],
      ['decision', { ...decision, decisionId: 'decision-2' }],
    ]);
    Object.assign(filingOf('hospital-a'), { access: items[0], decision: items[1] });
    Object.assign(asked.state.filings[0] ?? {}, { rootHash: root });
    expect(claim('decision', 'hospital-a')).toMatchObject({
      finding: 'altered',
      code: 'CASE_OTHER_DECISION',
    });
  });

  it('calls late what was logged after the opening, and what was filed after the deadline', () => {
    Object.assign(asked.state.parties[1] ?? {}, { treeSize: 0 });
    expect(claim('entry', 'hospital-b')).toEqual({
      finding: 'late',
      by: ['hospital-b'],
      code: 'CASE_LOGGED_AFTER_OPENING',
    });
    expect(claim('person').finding).toBe('late');

    asked = question();
    Object.assign(asked.state.filings[1] ?? {}, { filedAt: '2026-03-11T09:00:00.001Z' });
    expect(claim('entry', 'hospital-b')).toEqual({
      finding: 'late',
      by: ['hospital-b'],
      code: 'CASE_FILED_LATE',
    });
    expect(claim('receipt')).toMatchObject({ finding: 'late', by: ['hospital-b'] });
  });

  it.each<[ClaimName, Changes]>([
    ['person', { staff: 'b-18' }],
    ['purpose', { purpose: 'HRESCH' }],
    ['outcome', { outcome: '4' }],
    ['records', { references: ['Observation/3/_history/1'] }],
  ])('names nobody where two sound records contradict each other about the %s', (name, changes) => {
    asked = question({}, changes);

    expect(claim(name)).toEqual({ finding: 'altered', by: [], code: 'CASE_CONTRADICTION' });
    expect(claim('entry', 'hospital-b').finding).toBe('match');
  });

  it('lets a requester show its staff less than it was given', () => {
    asked = question({}, { references: ['Observation/1/_history/1'] });
    expect(claim('records').finding).toBe('match');
  });

  it.each<[string, string, Record<string, unknown>, string[], string]>([
    [
      'a forged copy',
      'hospital-b',
      { ...receiptOf(), permit: false },
      ['hospital-b'],
      'CASE_RECEIPT_SIGNATURE',
    ],
    ['a copy without signature', 'hospital-a', {}, ['hospital-a'], 'CASE_RECEIPT_SIGNATURE'],
    ['two receipts', 'hospital-b', receiptOf({ purpose: 'HRESCH' }), ['hospital-a'], 'CASE_TWO_RECEIPTS'],
  ])('sees %s', (...[, party, receipt, by, code]) => {
    Object.assign(filingOf(party), { receipt });

    expect(claim('receipt')).toEqual({ finding: 'altered', by, code });
  });

  it.each([
    [{ purpose: 'HRESCH' }, 'CASE_RECEIPT_CONTENT'],
    [{ records: [] }, 'CASE_RECEIPT_CONTENT'],
    [{ requester: 'hospital-c' }, 'CASE_RECEIPT_CONTENT'],
    [{ decisionDigest: '0'.repeat(64) }, 'CASE_RECEIPT_DECISION'],
  ])('holds the receipt against the source’s log: %j', (changes, code) => {
    for (const party of ['hospital-a', 'hospital-b'])
      Object.assign(filingOf(party), { receipt: receiptOf(changes) });

    expect(claim('receipt')).toEqual({ finding: 'altered', by: ['hospital-a'], code });
  });

  it('is refused where the parties on the ledger are others', () => {
    asked = { ...asked, subject: { kind: 'access', accessId: 'x', custodian: 'hospital-a' } };
    expect(() => examineCase(asked)).toThrow('CASE_SUBJECT');
  });

  it('is about one hospital alone where the access was its own', () => {
    asked = { ...asked, subject: { kind: 'access', accessId: 'event-hospital-a', custodian: 'hospital-a' } };
    Object.assign(asked.state, { parties: asked.state.parties.slice(0, 1) });

    expect(examineCase(asked).claims.map(({ claim: name, finding }) => [name, finding])).toEqual([
      ['entry', 'match'],
      ['decision', 'match'],
    ]);
    Object.assign(asked.subject, { accessId: 'event-other' });
    expect(claim('entry', 'hospital-a')).toMatchObject({ finding: 'altered', code: 'CASE_OTHER_ENTRY' });
  });

  it('never fails and never calls it a match, whatever a party files', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (access, decided, receipt) => {
        asked = question();
        Object.assign(filingOf('hospital-a'), { access, decision: decided, receipt });
        const { claims } = examineCase(asked);
        const about = claims.filter(
          ({ claim: name, party }) => !(name === 'entry' && party === 'hospital-b'),
        );
        for (const { finding, by } of about) {
          expect(['altered', 'missing']).toContain(finding);
          expect(by).toEqual(['hospital-a']);
        }
      }),
    );
  });
});
