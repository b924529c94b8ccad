import { readFileSync } from 'node:fs';
import { Agent, createServer, request as httpsRequest, type ServerOptions } from 'node:https';
import { parseArgs } from 'node:util';
import express, { type Express } from 'express';
import pg from 'pg';

// The least that could answer, in a process of its own: express over TLS 1.3 that returns rows as they lie in PostgreSQL,
// with no policy, sealing, signature, evidence or audit. With --ca it asks callers for certificates; with --upstream it
// fetches a search from such a server by mutual TLS instead, as one hospital would from another.

const { values } = parseArgs({
  options: {
    database: { type: 'string', default: '' },
    port: { type: 'string', default: '0' },
    certificate: { type: 'string', default: '' },
    key: { type: 'string', default: '' },
    ca: { type: 'string' },
    upstream: { type: 'string' },
    'upstream-ca': { type: 'string' },
  },
});

const identity = { cert: readFileSync(values.certificate), key: readFileSync(values.key) };

function rowsOf(app: Express): void {
  const pool = new pg.Pool({ connectionString: values.database, max: 10 });
  app.get('/record/:id', async (request, response) => {
    const { rows } = await pool.query({
      name: 'record',
      text: 'select body from plain_record where id = $1',
      values: [request.params.id],
    });
    response.type('application/fhir+json').send(rows[0].body);
  });
  app.get('/search/:patient/:type', async (request, response) => {
    const { rows } = await pool.query({
      name: 'search',
      text: 'select body from plain_record where patient = $1 and type = $2 order by seq desc limit $3',
      values: [request.params.patient, request.params.type, Number(request.query['count'])],
    });
    response.type('application/json').send(`[${rows.map(({ body }) => body).join(',')}]`);
  });
}

/** The other hospital's half: fetches over mutual TLS, parses, and hands on. */
function relay(app: Express, upstream: string): void {
  const ca = readFileSync(values['upstream-ca'] ?? '');
  const agent = new Agent({ keepAlive: true, maxSockets: 16, ...identity, ca });
  app.get('/search/:patient/:type', (request, response, next) => {
    const call = httpsRequest(new URL(request.originalUrl, upstream), { agent });
    call.once('error', next).once('response', (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk)).once('error', next);
      answer.once('end', () => response.json(JSON.parse(Buffer.concat(chunks).toString('utf8'))));
    });
    call.end();
  });
}

const app = express();
app.use(express.json());
if (values.upstream === undefined) rowsOf(app);
else relay(app, values.upstream);

const mutual: ServerOptions =
  values.ca === undefined ? {} : { ca: readFileSync(values.ca), requestCert: true, rejectUnauthorized: true };
const server = createServer({ ...identity, ...mutual, minVersion: 'TLSv1.3' }, app);
server.listen(Number(values.port), '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  process.stdout.write(`${JSON.stringify({ event: 'ready', port })}\n`);
});
process.once('SIGTERM', () => process.exit(0));
