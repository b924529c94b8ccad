import type { CaseFiling, LoggedItem } from '../../evidence/src/case-documents.ts';
import type { TestChannel } from '../../evidence/test/alliance.ts';
import { type CorpusCase, corpusCase } from './case.ts';
import { type Dispute, disputeArchive } from './dispute.ts';
import { accessDispute, exchangeDispute, receiptOf, type Said } from './dispute-filings.ts';

type Change = [name: string, said: Said];

const onItem =
  (change: (item: Record<string, unknown> & LoggedItem) => void): ((filing: CaseFiling) => void) =>
  (filing) =>
    change(filing.access as Record<string, unknown> & LoggedItem);
const item = (name: string, change: Record<string, unknown>): Change => [
  `entry with ${name}`,
  { filing: onItem((found) => Object.assign(found, change)) },
];
const filed = (name: string, change: Record<string, unknown>): Change => [
  name,
  { filing: (filing) => Object.assign(filing, change) },
];
const event = (name: string, change: Said['event'] & object): Change => [`event ${name}`, { event: change }];

const changes: Change[] = [
  ['nothing', {}],
  item('other content', { content: { auditEvent: {} } }),
  item('content that is a list', { content: [] }),
  item('another salt', { salt: '8'.repeat(64) }),
  item('a salt in capitals', { salt: 'A'.repeat(64) }),
  item('no leaf', { leaf: null }),
  item('a leaf of version true', { leaf: { v: true } }),
  item('another place', { leafIndex: 1 }),
  item('a place beyond the tree', { leafIndex: 9 }),
  item('a negative place', { leafIndex: -1 }),
  item('a broken place', { leafIndex: 0.5 }),
  item('a place as a text', { leafIndex: '0' }),
  item('no path', { inclusionProof: [] }),
  item('a path of texts', { inclusionProof: ['x'] }),
  item('a path too long', { inclusionProof: Array.from({ length: 54 }, () => '0'.repeat(64)) }),
  item('a member more', { note: '' }),
  [
    'entry of another kind',
    { filing: onItem((found) => Object.assign(found.leaf as object, { kind: 'record' })) },
  ],
  [
    'entry of another tenant',
    { filing: onItem((found) => Object.assign(found.leaf as object, { tenant: 'hospital-c' })) },
  ],
  filed('no entry', { access: null }),
  filed('an entry that is a text', { access: 'none' }),
  filed('an entry that is false', { access: false }),
  filed('no decision', { decision: null }),
  filed('a decision that is a number', { decision: 0 }),
  filed('no receipt', { receipt: null }),
  filed('a receipt that is a list', { receipt: [] }),
  filed('a receipt that is a text', { receipt: 'signature' }),
  filed('a receipt without signature', { receipt: { v: 1 } }),
  filed('a receipt with another signature', { receipt: { ...receiptOf({}), signature: 'AA==' } }),
  filed('a receipt with a signature that is none', { receipt: { ...receiptOf({}), signature: 'A' } }),
  filed('the name of another', { organizationId: 'hospital-c' }),
  ['filed late', { filedAt: '2026-03-11T09:00:00.001Z' }],
  ['filed at the last moment', { filedAt: '2026-03-11T09:00:00.000Z' }],
  ['another root on the ledger', { rootHash: '0'.repeat(64) }],
  ['a root that is none', { rootHash: 'none' }],
  ['a root in capitals', { rootHash: 'A'.repeat(64) }],
  ['another decision', { decision: { decisionId: 'decision-2' } }],
  ['a decision without id', { decision: { permit: true } }],
  ['a decision with the id null', { decision: { decisionId: null } }],
  ['a receipt for another purpose', { receipt: { purpose: 'HRESCH' } }],
  ['a receipt without purpose', { receipt: { purpose: undefined } }],
  ['a receipt of another source', { receipt: { source: 'hospital-c' } }],
  ['a receipt for another', { receipt: { requester: 'hospital-c' } }],
  ['a receipt of another decision', { receipt: { decisionId: 'decision-2' } }],
  ['a receipt of fewer records', { receipt: { records: [] } }],
  ['a receipt without records', { receipt: { records: undefined } }],
  ['a receipt with records as a text', { receipt: { records: 'ab' } }],
  ['a receipt of a denial', { receipt: { permit: false } }],
  ['a receipt of a denial without digest', { receipt: { permit: false, decisionDigest: undefined } }],
  ['a receipt without permit', { receipt: { permit: undefined } }],
  ['a receipt with permit 1', { receipt: { permit: 1 } }],
  ['a receipt of another digest', { receipt: { decisionDigest: '0'.repeat(64) } }],
  event('with another id', (found) => Object.assign(found, { id: 'other' })),
  event('with an id that is a number', (found) => Object.assign(found, { id: 1 })),
  event('of another observer', (found) =>
    Object.assign(found, { source: { observer: { identifier: { value: 'hospital-c' } } } }),
  ),
  event('without observer', (found) => Object.assign(found, { source: [] })),
  event('for another purpose', (found) =>
    Object.assign(found, { purposeOfEvent: [{ coding: [{ code: 'HPAYMT' }] }] }),
  ),
  event('with a second purpose', (found) =>
    Object.assign(found, { purposeOfEvent: [{ coding: [{ code: 'TREAT' }, { code: 'X' }] }, {}] }),
  ),
  event('without purpose', (found) => Object.assign(found, { purposeOfEvent: [] })),
  event('of a denial', (found) => Object.assign(found, { outcome: '4' })),
  event('with an outcome that is a number', (found) => Object.assign(found, { outcome: 0 })),
  event('by another person', (found) =>
    Object.assign(found.agent[0] as object, { who: { identifier: { value: 'b-18' } } }),
  ),
  event('by nobody', (found) => found.agent.splice(0, 1)),
  event('by a person of a name with a space', (found) =>
    Object.assign(found.agent[0] as object, {
      who: { identifier: { value: 'b 17', assigner: { identifier: { value: 'hospital' } } } },
    }),
  ),
  event('without organisations', (found) => found.agent.splice(1)),
  event('with an organisation twice', (found) => found.agent.push(found.agent[1] as never)),
  event('with requestor as a text', (found) =>
    Object.assign(found.agent[1] as object, { requestor: 'false' }),
  ),
  event('of another request', (found) =>
    Object.assign(found.entity[2] as object, { what: { identifier: { value: 'x' } } }),
  ),
  event('of two requests', (found) =>
    found.entity.push({ what: { identifier: { value: 'x' } }, type: { code: 'XrequestId' } }),
  ),
  event('without decision', (found) => found.entity.splice(3)),
  event('with fewer records', (found) => found.entity.splice(0, 1)),
  event('with other records', (found) =>
    Object.assign(found.entity[0] as object, { what: { reference: 'Observation/9' } }),
  ),
  event('with a record twice', (found) => found.entity.push(found.entity[0] as never)),
  event('with a record of another server', (found) =>
    Object.assign(found.entity[0] as object, {
      what: { reference: 'https://x/y/fhir/R4/Observation/1/_history/1' },
    }),
  ),
  event('with a record behind a prefix', (found) =>
    Object.assign(found.entity[0] as object, {
      what: { reference: 'https://a/fhir/R4/https://a/fhir/R4/Observation/1/_history/1' },
    }),
  ),
  event('with a record by http', (found) =>
    Object.assign(found.entity[0] as object, { what: { reference: 'http://a/fhir/R4/Observation/1' } }),
  ),
  event('with entities that are none', (found) =>
    found.entity.unshift(null as never, 'x' as never, [] as never),
  ),
];

/** Cases in which one side or the other says otherwise: the finding has to be the same again, whatever it is. */
export function claimCases(channel: TestChannel, policy: string): CorpusCase[] {
  const judged = (name: string, dispute: Dispute): CorpusCase =>
    corpusCase(`claims: ${name}`, disputeArchive(channel, dispute), policy, 'valid');
  const twice = (change: Said): { source: Said; requester: Said } => ({ source: change, requester: change });
  return [
    ...changes.flatMap(([name, said]) => [
      judged(`${name}, source`, exchangeDispute({ source: said })),
      judged(`${name}, requester`, exchangeDispute({ requester: said })),
      judged(`${name}, both`, exchangeDispute(twice(said))),
      judged(`${name}, own access`, accessDispute(said)),
    ]),
    judged('the source silent', exchangeDispute({ source: null })),
    judged('the requester silent', exchangeDispute({ requester: null })),
    judged('both silent', exchangeDispute({ source: null, requester: null })),
    judged('another access', accessDispute({}, 'event-other')),
    ...lateCases(judged),
  ];
}

function lateCases(judged: (name: string, dispute: Dispute) => CorpusCase): CorpusCase[] {
  const sizes = [0, 1, 2];
  return sizes.map((treeSize) => {
    const dispute = exchangeDispute();
    return judged(`logs of ${treeSize} leaves at the opening`, {
      ...dispute,
      parties: dispute.parties.map((party) => ({ ...party, treeSize })),
    });
  });
}
