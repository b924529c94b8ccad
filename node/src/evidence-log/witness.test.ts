import { generateKeyPairSync, sign } from 'node:crypto';
import {
  base64,
  formatCheckpoint,
  noteSigner,
  openCosignatures,
  parseVerifierKey,
  rootHash,
  signNote,
  witnessOf,
} from '@medseal/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Alliance, type AllianceNode, createAlliance, signHead } from './test/alliance.ts';
import { createTileCache } from './tile-store.ts';
import { proveConsistency } from './tree.ts';
import { formatWitnessRequest } from './witness-request.ts';

let alliance: Alliance;
let a: AllianceNode;
let b: AllianceNode;
beforeAll(async () => {
  alliance = await createAlliance(['hospital-a', 'hospital-b', 'regulator']);
  a = alliance.node('hospital-a');
  b = alliance.node('hospital-b');
  await alliance.anchor(a, 6);
});
afterAll(() => alliance.close());

type Reply = { status: number; type: string; text: string; code: string | undefined };

/** A request from hospital-a's node to hospital-b's peer port, over mutual TLS. */
async function post(body: string | Uint8Array, type = 'text/plain; charset=utf-8', from = a): Promise<Reply> {
  const { rows } = await b.database.db.query<{ fingerprint: string }>(
    `select tls_fingerprint as fingerprint from member where organization_id = 'hospital-b'`,
  );
  const member = {
    organizationId: 'hospital-b',
    mspId: b.mspId,
    nodeUrl: `https://localhost:${b.port}`,
    tlsFingerprint: rows[0]?.fingerprint ?? '',
  };
  const reply = await alliance.peersOf(from).send({
    member,
    method: 'POST',
    path: '/peer/witness/add-checkpoint',
    fields: { 'content-type': type },
    body: typeof body === 'string' ? new TextEncoder().encode(body) : body,
  });
  const text = new TextDecoder().decode(reply.body);
  return {
    status: reply.status,
    type: reply.fields['content-type'] ?? '',
    text,
    code: /"code":"([A-Z_]+)"/.exec(text)?.[1],
  };
}

async function proofOf(oldSize: number, newSize: number): Promise<string[]> {
  return (await proveConsistency(a.database.db, createTileCache(), [oldSize, newSize])).map(base64);
}

const anyNote = (change: { origin?: string; treeSize?: number } = {}): string =>
  signNote(formatCheckpoint({ origin: a.logSigner.name, treeSize: 6, rootHash: rootHash([]), ...change }), {
    ...a.logSigner,
    name: change.origin ?? a.logSigner.name,
  });

function longerNote(): string {
  const text = formatCheckpoint({ origin: a.logSigner.name, treeSize: 9, rootHash: rootHash([]) });
  return signNote(`${text}\nmore\n`, a.logSigner);
}

describe('a request to cosign', () => {
  it.each([
    ['nothing', () => ''],
    ['no old size', (note: string) => `\n\n${note}`],
    ['a negative size', (note: string) => `old -1\n\n${note}`],
    ['a size with a leading zero', (note: string) => `old 01\n\n${note}`],
    ['a size that is no exact number', (note: string) => `old 99999999999999999999\n\n${note}`],
    ['upper-case words', (note: string) => `OLD 0\n\n${note}`],
    ['a proof line that is no hash', (note: string) => `old 3\nAAAA\n\n${note}`],
    ['a proof line in loose base64', (note: string) => `old 3\n${'A'.repeat(42)}B=\n\n${note}`],
    ['too many proof lines', (note: string) => `old 3\n${`${'A'.repeat(43)}=\n`.repeat(64)}\n${note}`],
    ['carriage returns', (note: string) => `old 0\r\n\r\n${note}`],
    ['no note', () => 'old 0\n\n'],
    ['a note without signature', (note: string) => `old 0\n\n${note.slice(0, note.indexOf('\n\n') + 1)}`],
    ['an old size beyond the checkpoint', (note: string) => `old 7\n\n${note}`],
    ['an empty log', () => `old 0\n\n${anyNote({ treeSize: 0 })}`],
    // Kept as a claim it could not be put into a fork proof, and the anchor that contradicts it could not be projected.
    ['a checkpoint that is only the start of what was signed', () => `old 0\n\n${longerNote()}`],
  ])('with %s is malformed', async (_what, body) => {
    const { note } = await signHead(a);

    expect(await post(body(note))).toMatchObject({ status: 400, code: 'WITNESS_REQUEST_INVALID' });
  });

  it('is taken as UTF-8 text alone', async () => {
    const { note } = await signHead(a);
    const body = formatWitnessRequest(0, [], note);

    expect(await post(JSON.stringify(body), 'application/json')).toMatchObject({ status: 415 });
    expect(await post(Uint8Array.of(0xff, 0xfe))).toMatchObject({ status: 400, code: 'HTTP_BODY_MALFORMED' });
  });

  it.each([
    ['a log of nobody', 'medseal.org/log/hospital-x'],
    ['something that is no log', 'medseal.org/witness/hospital-a'],
    ["the witness's own log", 'medseal.org/log/hospital-b'],
  ])('about %s is answered with 404', async (_what, origin) => {
    const body = formatWitnessRequest(0, [], anyNote({ origin }));

    expect(await post(body)).toMatchObject({ status: 404, code: 'WITNESS_LOG_UNKNOWN' });
  });

  it('that the registered key of the log did not sign is answered with 403', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const raw = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
    const stranger = noteSigner(a.logSigner.name, raw, (text) => sign(null, text, privateKey));
    const { note, treeSize, rootHash: root } = await signHead(a);
    const text = formatCheckpoint({ origin: a.logSigner.name, treeSize, rootHash: root });

    for (const wrong of [signNote(text, stranger), note.replace('\n6\n', '\n7\n')])
      expect(await post(formatWitnessRequest(0, [], wrong))).toMatchObject({
        status: 403,
        code: 'WITNESS_SIGNATURE_INVALID',
      });
  });
});

describe('a witness', () => {
  it('cosigns what it can check, keeps it first, and then knows its size', async () => {
    const { note } = await signHead(a);
    const reply = await post(formatWitnessRequest(0, [], note));

    expect(reply).toMatchObject({ status: 200, type: 'text/plain; charset=utf-8' });
    const key = witnessOf('hospital-b', parseVerifierKey(b.log.logKey));
    const { cosignatures } = openCosignatures(note + reply.text, [key]);
    expect(cosignatures).toMatchObject([
      { name: 'medseal.org/witness/hospital-b', time: Math.floor(alliance.clock.now().getTime() / 1000) },
    ]);
    expect((await b.witnessing.status()).logs).toMatchObject([
      { organizationId: 'hospital-a', cosignedSize: 6 },
    ]);
    expect(await post(formatWitnessRequest(0, [], note))).toEqual({
      status: 409,
      type: 'text/x.tlog.size',
      text: '6\n',
      code: undefined,
    });
    expect(await post(formatWitnessRequest(6, [], note))).toMatchObject({ status: 200 });
  });

  it('also cosigns for a member that passes another log on, and takes lines by other keys', async () => {
    const { note } = await signHead(a);
    const passedOn = `${note}${(await post(formatWitnessRequest(6, [], note))).text}`;

    const reply = await post(formatWitnessRequest(6, [], passedOn), undefined, alliance.node('regulator'));
    expect(reply.status).toBe(200);
  });

  it('follows growth by its proof alone', async () => {
    await alliance.anchor(a, 7);
    const { note } = await signHead(a);
    const proof = await proofOf(6, 13);
    const bent = [...proof].reverse();

    expect(await post(formatWitnessRequest(6, [], note))).toMatchObject({
      status: 422,
      code: 'WITNESS_PROOF_INVALID',
    });
    expect(await post(formatWitnessRequest(6, bent, note))).toMatchObject({ status: 422 });
    expect(await post(formatWitnessRequest(6, proof.slice(1), note))).toMatchObject({ status: 422 });
    expect(await post(formatWitnessRequest(6, [...proof, ...proof], note))).toMatchObject({ status: 422 });
    expect(await post(formatWitnessRequest(5, await proofOf(5, 13), note))).toMatchObject({
      status: 409,
      text: '6\n',
    });
    expect(await post(formatWitnessRequest(6, proof, note))).toMatchObject({ status: 200 });
    expect(await b.witnessing.forks()).toEqual([]);
  });

  it('does not go back, whatever order requests come in', async () => {
    const older = await signHead(a);
    await alliance.anchor(a, 4);
    const newer = await signHead(a);
    const proof = await proofOf(13, 17);

    const replies = await Promise.all([
      ...Array.from({ length: 4 }, () => post(formatWitnessRequest(13, proof, newer.note))),
      ...Array.from({ length: 4 }, () => post(formatWitnessRequest(13, [], older.note))),
    ]);

    expect(replies.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
    expect(replies.every(({ status }) => status === 200 || status === 409)).toBe(true);
    expect(await post(formatWitnessRequest(13, [], older.note))).toMatchObject({ status: 409, text: '17\n' });
  });

  it('wants a first checkpoint without a proof', async () => {
    const { note } = await signHead(a);
    const witness = alliance.node('regulator').witnessing;
    const body = formatWitnessRequest(0, await proofOf(6, 17), note);

    await expect(witness.addCheckpoint(body)).rejects.toMatchObject({ code: 'WITNESS_PROOF_INVALID' });
  });

  it('cosigns nothing that the ledger does not hold as far as it knows', async () => {
    await alliance.submit(a, 3);
    const { note } = await signHead(a);
    const body = formatWitnessRequest(17, await proofOf(17, 20), note);

    expect(await post(body)).toMatchObject({ status: 503, code: 'WITNESS_NOT_ANCHORED' });
    expect(await post(formatWitnessRequest(20, [], note))).toMatchObject({ status: 409, text: '17\n' });
    await alliance.deliver(b);
    expect(await post(body)).toMatchObject({ status: 200 });
    await alliance.deliver(a, alliance.node('regulator'));
  });

  it('does not know the log of a member that is not registered at present', async () => {
    const { note } = await signHead(a);
    const body = formatWitnessRequest(20, [], note);
    await alliance.setState('hospital-a', 'disable');

    await expect(b.witnessing.addCheckpoint(body)).rejects.toMatchObject({ code: 'WITNESS_LOG_UNKNOWN' });
    expect(await post(body)).toMatchObject({ status: 403, code: 'IDENTITY_PEER_DISABLED' });
    await alliance.setState('hospital-a', 'enable');
    expect(await post(body)).toMatchObject({ status: 200 });
  });

  it('keeps a bounded number of claims of one log', async () => {
    await b.database.db.query(
      `insert into witness_checkpoint (organization_id, tree_size, root_hash, note, cosigned, seen_at)
       select 'hospital-a', 100000 + n, decode(repeat('00', 32), 'hex'), 'x', false, now() from generate_series(1, 1000) n`,
    );
    expect(await post(formatWitnessRequest(0, [], anyNote({ treeSize: 5_000 })))).toMatchObject({
      status: 409,
    });

    expect((await b.witnessing.status()).logs).toMatchObject([{ openClaims: 1_000 }]);
    await b.database.db.query('delete from witness_checkpoint where not cosigned');
  });
});

describe('a log that is asked how it grew', () => {
  it.each([
    [{ oldSize: 0, newSize: 5 }],
    [{ oldSize: 5, newSize: 5 }],
    [{ oldSize: 6, newSize: 5 }],
    [{ oldSize: 5, newSize: 1_000_000 }],
  ])('refuses %o', async (sizes) => {
    await expect(a.witnessing.proveGrowth(sizes)).rejects.toMatchObject({ code: 'WITNESS_REQUEST_INVALID' });
  });
});
