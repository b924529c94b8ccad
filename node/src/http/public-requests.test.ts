import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createIdentityFixture, type IdentityFixture } from '../identity/test/fixture.ts';
import { countPublicRequests } from './public-requests.ts';

let fixture: IdentityFixture;
beforeEach(async () => {
  fixture = await createIdentityFixture();
});
afterEach(() => fixture.drop());

/** The counter of one process; each call is another process over the same database. */
const processOf = () => countPublicRequests({ db: fixture.db, keyStore: fixture.keys, clock: fixture.clock });

describe('the count of public requests', () => {
  it('is one for all processes, however many requests come at once', async () => {
    const processes = [processOf(), processOf(), processOf()];

    const counts = await Promise.all(
      Array.from({ length: 30 }, (_, at) => processes[at % 3]?.('198.51.100.7') ?? 0),
    );

    expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, at) => at + 1));
  });

  it('is of one address and one minute, and earlier ones are forgotten', async () => {
    const count = processOf();
    expect([await count('198.51.100.7'), await count('198.51.100.7')]).toEqual([1, 2]);
    expect(await count('198.51.100.8')).toBe(1);

    fixture.clock.advance(120_000);

    expect(await count('198.51.100.7')).toBe(1);
    expect((await fixture.db.query('select from public_request')).rowCount).toBe(1);
  });

  it('says nothing of the address to whoever reads the database', async () => {
    await processOf()('198.51.100.7');

    const { rows } = await fixture.db.query<{ line: string }>('select r::text as line from public_request r');

    expect(rows[0]?.line).not.toContain('198.51.100.7');
    expect(rows[0]?.line).not.toContain(Buffer.from('198.51.100.7').toString('hex'));
  });
});
