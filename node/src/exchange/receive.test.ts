import {
  canonicalJson,
  commitRecord,
  discloseRecord,
  formatCheckpoint,
  hex,
  inclusionProof,
  leafBytes,
  leafHash,
  noteSigner,
  rootHash,
  signNote,
} from '@medseal/evidence';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PeerError } from '../adapters/peers/http.ts';
import { type ReceiptContent, receiptSigner } from '../consent/receipt.ts';
import type { Resource } from '../fhir/index.ts';
import type { PeerPort } from '../identity/index.ts';
import type { PatientId, Pseudonym } from '../lib/brand.ts';
import { newId } from '../lib/ids.ts';
import { decisionDigest, signReceipt } from './receipt.ts';
import { requestRecords } from './request.ts';
import { createAlliance, type TestAlliance, type TestNode } from './test/alliance.ts';
import { type Cheat, cheatingSource, latestReasons, type PeerReply } from './test/rogue.ts';
import type { ReplyPayload, SentRecord } from './types.ts';

type Release = ReplyPayload & { permit: true };

let alliance: TestAlliance;
let a: TestNode;
let b: TestNode;
let c: TestNode;
let pseudonym: Pseudonym;
let otherPseudonym: Pseudonym;
let consenting: PatientId[];

const observation = (value: number): Resource => ({
  resourceType: 'Observation',
  status: 'final',
  valueInteger: value,
  note: [{ text: 'x' }],
});

/** A label of sensitivity whose code no text can be made of. */
const unspeakable = (place: number) => ({
  system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode',
  code: { toString: place, valueOf: place },
});

beforeAll(async () => {
  alliance = await createAlliance();
  ({ a, b, c } = alliance);
  const resources = Array.from({ length: 6 }, (_, value) => observation(value));
  const one = await a.records.add([...resources, { resourceType: 'Condition', code: { text: 'x' } }]);
  const other = await a.records.add(resources);
  [pseudonym, otherPseudonym] = [one.pseudonym, other.pseudonym];
  consenting = [one.patientId, other.patientId];
  grantAll();
  await alliance.anchor();
});
afterAll(() => alliance.close());
afterEach(() => {
  b.clock.offsetMs = 0;
});

function grantAll(): void {
  const types = ['Observation', 'Condition'];
  for (const id of consenting) a.consent.grants.set(id, { id, version: 1, recipient: 'hospital-b', types });
}

async function outcomeVia(peers: PeerPort, types = ['Observation']) {
  const inquiry = {
    staff: b.staff,
    person: { pseudonym },
    sources: ['hospital-a'],
    types,
    purpose: 'TREAT' as const,
    count: 5,
  };
  const result = await requestRecords(inquiry, { ...b.requester, peers });
  return result.outcome === 'asked' ? result.sources[0] : undefined;
}

const rejected = { organizationId: 'hospital-a', outcome: 'failed', code: 'PEER_INVALID_RESPONSE' };

async function expectRejected(peers: PeerPort, code: string): Promise<void> {
  // The whole result: not a byte of the reply is in it, and it is the same whatever was wrong.
  expect(await outcomeVia(peers)).toEqual(rejected);
  expect((await latestReasons(b)).split('; ').slice(0, 2)).toEqual(['PEER_INVALID_RESPONSE', code]);
}

function altered(change: (reply: PeerReply) => Partial<PeerReply>): PeerPort {
  return {
    send: async (request) => {
      const reply = await b.peers.send(request);
      return { ...reply, ...change(reply) };
    },
  };
}

const withFields = (fields: Record<string, string>) =>
  altered((reply) => ({ fields: { ...reply.fields, ...fields } }));

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Buffer.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

describe('a reply that was changed on the way', () => {
  it('is refused whichever bit of its body is flipped', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (place) => {
        await expectRejected(
          altered(({ body }) => ({ body: flipped(body, place % (body.length * 8)) })),
          'REPLY_SIGNATURE',
        );
      }),
      { numRuns: 15 },
    );
  });

  it.each([
    'content-digest',
    'signature',
    'signature-input',
    'content-type',
    'medseal-organization',
    'medseal-recipient',
  ])('is refused with another %s', async (name) => {
    const peers = altered(({ fields }) => ({
      fields: {
        ...fields,
        [name]: String(fields[name]).replace(/[a-z]/, (letter) => (letter === 'a' ? 'b' : 'a')),
      },
    }));

    expect(await outcomeVia(peers)).toEqual(rejected);
    expect(await latestReasons(b)).toMatch(/; REPLY_(SIGNATURE|FORM)/);
  });

  it.each(['content-digest', 'signature', 'signature-input'])('is refused without %s', async (name) => {
    const peers = altered(({ fields: { [name]: _, ...fields } }) => ({ fields }));

    await expectRejected(peers, 'REPLY_SIGNATURE');
  });

  it('is refused when it was made for another request', async () => {
    let kept: PeerReply | undefined;
    const peers: PeerPort = {
      send: async (request) => {
        const reply = await b.peers.send(request);
        const swapped = kept ?? reply;
        kept ??= reply;
        return swapped;
      },
    };
    expect((await outcomeVia(peers))?.outcome).toBe('permitted');

    await expectRejected(peers, 'REPLY_SIGNATURE');
  });

  it('is refused when it is cut short, empty, longer or encoded', async () => {
    await expectRejected(
      altered(({ body }) => ({ body: body.subarray(0, -1) })),
      'REPLY_SIGNATURE',
    );
    await expectRejected(
      altered(() => ({ body: new Uint8Array(0) })),
      'REPLY_SIGNATURE',
    );
    await expectRejected(
      altered(({ body }) => ({ body: Buffer.concat([body, Buffer.of(0)]) })),
      'REPLY_SIGNATURE',
    );
    await expectRejected(withFields({ 'content-encoding': 'gzip' }), 'REPLY_FORM');
  });

  it('is refused from another time', async () => {
    const peers = altered((reply) => {
      b.clock.offsetMs = 61_500;
      return reply;
    });

    await expectRejected(peers, 'REPLY_SIGNATURE');
    expect(await latestReasons(b)).toBe('PEER_INVALID_RESPONSE; REPLY_SIGNATURE; SIGNATURE_CLOCK');
  });
});

describe('a source that cheats', () => {
  const via = (cheat: Cheat) => cheatingSource({ a, b }, cheat);
  const released = (
    change: (release: Release) => Partial<Release>,
    receipt: Cheat['receipt'] = 'signed-again',
  ) => via({ receipt, payload: (payload) => ({ ...payload, ...change(payload as Release) }) });
  const firstRecord = (change: (record: SentRecord) => Partial<SentRecord>) =>
    released(({ records: [first, ...rest] }) => ({
      records: [{ ...first, ...change(first as SentRecord) } as SentRecord, ...rest],
    }));

  it('is believed while it does not', async () => {
    const source = await outcomeVia(via({}));

    expect(source).toMatchObject({ outcome: 'permitted' });
  });

  it('cannot have its reply signed by another member', () =>
    expectRejected(via({ signer: c }), 'REPLY_SIGNATURE'));

  it('cannot sign in advance', () =>
    expectRejected(via({ createdAt: new Date(Date.now() + 90_000) }), 'REPLY_SIGNATURE'));

  it.each([
    ['for another recipient', () => ({ sealTo: c })],
    ['for another purpose', () => ({ binding: { purpose: 'HRESCH' } })],
    ['in the name of another source', () => ({ binding: { sourceOrganizationId: 'hospital-c' } })],
    ['for another request', () => ({ binding: { requestDigest: Buffer.alloc(32) } })],
  ])('cannot seal %s', (_, cheat) => expectRejected(via(cheat()), 'REPLY_SEAL'));

  it.each([
    ['a byte after the message', (padded: Uint8Array) => flipped(padded, (padded.length - 1) * 8)],
    ['no size class', (padded: Uint8Array) => padded.subarray(0, -1)],
    [
      'a larger class than needed',
      (padded: Uint8Array) => Buffer.concat([padded, Buffer.alloc(padded.length)]),
    ],
    ['a length beyond its end', (padded: Uint8Array) => flipped(padded, 7)],
    ['nothing', () => new Uint8Array(0)],
  ])('cannot pad with %s', (_, padded) => expectRejected(via({ padded }), 'REPLY_PADDING'));

  it.each([
    ['a member more', (payload: ReplyPayload) => ({ ...payload, extra: 1 })],
    ['a member less', ({ receipt: _, ...payload }: ReplyPayload) => payload],
    ['a permit that is a text', (payload: ReplyPayload) => ({ ...payload, permit: 'true' })],
    ['a key twice', (payload: ReplyPayload) => JSON.stringify(payload).replace('{', '{"v":1,')],
    ['no JSON', () => '{"v":1'],
    ['a prototype key', (payload: ReplyPayload) => JSON.stringify(payload).replace('{', '{"__proto__":{},')],
    ['deep nesting', () => '['.repeat(50_000)],
  ])('cannot send %s', (_, payload) => expectRejected(via({ payload }), 'REPLY_CONTENT'));

  it.each([
    ['another request', { requestDigest: '0'.repeat(64) }, 'REPLY_OTHER_REQUEST'],
    ['another requester', { requester: 'hospital-c' }, 'REPLY_OTHER_REQUEST'],
    ['another source', { source: 'hospital-c' }, 'REPLY_OTHER_REQUEST'],
    ['another purpose', { purpose: 'HRESCH' }, 'REPLY_OTHER_REQUEST'],
    ['a denial', { permit: false }, 'REPLY_RECEIPT'],
    ['another time', { at: '2020-01-01T00:00:00.000Z' }, 'REPLY_RECEIPT'],
    ['rules', { rules: ['consent.none'] }, 'REPLY_RECEIPT'],
    ['another decision', { decisionId: 'd' }, 'REPLY_DECISION'],
    ['another decision receipt', { decisionDigest: '0'.repeat(64) }, 'REPLY_DECISION'],
  ])('cannot give a receipt for %s', (_, change, code) =>
    expectRejected(
      released(({ receipt }) => ({ receipt: { ...receipt, ...change } })),
      code,
    ),
  );

  it('cannot give a receipt that it did not sign, or that lists other records', async () => {
    await expectRejected(
      released(({ receipt }) => ({ receipt: { ...receipt, exchangeId: newId() } }), 'left'),
      'REPLY_RECEIPT',
    );
    await expectRejected(
      released(({ records }) => ({ records: records.slice(1) }), 'left'),
      'REPLY_RECEIPT',
    );
  });

  it.each([
    ['that it did not sign', { policyDigest: '3'.repeat(64) }],
    ['of a time that no text can be made of', { at: { toString: 1, valueOf: 1 } }],
  ])('cannot give a decision %s', (_, change) =>
    expectRejected(
      released(({ decision }) => ({ decision: { ...decision, ...change } })),
      'REPLY_DECISION',
    ),
  );

  it('cannot release on a decision of another day', async () => {
    const sign = receiptSigner(a.organizationId, a.keyStore);
    const madeAt = (millisecondsAgo: number) =>
      via({
        receipt: 'signed-again',
        payload: (payload) => {
          const { v: _v, key: _key, signature: _signature, ...content } = (payload as Release).decision;
          const at = new Date(a.clock.now().getTime() - millisecondsAgo).toISOString();
          const decision = { ...sign({ ...(content as ReceiptContent), at }) };
          const receipt = { ...payload.receipt, decisionDigest: decisionDigest(decision) };
          return { ...payload, decision, receipt };
        },
      });

    expect(await outcomeVia(madeAt(1_000))).toMatchObject({ outcome: 'permitted' });
    await expectRejected(madeAt(61_000), 'REPLY_DECISION');
    await expectRejected(madeAt(-61_000), 'REPLY_DECISION');
  });

  it('cannot turn a release into a denial with records in its receipt', () =>
    expectRejected(
      via({
        payload: ({ receipt, v }) => ({
          v,
          permit: false,
          receipt: { ...receipt, permit: false },
          reasons: [{ rule: 'r', zh: 'z', en: 'e', next: { zh: 'z', en: 'e' } }],
        }),
      }),
      'REPLY_RECEIPT',
    ));

  it('cannot change a value of a record', () =>
    expectRejected(
      firstRecord(({ disclosure }) => ({
        disclosure: {
          elements: disclosure.elements.map((element) =>
            element.name === 'valueInteger' && 'salt' in element ? { ...element, value: 99 } : element,
          ),
        },
      })),
      'REPLY_DISCLOSURE',
    ));

  it('cannot call a version by another number', () =>
    expectRejected(
      firstRecord(() => ({ version: '2' })),
      'REPLY_DISCLOSURE',
    ));

  it('cannot add an element that the record did not have', () =>
    expectRejected(
      firstRecord(({ disclosure }) => ({
        disclosure: { elements: [...disclosure.elements, { name: 'zzz', value: 1, salt: '0'.repeat(64) }] },
      })),
      'REPLY_DISCLOSURE',
    ));

  it('cannot withhold more than it says', () =>
    expectRejected(
      released(() => ({ redactions: [] })),
      'REPLY_SCOPE',
    ));

  it("cannot substitute another patient's record", async () => {
    const inquiry = {
      staff: b.staff,
      person: { pseudonym: otherPseudonym },
      sources: ['hospital-a'],
      types: ['Observation'],
      purpose: 'TREAT' as const,
      count: 5,
    };
    const other = await requestRecords(inquiry, b.requester);
    const [source] = other.outcome === 'asked' ? other.sources : [];
    if (source?.outcome !== 'permitted') throw new Error('the other patient consented');
    const [stranger] = source.reply.records;
    if (stranger === undefined) throw new Error('the other patient has records');

    await expectRejected(
      released(({ records: [_, ...rest] }) => ({ records: [stranger.evidence, ...rest] })),
      'REPLY_PATIENTS',
    );
  });

  it.each(['a  b', ' a', 'a b', '', '规则'])('cannot deny by a rule called %j', async (rule) => {
    a.consent.grants.clear();
    const denied = via({
      receipt: 'left',
      payload: (payload) => {
        const { signature: _, ...receipt } = { ...payload.receipt, rules: [rule] };
        const [reason] = payload.permit ? [] : payload.reasons;
        return { ...payload, reasons: [{ ...reason, rule }], receipt: signReceipt(receipt, a.keyStore) };
      },
    });

    await expectRejected(denied, 'REPLY_CONTENT');
    grantAll();
  });

  it.each<[string, Record<string, unknown>]>([
    ['labels that are no list', { meta: { security: {} } }],
    ['a label that is nothing', { meta: { security: [null] } }],
    ['labels that cannot be put in order', { meta: { security: [unspeakable(1), unspeakable(2)] } }],
    [
      'a reference that is no text',
      { resourceType: 'Immunization', patient: { reference: { toString: 1, valueOf: 1 } } },
    ],
    ['an id that is none', { id: 'not an id' }],
  ])('cannot make the whole question fail, and with it the answers of others, by %s', async (_, change) => {
    const odd = await a.records.add([{ ...observation(1), ...change } as Resource]);
    const types = ['Observation', 'Immunization'];
    const grant = { id: odd.patientId, version: 1, recipient: 'hospital-b', types };
    a.consent.grants.set(odd.patientId, grant);
    await alliance.anchor();

    const result = await requestRecords(
      {
        ...{ staff: b.staff, person: { pseudonym: odd.pseudonym }, sources: ['hospital-a', 'hospital-c'] },
        ...{ types, purpose: 'TREAT', count: 5 },
      },
      b.requester,
    );

    const outcomes = result.outcome === 'asked' ? result.sources : [];
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['failed', 'denied']);
    expect(outcomes[0]).toEqual(rejected);
  });

  it('cannot send a record twice, more than asked, or of another type', async () => {
    await expectRejected(
      released(({ records }) => ({ records: [...records.slice(0, 4), ...records.slice(0, 1)] })),
      'REPLY_SCOPE',
    );
    await expectRejected(
      released(({ records }) => ({ records: [...records, ...records] })),
      'REPLY_SCOPE',
    );
    const peers: PeerPort = cheatingSource({ a, b }, {});
    expect((await outcomeVia(peers, ['Observation', 'Condition']))?.outcome).toBe('permitted');
    let conditions: SentRecord[] = [];
    await outcomeVia(
      via({
        payload: (payload) => {
          conditions = (payload as Release).records;
          return payload;
        },
      }),
      ['Condition'],
    );
    expect(conditions).toHaveLength(1);
    await expectRejected(
      released(({ records }) => ({ records: [...records.slice(1), ...conditions] })),
      'REPLY_SCOPE',
    );
  });

  it.each([
    ['another index', ({ leafIndex }: SentRecord) => ({ leafIndex: leafIndex + 100 })],
    ['a shorter path', ({ inclusionProof }: SentRecord) => ({ inclusionProof: inclusionProof.slice(1) })],
    [
      'a longer path',
      ({ inclusionProof }: SentRecord) => ({ inclusionProof: [...inclusionProof, '0'.repeat(64)] }),
    ],
    ['no path', () => ({ inclusionProof: [] })],
    [
      'another hash',
      ({ inclusionProof: [, ...rest] }: SentRecord) => ({ inclusionProof: ['0'.repeat(64), ...rest] }),
    ],
  ])('cannot prove a record with %s', (_, change) => expectRejected(firstRecord(change), 'REPLY_PROOF'));

  it.each([
    ['of another kind', { kind: 'access' as const }, 'REPLY_LEAF'],
    ['of another log', { tenant: 'hospital-c' }, 'REPLY_LEAF'],
    ['from the future', { at: '2999-01-01T00:00:00.000Z' }, 'REPLY_LEAF'],
    ['that is none', { v: 2 as unknown as 1 }, 'REPLY_LEAF'],
    ['of another record', { digest: '0'.repeat(64) }, 'REPLY_DISCLOSURE'],
    ['of another time', { at: '2020-01-01T00:00:00.000Z' }, 'REPLY_PROOF'],
  ])('cannot show a leaf %s', (_, change, code) =>
    expectRejected(
      firstRecord(({ leaf }) => ({ leaf: { ...leaf, ...change } })),
      code,
    ),
  );

  const logSigner = (node: TestNode, origin = 'medseal.org/log/hospital-a') =>
    noteSigner(origin, node.keyStore.publicKey('log'), (text) => node.keyStore.sign('log', text));

  /** A release of one made-up record in a log of its own, proved soundly and signed by `signer`. */
  const forgedLog = (treeSize: number, signer = logSigner(a), origin = 'medseal.org/log/hospital-a') =>
    released(() => {
      const subject = { reference: 'Patient/x' };
      const resource = { resourceType: 'Observation', id: 'forged', meta: { versionId: '1' }, subject };
      const salt = Buffer.alloc(32, 1);
      const leaf = {
        v: 1 as const,
        kind: 'record' as const,
        tenant: 'hospital-a',
        digest: hex(commitRecord(resource, salt)),
        at: '2026-01-01T00:00:00.000Z',
      };
      const hashes = Array.from({ length: treeSize }, () => Buffer.alloc(32, 2) as Uint8Array);
      hashes[0] = leafHash(leafBytes(leaf));
      const read = (level: number, index: number) =>
        rootHash(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level));
      const text = formatCheckpoint({ origin, treeSize, rootHash: rootHash(hashes) });
      const record = {
        version: '1',
        leaf,
        leafIndex: 0,
        inclusionProof: inclusionProof(read, 0, treeSize).map(hex),
        disclosure: discloseRecord(resource, salt, new Set()),
      };
      return {
        records: [record],
        checkpoint: { note: signNote(text, signer), txId: 'tx-1', blockNumber: 1 },
      };
    });

  it('cannot show a second log of the size that is anchored', async () => {
    const { treeSize } = (await a.log.latestAnchor('hospital-a')) ?? { treeSize: 0 };

    await expectRejected(forgedLog(treeSize), 'REPLY_NOT_ANCHORED');
  });

  it('cannot show a log that is not anchored', () => expectRejected(forgedLog(5000), 'REPLY_NOT_ANCHORED'));

  it('cannot have its log signed by another key, under another name, or not at all', async () => {
    await expectRejected(forgedLog(4, logSigner(c)), 'REPLY_CHECKPOINT');
    await expectRejected(forgedLog(4, logSigner(a), 'medseal.org/log/hospital-c'), 'REPLY_CHECKPOINT');
    await expectRejected(
      released(() => ({ checkpoint: null })),
      'REPLY_CHECKPOINT',
    );
  });
});

describe('a source that cannot be reached', () => {
  it.each(['PEER_UNREACHABLE', 'PEER_TIMEOUT', 'PEER_CERTIFICATE', 'PEER_INVALID_RESPONSE'] as const)(
    'is told as %s and recorded',
    async (code) => {
      const peers = { send: () => Promise.reject(new PeerError(code)) };

      expect(await outcomeVia(peers)).toEqual({ organizationId: 'hospital-a', outcome: 'failed', code });
      expect(await latestReasons(b)).toBe(code);
    },
  );

  it('or refuses is told as PEER_REFUSED, with its own word in the audit record only', async () => {
    const body = Buffer.from(canonicalJson({ code: 'IDENTITY_PEER_CLOCK' }));
    const peers = { send: async () => ({ status: 401, fields: {}, body }) };

    expect(await outcomeVia(peers)).toEqual({
      organizationId: 'hospital-a',
      outcome: 'failed',
      code: 'PEER_REFUSED',
    });
    expect(await latestReasons(b)).toBe('PEER_REFUSED; HTTP_401; IDENTITY_PEER_CLOCK');
  });

  it.each([429, 502, 503, 504])('or says %i for now is told as PEER_UNAVAILABLE', async (status) => {
    const body = Buffer.from(canonicalJson({ code: 'HTTP_UNAVAILABLE' }));
    const peers = { send: async () => ({ status, fields: {}, body }) };

    expect(await outcomeVia(peers)).toMatchObject({ outcome: 'failed', code: 'PEER_UNAVAILABLE' });
    expect(await latestReasons(b)).toBe(`PEER_UNAVAILABLE; HTTP_${status}; HTTP_UNAVAILABLE`);
  });

  it('by a fault of this node delivers nothing and says so', async () => {
    const peers = { send: () => Promise.reject(new TypeError('bug')) };

    await expect(outcomeVia(peers)).rejects.toThrow('bug');
  });
});
