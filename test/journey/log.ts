import { join } from 'node:path';
import { channelTrust, verifyBlock } from '@medseal/evidence';
import { expect } from 'vitest';
import { nodeSettings } from '../../demo/alliance.ts';
import { organizations } from '../../demo/organizations.ts';
import { must } from '../../demo/story.ts';
import { blockByNumber } from '../../node/src/adapters/fabric/contracts.ts';
import { openKeyFile } from '../../node/src/adapters/keys/file.ts';
import { readConfig, readSettingFile } from '../../node/src/config.ts';
import { createEvidenceLog, type EvidenceLog } from '../../node/src/evidence-log/index.ts';
import type { OrganizationId } from '../../node/src/lib/brand.ts';
import { systemClock } from '../../node/src/lib/clock.ts';
import { silentLogger } from '../../node/src/lib/logger.ts';
import { type Ledger, openLedger } from '../../node/src/system/ledger.ts';
import type { Journey } from './alliance.ts';

/** An organisation's log and its way to the ledger, opened beside its running node. */
export type OpenedLog = { log: EvidenceLog; ledger: Ledger; close(): Promise<void> };

export async function openLog(journey: Journey, organizationId: string): Promise<OpenedLog> {
  const { alliance, database } = journey;
  const { folder, ports, genesisHash } = alliance;
  const own = organizations.find((each) => each.organizationId === organizationId);
  const config = readConfig(
    nodeSettings(must(own, organizationId), {
      ...{ folder, ports, genesisHash },
      databaseUrl: alliance.cluster.url(organizationId.replaceAll('-', '_')),
      pseudonymKey: '0'.repeat(64),
    }),
  );
  const ledger = openLedger(config);
  const passphrase = readSettingFile(config, 'MEDSEAL_KEY_PASSPHRASE_FILE').toString('utf8').trim();
  const log = createEvidenceLog({
    db: database(organizationId),
    keyStore: openKeyFile({ path: join(folder, 'keys', organizationId, 'node.key'), passphrase }),
    source: { organizationId: organizationId as OrganizationId, nodeUrl: config.MEDSEAL_NODE_URL },
    ledger: ledger.port,
    clock: systemClock,
    logger: silentLogger,
  });
  return { log, ledger, close: async () => ledger.connection.close() };
}

/** Verifies every block of the channel from the pinned genesis on; resolves to their number. */
async function verifyChain({ genesisHash }: { genesisHash: string }, ledger: Ledger): Promise<number> {
  const height = Number(await ledger.port.chainHeight());
  let trust = channelTrust(ledger.genesis, { genesisHash });
  let previous: { number: number; hash: Uint8Array } = { number: 0, hash: Buffer.from(genesisHash, 'hex') };
  for (let number = 1; number < height; number += 1) {
    ({ trust, block: previous } = verifyBlock(await blockByNumber(ledger.connection, number), trust, {
      previous,
    }));
  }
  return previous.number + 1;
}

/** The log has every leaf in its place, and is what the ledger holds of it, block by block. */
export async function expectOwnLog(journey: Journey, organizationId: string): Promise<void> {
  const opened = await openLog(journey, organizationId);
  try {
    expect(await opened.log.verifyOwnLog()).toMatchObject({ ok: true });
    expect(await verifyChain(journey.alliance, opened.ledger)).toBeGreaterThan(10);
  } finally {
    await opened.close();
  }
}
