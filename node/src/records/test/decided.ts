import { openDatabase, type PostgresDatabase } from '../../adapters/postgres/pool.ts';
import { createDecisions } from '../../consent/index.ts';
import { type ConsentFixture, createConsentFixture, tenant } from '../../consent/test/fixture.ts';
import { silentLogger } from '../../lib/logger.ts';
import { createOpenedVersions } from '../opened-versions.ts';
import type { RecordsDeps } from '../records-deps.ts';
import { sealHere } from '../sealing.ts';

export type Decided = { deps: RecordsDeps; fixture: ConsentFixture; close(): Promise<void> };

/** Records that are decided upon by the real consent module and the policy that ships. */
export async function createDecided({ maxConnections }: { maxConnections: number }): Promise<Decided> {
  const fixture = await createConsentFixture();
  const { keyStore, clock, log, members, policy, view, url } = fixture;
  const db: PostgresDatabase = openDatabase(url, { maxConnections });
  const decisions = await createDecisions({
    ...{ db, journal: fixture.db, keyStore, clock, tenant, policy, evidence: log, logger: silentLogger },
    members: { get: async (id) => members.get(id) },
    ledgerView: { freshUntil: () => view.freshUntil },
  });
  return {
    fixture,
    deps: {
      ...{ db, keyStore, clock, tenant, log, consent: decisions },
      access: { record: log.recordAccess, write: log.accessWriter.write },
      baseUrl: 'https://a.example/fhir/R4',
      seal: sealHere,
      opened: createOpenedVersions({ clock, keyStore }),
      forget: [],
    },
    close: async () => {
      await db.close();
      await fixture.drop();
    },
  };
}
