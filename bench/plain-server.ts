import express, { type Express } from 'express';
import pg from 'pg';
import { database, serve, upstream, upstreamCaller } from './bare-process.ts';

// The least that could answer, in a process of its own: express over TLS 1.3 that returns rows as they lie in PostgreSQL,
// with no policy, sealing, signature, evidence or audit. The side that asks fetches a search from such a server, as one
// hospital would from another.

function rowsOf(app: Express): void {
  const pool = new pg.Pool({ connectionString: database, max: 10 });
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

/** The other hospital's half: fetches, parses, and hands on. */
function relay(app: Express): void {
  const call = upstreamCaller();
  app.get('/search/:patient/:type', async (request, response) => {
    const { body } = await call(request.originalUrl);
    response.json(JSON.parse(body.toString('utf8')));
  });
}

const app = express();
app.use(express.json());
if (upstream === undefined) rowsOf(app);
else relay(app);
serve(app);
