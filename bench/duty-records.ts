import { createSecretKey, randomBytes } from 'node:crypto';
import { commitRecord } from '@medseal/evidence';
import pg from 'pg';
import { encryptGcm } from '../node/src/crypto/cipher.ts';
import type { BenchBundle } from './bundles.ts';

/** What the records of the bench are sealed under, and what salts their digests. */
export const recordKey = Buffer.alloc(32, 7);
export const salt = Buffer.alloc(32, 9);

const tables = `create table duty_record (
  seq bigint generated always as identity primary key, id text unique not null, patient text not null,
  type text not null, iv bytea not null, body bytea not null, digest text not null);
  create index duty_compartment on duty_record (patient, type, seq desc);
  create table duty_audit (seq bigint generated always as identity primary key, entry bytea not null);
  create table duty_leaf (seq bigint generated always as identity primary key, digest bytea not null)`;

/** Fills the database of the duty server with the resources of the bundles, each sealed and with its digest. */
export async function fillDutyRecords(url: string, bundles: readonly BenchBundle[]): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(tables);
    const key = createSecretKey(recordKey);
    for (const { patient, texts } of bundles) {
      const rows = texts.map((text) => {
        const resource = JSON.parse(text) as { id: string; resourceType: string };
        const iv = randomBytes(12);
        const body = encryptGcm(Buffer.from(text), { key, iv, aad: salt });
        return { ...resource, iv, body, digest: Buffer.from(commitRecord(resource, salt)).toString('hex') };
      });
      await client.query(
        `insert into duty_record (id, patient, type, iv, body, digest)
         select id, $1, type, iv, body, digest
         from unnest($2::text[], $3::text[], $4::bytea[], $5::bytea[], $6::text[]) as t(id, type, iv, body, digest)`,
        [
          patient?.id ?? '',
          rows.map(({ id }) => id),
          rows.map(({ resourceType }) => resourceType),
          rows.map(({ iv }) => iv),
          rows.map(({ body }) => body),
          rows.map(({ digest }) => digest),
        ],
      );
    }
    await client.query('analyze duty_record');
  } finally {
    await client.end();
  }
}
