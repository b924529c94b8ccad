import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import express from 'express';
import pg from 'pg';

export type BaselineServer = { url: string; close(): Promise<void> };

/**
 * The least that could answer: express over TLS 1.3 (with client certificates where `ca` is given) that returns rows as they
 * lie in PostgreSQL, with no policy, sealing, signature, evidence or audit.
 */
export async function startBaselineServer(options: {
  databaseUrl: string;
  port: number;
  certificate: string;
  key: string;
  ca?: string;
}): Promise<BaselineServer> {
  const pool = new pg.Pool({ connectionString: options.databaseUrl, max: 10 });
  const app = express();
  app.use(express.json());
  app.get('/record/:id', async (request, response) => {
    const { rows } = await pool.query('select body from plain_record where id = $1', [request.params.id]);
    response.type('application/fhir+json').send(rows[0].body);
  });
  app.get('/search/:patient/:type', async (request, response) => {
    const { rows } = await pool.query(
      'select body from plain_record where patient = $1 and type = $2 order by seq desc limit $3',
      [request.params.patient, request.params.type, Number(request.query['count'] ?? 50)],
    );
    response.type('application/json').send(`[${rows.map(({ body }) => body).join(',')}]`);
  });
  const server: Server = createServer(
    {
      cert: readFileSync(options.certificate),
      key: readFileSync(options.key),
      minVersion: 'TLSv1.3',
      ...(options.ca === undefined
        ? {}
        : { ca: readFileSync(options.ca), requestCert: true, rejectUnauthorized: true }),
    },
    app,
  );
  await new Promise<void>((resolve) => server.listen(options.port, '127.0.0.1', resolve));
  return {
    url: `https://localhost:${options.port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await pool.end();
    },
  };
}

/** The baseline's table: the resource's JSON text as it came, with what the two queries need. */
export const plainTable = `create table if not exists plain_record (
  seq bigint generated always as identity primary key, id text unique not null, patient text not null, type text not null, body text not null);
  create index if not exists plain_compartment on plain_record (patient, type, seq desc)`;
