import type { LoggedItem } from '../../evidence/src/case-documents.ts';
import type { TestChannel } from '../../evidence/test/alliance.ts';
import { entryOf, ledgerId, logOf, question } from '../../evidence/test/case-question.ts';
import { type CorpusCase, corpusCase } from './case.ts';
import { disputeOf, type Made } from './case-consents.ts';
import { type Bend, disputeArchive } from './dispute.ts';

type Expected = Parameters<typeof corpusCase>[3];
type Answer = { bend?: Bend; expected?: Expected };

/** Entries that a patient kept, and what is written on the ledger that a case refers to. */
export function exhibitCases(channel: TestChannel, policy: string): CorpusCase[] {
  const made = (name: string, asked: Made, { bend = {}, expected = 'valid' }: Answer = {}): CorpusCase =>
    corpusCase(name, disputeArchive(channel, disputeOf(asked), bend), policy, expected);
  return [
    ...exhibits.map(([name, change]) => made(`exhibit ${name}`, exhibited(change))),
    ...bends.map(([name, bend, expected]) =>
      made(
        `reference ${name}`,
        exhibited(() => undefined),
        { bend, expected },
      ),
    ),
  ];
}

/** A case in which the patient brings the source's entry. */
function exhibited(change: (exhibit: LoggedItem & Record<string, unknown>, asked: Made) => void): Made {
  const asked = question();
  const filing = asked.filings.get('hospital-a');
  const exhibit = { ...structuredClone(filing?.access as LoggedItem), treeSize: 3 };
  const [{ rootHash = '' } = {}] = asked.state.filings;
  asked.ledger = { ...asked.ledger, anchors: [{ organizationId: 'hospital-a', treeSize: 3, rootHash }] };
  asked.opening = { ...asked.opening, exhibits: [exhibit] };
  change(exhibit, asked);
  return asked;
}

const other = logOf('hospital-a', [['access', entryOf('hospital-a', { requestId: 'other' })]]);
const exhibits: [string, Parameters<typeof exhibited>[0]][] = [
  ['that the owner filed', () => undefined],
  [
    'that the owner withholds',
    (_, { filings }) => Object.assign(filings.get('hospital-a') ?? {}, { access: null }),
  ],
  ['of an owner that filed nothing', (_, { filings }) => filings.delete('hospital-a')],
  [
    'of an owner that filed another',
    (_, { filings }) =>
      Object.assign(filings.get('hospital-a')?.access as object, {
        leaf: { ...(other.items[0]?.leaf as object) },
      }),
  ],
  [
    'of an owner that filed something else',
    (_, { filings }) => Object.assign(filings.get('hospital-a') ?? {}, { access: 'x' }),
  ],
  ['of other content', (exhibit) => Object.assign(exhibit, { content: {} })],
  ['of content that is a list', (exhibit) => Object.assign(exhibit, { content: [] })],
  ['of another place', (exhibit) => Object.assign(exhibit, { leafIndex: 2 })],
  ['of size 0', (exhibit) => Object.assign(exhibit, { treeSize: 0 })],
  ['of a size as a text', (exhibit) => Object.assign(exhibit, { treeSize: '3' })],
  ['of another size', (exhibit) => Object.assign(exhibit, { treeSize: 4 })],
  ['with a member more', (exhibit) => Object.assign(exhibit, { note: '' })],
  ['with no leaf', (exhibit) => Object.assign(exhibit, { leaf: null })],
  ['with a leaf of a stranger', (exhibit) => Object.assign(exhibit.leaf as object, { tenant: 'hospital-c' })],
  ['with a leaf of another kind', (exhibit) => Object.assign(exhibit.leaf as object, { kind: 'decision' })],
  ['with a leaf that is none', (exhibit) => Object.assign(exhibit.leaf as object, { v: 2 })],
  [
    'about another request',
    (exhibit, asked) => {
      Object.assign(exhibit, structuredClone(other.items[0]));
      asked.ledger = {
        ...asked.ledger,
        anchors: [{ organizationId: 'hospital-a', treeSize: 3, rootHash: other.rootHash }],
      };
    },
  ],
  [
    'under another root',
    (_, asked) => {
      asked.ledger = {
        ...asked.ledger,
        anchors: [{ organizationId: 'hospital-a', treeSize: 3, rootHash: '0'.repeat(64) }],
      };
    },
  ],
  [
    'of an organisation that opened the case',
    (exhibit, asked) => {
      Object.assign(exhibit, { salt: '8'.repeat(64) });
      asked.opening = { ...asked.opening, openedFor: 'organization' };
    },
  ],
  [
    'by the other party',
    (exhibit, asked) => {
      asked.opening = { ...asked.opening, exhibits: [] };
      Object.assign(asked.filings.get('hospital-b') ?? {}, { exhibits: [exhibit, 'x', null] });
    },
  ],
];

const anchorName = 'anchor/hospital-a/3';
const consentName = `consent/${ledgerId}/1`;
const wrote = (change: object): Bend => ({ recorded: (state) => ({ ...state, ...change }) });
const write = 'tampered CASE_REFERENCE_WRITE';
const bends: [string, Bend, Expected][] = [
  ['as it is', {}, 'valid'],
  ['with a member more', wrote({ more: '' }), write],
  ['of another version', wrote({ version: 2, treeSize: 4 }), write],
  ['of a version as a text', wrote({ version: '1', treeSize: '3' }), write],
  [
    'of another organisation',
    { recorded: (state) => ('origin' in state ? { ...state, organizationId: 'hospital-b' } : state) },
    write,
  ],
  [
    'of a root that is a number',
    { recorded: (state) => ('origin' in state ? { ...state, rootHash: 1 } : state) },
    write,
  ],
  [
    'of a commitment that is null',
    { recorded: (state) => ('origin' in state ? state : { ...state, commitment: null }) },
    write,
  ],
  [
    'of another commitment',
    { recorded: (state) => ('origin' in state ? state : { ...state, commitment: '0'.repeat(64) }) },
    'tampered CASE_UNCOVERED',
  ],
  ['to no consent', { references: (places) => places.delete(consentName) }, 'tampered CASE_FINDING'],
  ['to no checkpoint', { references: (places) => places.delete(anchorName) }, 'tampered CASE_FINDING'],
  [
    'to a checkpoint that nobody names',
    { references: (places) => places.set('anchor/hospital-b/3', places.get(anchorName) as never) },
    'tampered CASE_UNCOVERED',
  ],
  [
    'to a consent that nobody names',
    { references: (places) => places.set(`consent/${'e'.repeat(32)}/1`, places.get(consentName) as never) },
    write,
  ],
  [
    'to what came later',
    { references: (places, steps) => places.set(consentName, steps[5] as never) },
    'tampered CASE_UNCOVERED',
  ],
  ['to a step', { references: (places, steps) => places.set(anchorName, steps[0] as never) }, write],
  [
    'to what is not there',
    { references: (places) => places.set(anchorName, { txId: 'f'.repeat(64), blockNumber: 1 }) },
    'tampered ANCHOR_TX_ABSENT',
  ],
  [
    'to a block that is not there',
    { references: (places) => places.set(anchorName, { txId: 'f'.repeat(64), blockNumber: 99 }) },
    'tampered CASE_MEMBER_ABSENT',
  ],
];
