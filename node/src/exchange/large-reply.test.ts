import { afterAll, beforeAll, expect, it } from 'vitest';
import { requestRecords, type SourceResult } from './request.ts';
import { createAlliance, type TestAlliance } from './test/alliance.ts';

let alliance: TestAlliance;
beforeAll(async () => {
  alliance = await createAlliance();
});
afterAll(() => alliance.close());

const mebibyte = 1_048_576;

/** Asks about a patient who consented and has a record for each of these texts. */
async function askFor(texts: readonly string[]): Promise<SourceResult | undefined> {
  const { a, b } = alliance;
  const resources = texts.map((text) => ({
    resourceType: 'Observation',
    status: 'final',
    valueString: text,
  }));
  const { patientId, pseudonym } = await a.records.add(resources);
  const types = ['Observation'];
  a.consent.grants.set(patientId, { id: patientId, version: 1, recipient: 'hospital-b', types });
  await alliance.anchor();
  const result = await requestRecords(
    {
      ...{ staff: b.staff, person: { pseudonym }, sources: ['hospital-a'], types },
      ...{ purpose: 'TREAT', count: 100 },
    },
    b.requester,
  );
  return result.outcome === 'asked' ? result.sources[0] : undefined;
}

it('takes the largest reply that a source makes', async () => {
  const source = await askFor(Array.from({ length: 8 }, () => 'x'.repeat(mebibyte - 1_000)));

  expect(source?.outcome === 'permitted' && source.reply.records).toHaveLength(8);
});

it('leaves out what has no room, by the bytes of Chinese texts and not by their characters', async () => {
  const source = await askFor(Array.from({ length: 7 }, () => '血'.repeat(mebibyte - 1_000)));

  if (source?.outcome !== 'permitted') throw new Error('no reply');
  expect([source.reply.records.length, source.reply.omitted]).toEqual([2, 5]);
});
