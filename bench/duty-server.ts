import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { discloseRecord, openDisclosure, type RecordDisclosure } from '@medseal/evidence';
import express, { type Express } from 'express';
import pg from 'pg';
import { decryptGcm } from '../node/src/crypto/cipher.ts';
import { agreementKeyOf, openBase, sealBase } from '../node/src/crypto/hpke.ts';
import { database, serve, upstream, upstreamCaller } from './bare-process.ts';
import { recordKey, salt } from './duty-records.ts';

// The least that a read and an exchange cannot do without, in a process of its own. A read opens the record (AES-256-GCM),
// signs its decision (Ed25519) and commits an audit row and a leaf before it answers. In an exchange request, reply and
// receipt are signed and checked, records are disclosed with their salts and checked by their digests, the reply is sealed
// (HPKE), and both sides commit. No policy, consents, members, pseudonyms, inclusion proofs, validation or redaction, and
// nothing sealed of what is committed.

type Sealed = { iv: Buffer; body: Buffer };
type Receipt = { at: string; digests: string[]; signature: string };
type Payload = { receipt: Receipt; records: RecordDisclosure[] };

const pool = new pg.Pool({ connectionString: database, max: 10 });
const opening = createSecretKey(recordKey);
// Both processes make the same keys of the same bytes: what they cost is measured, not what they keep apart.
const signing = keyPair('302e020100300506032b657004220420');
const recipient = agreementKeyOf(keyPair('302e020100300506032b656e04220420'));

function keyPair(prefix: string): { privateKey: KeyObject; publicKey: KeyObject } {
  const key = Buffer.concat([Buffer.from(prefix, 'hex'), Buffer.alloc(32, 5)]);
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

function requireSigned(bytes: Uint8Array, signature: string): void {
  if (!verify(null, bytes, signing.publicKey, Buffer.from(signature, 'base64')))
    throw new Error('not signed');
}

function signed(bytes: Uint8Array): string {
  return sign(null, bytes, signing.privateKey).toString('base64');
}

function receiptBytes({ at, digests }: Omit<Receipt, 'signature'>): Buffer {
  return Buffer.from(JSON.stringify([at, digests]));
}

/** Audit row and leaf, durable when this resolves: one statement, so one round trip. */
async function commit(): Promise<void> {
  await pool.query({
    name: 'commit',
    text: 'with audit as (insert into duty_audit (entry) values ($1)) insert into duty_leaf (digest) values ($2)',
    values: [randomBytes(800), randomBytes(32)],
  });
}

/** A record read at its own hospital: opened, the decision signed, the access committed. */
function records(app: Express): void {
  app.get('/record/:id', async (request, response) => {
    const { rows } = await pool.query<Sealed>({
      name: 'record',
      text: 'select iv, body from duty_record where id = $1',
      values: [request.params.id],
    });
    const text = rows[0] === undefined ? '' : openText(rows[0]);
    signed(Buffer.from(JSON.stringify([request.params.id, new Date()])));
    await commit();
    response.type('application/fhir+json').send(text);
  });
}

function openText({ iv, body }: Sealed): string {
  return Buffer.from(decryptGcm(body, { key: opening, iv, aad: salt })).toString('utf8');
}

function source(app: Express): void {
  app.post('/ask', express.raw({ type: () => true }), async (request, response) => {
    const asked: Buffer = request.body;
    requireSigned(asked, request.get('signature') ?? '');
    const { patient, type, count } = JSON.parse(asked.toString());
    const { rows } = await pool.query<Sealed & { digest: string }>({
      name: 'sealed',
      text: 'select iv, body, digest from duty_record where patient = $1 and type = $2 order by seq desc limit $3',
      values: [patient, type, count],
    });
    const records = rows.map((row) => discloseRecord(JSON.parse(openText(row)), salt, new Set()));
    const claims = { at: new Date().toISOString(), digests: rows.map(({ digest }) => digest) };
    const receipt = { ...claims, signature: signed(receiptBytes(claims)) };
    const payload: Payload = { receipt, records };
    const sealed = sealBase(recipient.publicKey, Buffer.from(JSON.stringify(payload)), {
      info: salt,
      aad: asked,
    });
    await commit();
    response.set('signature', signed(sealed)).end(sealed);
  });
}

/** The other hospital's half: asks, checks all that came, and hands it on. */
function requester(app: Express): void {
  const call = upstreamCaller();
  app.get('/search/:patient/:type', async (request, response) => {
    const { patient, type } = request.params;
    const asked = Buffer.from(JSON.stringify({ patient, type, count: Number(request.query['count']) }));
    const { headers, body } = await call('/ask', {
      method: 'POST',
      headers: { signature: signed(asked) },
      body: asked,
    });
    const resources = checked(body, { asked, signature: String(headers['signature']) });
    await commit();
    response.json(resources);
  });
}

function checked(sealed: Buffer, { asked, signature }: { asked: Buffer; signature: string }): object[] {
  requireSigned(sealed, signature);
  const { receipt, records }: Payload = JSON.parse(
    Buffer.from(openBase(recipient, sealed, { info: salt, aad: asked })).toString(),
  );
  requireSigned(receiptBytes(receipt), receipt.signature);
  return records.map((record, at) => {
    const { digest, resource } = openDisclosure(record);
    if (Buffer.from(digest).toString('hex') !== receipt.digests[at]) throw new Error('another record');
    return resource;
  });
}

const app = express();
if (upstream === undefined) {
  records(app);
  source(app);
} else requester(app);
serve(app);
