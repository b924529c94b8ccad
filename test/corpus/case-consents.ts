import { readFileSync } from 'node:fs';
import type { CaseFiling } from '../../evidence/src/case-documents.ts';
import type { CaseQuestion } from '../../evidence/src/case-examine.ts';
import { type ConsentVersion, referencesOf } from '../../evidence/src/case-references.ts';
import type { TestChannel } from '../../evidence/test/alliance.ts';
import { consentOf, decision, question } from '../../evidence/test/case-question.ts';
import { type CorpusCase, corpusCase } from './case.ts';
import { type Dispute, disputeArchive } from './dispute.ts';

type Filings = Record<string, CaseFiling> | ReadonlyMap<string, CaseFiling>;
export type Asked = Omit<CaseQuestion, 'filings'> & { filings: Filings };
export type Made = ReturnType<typeof question>;

const vectors: { name: string; question: Asked }[] = JSON.parse(
  readFileSync(new URL('../../evidence/test/vectors/case-claims.json', import.meta.url), 'utf8'),
);

/** Consents that the source's decision names, with what the ledger held of them. */
export function consentCases(channel: TestChannel, policy: string): CorpusCase[] {
  const made = (name: string, asked: Asked): CorpusCase =>
    corpusCase(`consents: ${name}`, disputeArchive(channel, disputeOf(asked)), policy, 'valid');
  const changed = (name: string, change: (asked: Made) => void): CorpusCase => {
    const asked = question();
    change(asked);
    return made(name, asked);
  };
  return [
    ...vectors.map(({ name, question: asked }) => made(`vector, ${name}`, asked)),
    ...contents.map(([name, content]) =>
      made(`content with ${name}`, question({}, {}, { consent: content })),
    ),
    ...decisions.map(([name, consents]) =>
      made(`decision with ${name}`, question({}, {}, { decided: { ...decision, consents } })),
    ),
    ...recordings.map(([name, consents]) =>
      changed(`ledger with ${name}`, (asked) => {
        const [first] = asked.ledger.consents;
        asked.ledger = { ...asked.ledger, consents: consents(first as ConsentVersion) };
      }),
    ),
  ];
}

/** What a question is about, to be put on a ledger. */
export function disputeOf({ opening, state, filings, ledger }: Asked): Dispute {
  const given = filings instanceof Map ? [...filings] : Object.entries(filings as Record<string, CaseFiling>);
  const delivered = new Set(given.map(([organizationId]) => organizationId));
  const ids = state.filings.map(({ organizationId }) => organizationId);
  const withheld = ids.filter((organizationId) => !delivered.has(organizationId));
  const all = [...given, ...withheld.map((organizationId) => [organizationId, undelivered] as const)];
  return {
    ...opening,
    parties: state.parties,
    deadlineAt: state.deadlineAt,
    withheld,
    filings: all.map(([organizationId, content]) => {
      const row = state.filings.find((each) => each.organizationId === organizationId) ?? state.filings[0];
      const { filedAt = '', treeSize = 0, rootHash = '' } = row ?? {};
      return { organizationId, content, state: { filedAt, treeSize, rootHash } };
    }),
    ledger: named(ledger, { opening, filings: given }),
  };
}

/** What nobody but its party has seen. */
const undelivered = {} as CaseFiling;

/** An archive carries only what its documents name. */
function named(
  ledger: CaseQuestion['ledger'],
  { opening, filings }: { opening: CaseQuestion['opening']; filings: [string, CaseFiling][] },
): CaseQuestion['ledger'] {
  const { consents, checkpoints } = referencesOf(
    opening,
    filings.map(([, content]) => content),
  );
  const digests = new Set(consents.map(({ digest }) => digest));
  const ids = new Set(
    ledger.consents.filter(({ commitment }) => digests.has(commitment)).map(({ id }) => id),
  );
  return {
    consents: ledger.consents.filter(({ id }) => ids.has(id)),
    anchors: ledger.anchors.filter(({ organizationId, treeSize }) =>
      checkpoints.some((each) => each.organizationId === organizationId && each.treeSize === treeSize),
    ),
  };
}

const scope = (change: (consent: Record<string, unknown>) => void): Record<string, unknown> => {
  const content = structuredClone(consentOf());
  change(content['consent'] as Record<string, unknown>);
  return content;
};
const provision = (change: object): Record<string, unknown> =>
  scope((consent) => Object.assign(consent['provision'] as object, change));
const period = (start: unknown, end: unknown): Record<string, unknown> =>
  consentOf({ period: { start, end } });
const [begin, end] = ['2026-02-01T00:00:00.000Z', '2026-04-01T00:00:00.000Z'];

const contents: [string, Record<string, unknown>][] = [
  ['another id', consentOf({ id: 'consent-2' })],
  ['another version', consentOf({ version: 2 })],
  ['a version as a text', { ...consentOf(), version: '1' }],
  ['a version that is true', { ...consentOf(), version: true }],
  ['a revocation', consentOf({ revocation: {} })],
  [
    'no revocation member',
    Object.fromEntries(Object.entries(consentOf()).filter(([name]) => name !== 'revocation')),
  ],
  ['a revocation that is false', { ...consentOf(), revocation: false }],
  ['no consent', { ...consentOf(), consent: null }],
  ['a denial', consentOf({ type: 'deny' })],
  ['another recipient', consentOf({ recipient: 'hospital-c' })],
  ['another custodian', consentOf({ custodian: 'hospital-c' })],
  ['another purpose', consentOf({ purpose: 'HRESCH' })],
  [
    'organizations that are no list',
    scope((consent) => Object.assign(consent, { organization: 'hospital-a' })),
  ],
  ['actors that are none', provision({ actor: [null, 'x', {}] })],
  ['no purposes', provision({ purpose: null })],
  ['several purposes', provision({ purpose: [{ code: 'X' }, { code: 'TREAT' }] })],
  ['no period', provision({ period: null })],
  ['a period without an end', period(begin, null)],
  ['a period of days', period('2026-02-01', '2026-04-01')],
  ['an end that is no day', period(begin, '2026-02-30T00:00:00.000Z')],
  ['a beginning that is later', period('2026-03-01T08:00:01.000Z', end)],
  ['a beginning in the same second', period('2026-03-01T08:00:00.999Z', end)],
  ['an end that was before', period(begin, '2026-03-01T07:59:59.999Z')],
];

const decisions: [string, unknown][] = [
  ['consents that are null', null],
  ['consents that are no list', {}],
  ['an empty list', []],
  ['a text', ['consent-1']],
  ['null', [null]],
  ['a version as a text', [{ id: 'consent-1', version: '1' }]],
  ['an id as a number', [{ id: 1, version: 1 }]],
  ['a broken version', [{ id: 'consent-1', version: 1.5 }]],
  [
    'a second one',
    [
      { id: 'consent-1', version: 1 },
      { id: 'consent-2', version: 1 },
    ],
  ],
];

const recordings: [string, (first: ConsentVersion) => ConsentVersion[]][] = [
  ['another version', (first) => [{ ...first, version: 2 }]],
  ['another status', (first) => [{ ...first, status: 'inactive' }]],
  [
    'an end before',
    (first) => [
      first,
      {
        ...first,
        version: 2,
        status: 'inactive',
        commitment: '0'.repeat(64),
        at: '2026-03-01T07:59:59.999Z',
      },
    ],
  ],
  [
    'an end at that moment',
    (first) => [first, { ...first, version: 2, commitment: '0'.repeat(64), at: '2026-03-01T08:00:00.000Z' }],
  ],
  [
    'an end by another',
    (first) => [first, { ...first, version: 2, commitment: '0'.repeat(64), organizationId: 'hospital-b' }],
  ],
  ['ten minutes later', (first) => [{ ...first, at: '2026-03-01T08:10:00.000Z' }]],
  ['more than ten minutes later', (first) => [{ ...first, at: '2026-03-01T08:10:00.001Z' }]],
  [
    'two ids, one of them late',
    (first) => [first, { ...first, id: 'd'.repeat(32), at: '2026-03-02T00:00:00.000Z' }],
  ],
];
