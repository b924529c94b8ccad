import { caseCommitment, fromHex, hex, utf8 } from '@medseal/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messageKeyId, signRequest } from '../crypto/http-signature.ts';
import { sealFor } from '../crypto/recipient.ts';
import type { PeerMessage } from '../identity/index.ts';
import { newSecret } from '../lib/ids.ts';
import { bindingOf, disputePath, messageBytes } from './messages.ts';
import { createAlliance, type TestAlliance, type TestNode } from './test/alliance.ts';
import type { DocumentName } from './types.ts';

let alliance: TestAlliance;
let caseId: string;
let opening: { content: Record<string, unknown>; salt: string };

beforeAll(async () => {
  alliance = await createAlliance();
  const requestId = await alliance.exchange();
  await alliance.settle();
  const { a, b } = alliance;
  // The other nodes are away, so that what reaches them is what a test sends.
  for (const id of ['hospital-a', 'regulator']) alliance.away.add(id);
  const view = await b.disputes.open({
    actor: b.officer,
    access: { requestId, partner: undefined },
    grounds: 'x',
  });
  caseId = view.caseId;
  await alliance.settle();
  const { members } = await b.disputes.export({ actor: b.officer, caseId });
  opening = members['opening'] as typeof opening;
  expect(a.organizationId).toBe('hospital-a');
});
afterAll(() => alliance.close());

type Forgery = {
  sender?: TestNode;
  recipient?: TestNode;
  name?: Partial<DocumentName>;
  document?: object;
  commitment?: string;
  /** Changes the request after it was signed. */
  change?: (incoming: PeerMessage) => PeerMessage;
};

/** A message about the case as its opener would send it, but for what the test forges. */
async function message(forgery: Forgery = {}): Promise<PeerMessage> {
  const { sender = alliance.b, recipient = alliance.a, document = opening, change } = forgery;
  const name = { caseId, kind: 'opening', author: 'hospital-b', ...forgery.name } as DocumentName;
  const named = { ...name, commitment: forgery.commitment ?? caseCommitment(document as never) };
  const binding = bindingOf(named, { sender: sender.organizationId, recipient: recipient.organizationId });
  const sealed = sealFor(fromHex(recipient.member.sealingKey), utf8(JSON.stringify(document)), binding);
  const body = messageBytes({ ...named, sealed });
  const parts = {
    method: 'POST',
    targetUri: `${recipient.member.nodeUrl}${disputePath}`,
    fields: {
      'content-type': 'application/json',
      'medseal-organization': sender.organizationId as string,
      'medseal-recipient': recipient.organizationId as string,
    },
  };
  const signer = {
    keyId: messageKeyId(sender.organizationId, sender.keyStore.publicKey('message')),
    sign: (bytes: Uint8Array) => sender.keyStore.sign('message', bytes),
  };
  const signing = { signer, createdAt: alliance.clock.now(), nonce: newSecret(16) };
  const { fields } = signRequest({ ...parts, body }, signing);
  const incoming = { member: sender.member, request: { ...parts, fields, body } };
  return change === undefined ? incoming : change(incoming);
}

const answerMs = 3_600_000;

/** An opening that a changed node of hospital B commits to on the ledger. */
async function committed(
  change: object,
): Promise<{ name: { caseId: string }; document: { content: object; salt: string } }> {
  const id = hex(newSecret(16));
  const document = { content: { ...opening.content, caseId: id, ...change }, salt: hex(newSecret(32)) };
  const deadlineAt = new Date(alliance.clock.now().getTime() + answerMs).toISOString();
  const args = [id, '["hospital-a","hospital-b"]', deadlineAt, caseCommitment(document as never)];
  await alliance.b.deps.ledger.submit('dispute', 'open', args);
  await alliance.settleLedger();
  return { name: { caseId: id }, document };
}

const refuses = async (forgery: Forgery, code: string): Promise<void> => {
  const recipient = forgery.recipient ?? alliance.a;
  const { db } = recipient.database;
  const count = async () => (await db.query<{ count: string }>('select count(*) from dispute_document')).rows;
  const before = await count();
  await expect(recipient.disputes.receive(await message(forgery))).rejects.toMatchObject({ code });
  expect(await count()).toEqual(before);
};

describe('a document that a partner hands over', () => {
  it('is refused unless it is exactly what the ledger committed to', async () => {
    const other = { ...opening, content: { ...opening.content, grounds: 'other' } };
    const commitment = caseCommitment(opening as never);

    await refuses({ document: other }, 'DISPUTE_COMMITMENT');
    await refuses({ document: other, commitment }, 'DISPUTE_COMMITMENT');
    await refuses({ document: { ...opening, salt: hex(newSecret(32)) }, commitment }, 'DISPUTE_COMMITMENT');
    await refuses({ document: { ...opening, more: 1 }, commitment }, 'DISPUTE_REQUEST_INVALID');
    await refuses({ document: { content: {}, salt: opening.salt }, commitment }, 'DISPUTE_REQUEST_INVALID');
  });

  it('is refused as another kind of document, of another author, of another case', async () => {
    await refuses({ name: { kind: 'filing' } }, 'DISPUTE_NOT_ON_LEDGER');
    await refuses({ name: { kind: 'finding', author: 'regulator' } }, 'DISPUTE_NOT_ON_LEDGER');
    await refuses({ name: { kind: 'finding', author: 'hospital-b' } }, 'DISPUTE_NOT_PARTY');
    await refuses({ name: { kind: 'decision', author: 'nobody' } }, 'DISPUTE_NOT_PARTY');
    await refuses({ name: { author: 'hospital-c' } }, 'DISPUTE_NOT_ON_LEDGER');
    await refuses({ name: { caseId: '0'.repeat(32) } }, 'DISPUTE_NOT_ON_LEDGER');
  });

  it('is refused from and by a member without a part in the case', async () => {
    await refuses({ sender: alliance.c }, 'DISPUTE_NOT_PARTY');
    await refuses({ recipient: alliance.c }, 'DISPUTE_NOT_PARTY');
  });

  it('is refused when it is not signed by the member on the line', async () => {
    const asC = (incoming: PeerMessage) => ({ ...incoming, member: alliance.c.member });
    const toOther = (incoming: PeerMessage) => ({
      ...incoming,
      request: { ...incoming.request, targetUri: 'https://hospital-c.test/peer/disputes' },
    });
    const changed = (incoming: PeerMessage) => {
      const body = Uint8Array.from(incoming.request.body);
      body[body.length - 3] = (body[body.length - 3] ?? 0) ^ 1;
      return { ...incoming, request: { ...incoming.request, body } };
    };

    await refuses({ change: asC }, 'IDENTITY_PEER_SIGNATURE');
    await refuses({ change: toOther }, 'IDENTITY_PEER_SIGNATURE');
    await refuses({ change: changed }, 'IDENTITY_PEER_SIGNATURE');
  });

  it('is refused when it was sealed to another, or is no message at all', async () => {
    const toRegulator = await message({ recipient: alliance.r });
    const { body } = toRegulator.request;
    const parts = (await message()).request;
    const signer = {
      keyId: messageKeyId('hospital-b', alliance.b.keyStore.publicKey('message')),
      sign: (bytes: Uint8Array) => alliance.b.keyStore.sign('message', bytes),
    };
    const send = (bytes: Uint8Array) => {
      const { 'content-digest': _, signature: __, 'signature-input': ___, ...fields } = parts.fields;
      const request = { ...parts, fields, body: bytes };
      const signed = signRequest(request, { signer, createdAt: alliance.clock.now(), nonce: newSecret(16) });
      return alliance.a.disputes.receive({
        member: alliance.b.member,
        request: { ...request, fields: signed.fields },
      });
    };

    await expect(send(body)).rejects.toMatchObject({ code: 'DISPUTE_REQUEST_REFUSED' });
    for (const text of ['', '{}', '[]', '{"v":1}', '{"v":1,"v":1}'])
      await expect(send(utf8(text))).rejects.toMatchObject({ code: 'DISPUTE_REQUEST_INVALID' });
  });

  it('is kept once, whoever of the parties sends it again', async () => {
    const once = await message();
    await alliance.a.disputes.receive(once);
    await alliance.a.disputes.receive(once);
    await alliance.a.disputes.receive(await message());
    const { rows } = await alliance.a.database.db.query('select kind, author from dispute_document');

    expect(rows).toEqual([{ kind: 'opening', author: 'hospital-b' }]);
    expect((await alliance.a.disputes.get({ actor: alliance.a.officer, caseId })).grounds).toBe('x');
  });

  it('is refused as an opening that is not about an access of the parties, or cannot be looked up', async () => {
    const { subject } = opening.content as { subject: Record<string, string> };
    const notMeant = { ...subject, requester: 'hospital-c' };
    const bent: object[] = [
      { subject: notMeant },
      { subject: { kind: 'access', accessId: subject['requestId'], custodian: 'hospital-a' } },
      { subject: { ...subject, requestId: 'x' } },
      { subject: { ...subject, requestId: '\u0000' } },
      { openedFor: {} },
      { grounds: 1 },
      { grounds: 'x'.repeat(4_001) },
    ];
    for (const change of bent) await refuses(await committed(change), 'DISPUTE_REQUEST_INVALID');
  });

  it.each([
    ['no claims', null],
    ['claims that are no list', {}],
    ['a claim of no name', [{ claim: 'constructor', party: null, finding: 'match', by: [], code: null }]],
  ])('hides no case as a finding with %s, and is kept as evidence', async (_what, claims) => {
    const opened = await committed({});
    await alliance.a.disputes.receive(await message(opened));
    const { caseId: id } = opened.name;
    alliance.clock.advance(answerMs + 1);
    await alliance.r.deps.ledger.submit('dispute', 'lapse', [id]);
    const content = { format: 'medseal/case-finding/v1', caseId: id, step: 2, claims };
    const document = { content, salt: hex(newSecret(32)) };
    const args = [id, caseCommitment(document as never), '2', '[]'];
    await alliance.r.deps.ledger.submit('dispute', 'examine', args);
    await alliance.settleLedger();
    const name = { caseId: id, kind: 'finding', author: 'regulator' } as const;

    await alliance.a.disputes.receive(await message({ sender: alliance.r, name, document }));

    const asked = { actor: alliance.a.officer, caseId: id };
    const view = await alliance.a.disputes.get(asked);
    expect(view).toMatchObject({ state: 'examined', grounds: 'x' });
    expect(view.claims).toBeUndefined();
    expect((await alliance.a.disputes.export(asked)).members['finding']).toEqual(document);
  });

  it('is not opened again once its row was altered', async () => {
    const { db } = alliance.a.database;
    await db.query('alter table dispute_document disable trigger all');
    await db.query(
      `update dispute_document set body_sealed = set_byte(body_sealed, 20, get_byte(body_sealed, 20) # 1)`,
    );

    await expect(alliance.a.disputes.get({ actor: alliance.a.officer, caseId })).rejects.toMatchObject({
      code: 'DISPUTE_UNREADABLE',
    });
  });
});
