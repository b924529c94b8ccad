import { createFreshness } from './adapters/fabric/freshness.ts';
import { listenBlocks } from './adapters/fabric/listen.ts';
import { openKeyFile } from './adapters/keys/file.ts';
import { createLogger } from './adapters/pino/logger.ts';
import type { Presence } from './adapters/postgres/presence.ts';
import { type Config, readSettingFile } from './config.ts';
import { outboxStatus, startConsentSubmitter } from './consent/index.ts';
import { requireOwnKeys } from './crypto/index.ts';
import { disputeStatus, startDisputeWorker } from './disputes/index.ts';
import type { HealthCheck } from './http/index.ts';
import { systemClock } from './lib/clock.ts';
import { AppError } from './lib/errors.ts';
import { openSealing, runPseudonymWorker, sealingThreads, unmatchedPatients } from './records/index.ts';
import { bringUpToDate, openDatabases, requireWritable } from './system/database.ts';
import { heightAtStart, openLedger } from './system/ledger.ts';
import { buildModules, type Foundation, type Modules, tenantOf } from './system/modules.ts';
import { type Notarizing, openNotarizing } from './system/notary.ts';
import { endOf, readTlsIdentity, requireOwnAuthority } from './system/own-files.ts';
import { enterReplicas } from './system/presence.ts';
import { ownProfile } from './system/profile.ts';
import { openProjection, type Projection } from './system/projection.ts';
import { runRegistration } from './system/registration.ts';
import { buildServers, listenOn } from './system/servers.ts';

export type System = { organizationId: string; apiPort: number; peerPort: number; close(): Promise<void> };

/** Things to undo, last first; one that fails does not keep the others from being undone. */
type Closers = (() => Promise<void> | void)[];

async function closeAll(closers: Closers): Promise<void> {
  let failure: unknown;
  for (const close of closers.splice(0).reverse()) {
    try {
      await close();
    } catch (error) {
      failure = error;
    }
  }
  if (failure !== undefined) throw failure;
}

async function openFoundation(config: Config, closers: Closers): Promise<Foundation> {
  const logger = createLogger({
    level: config.MEDSEAL_LOG_LEVEL,
    organizationId: config.MEDSEAL_ORGANIZATION_ID,
  });
  const { certificate, tlsKey } = readTlsIdentity(config, systemClock);
  const passphrase = readSettingFile(config, 'MEDSEAL_KEY_PASSPHRASE_FILE').toString('utf8').trim();
  const keys = openKeyFile({ path: config.MEDSEAL_KEY_FILE, passphrase });
  const ledger = openLedger(config);
  closers.push(() => ledger.connection.close());
  await bringUpToDate(config);
  const { db, journal } = openDatabases(config, logger);
  closers.push(
    () => db.close(),
    () => journal.close(),
  );
  await requireOwnKeys(db, keys);
  const sealing = openSealing(logger, sealingThreads(config.MEDSEAL_SERVING_PROCESSES));
  closers.push(sealing.close);
  return {
    ...{ config, db, journal, keys, ledger, clock: systemClock, logger, certificate, tlsKey },
    seal: sealing.seal,
  };
}

/** Runs `work` until the system closes, and waits for it then. */
function runUntilClosed(closers: Closers, work: (signal: AbortSignal) => Promise<void>): void {
  const stop = new AbortController();
  const running = work(stop.signal);
  closers.push(() => {
    stop.abort();
    return running;
  });
}

/** How long a start waits for the ledger; without it the node serves its own people and denies partners. */
const ledgerPatienceMs = 15_000;

/** Follows the ledger; resolves once everything that it held at the start is projected here, or patience is over. */
async function followLedger(
  { config, ledger, logger, certificate }: Foundation,
  projection: Projection,
  closers: Closers,
): Promise<void> {
  const after = projection.last();
  const height = await heightAtStart(ledger, logger);
  // Without a ledger the organisation's authorities of today are not known.
  if (height > 0) requireOwnAuthority(config, { certificate, mspRoots: ledger.mspRoots });
  const { promise: caughtUp, resolve } = Promise.withResolvers<void>();
  const patience = setTimeout(resolve, ledgerPatienceMs);
  runUntilClosed(closers, (signal) =>
    listenBlocks({
      connection: ledger.connection,
      logger,
      genesis: ledger.genesis,
      genesisHash: config.MEDSEAL_LEDGER_GENESIS_HASH,
      ...(after === undefined ? {} : { after }),
      onBlock: async (block) => {
        await projection.take(block);
        if (projection.height() >= height) resolve();
      },
      onTrust: ledger.useTrust,
      judgedAfter: config.MEDSEAL_LEDGER_JUDGED_AFTER_BLOCK,
      signal,
    }),
  );
  if (projection.height() < height) await caughtUp;
  clearTimeout(patience);
}

/**
 * Builds and starts a node: database, keys, ledger, modules, workers, servers, in this order. Resolves when it serves.
 * Whatever fails on the way is undone, and the reason thrown.
 */
export async function startSystem(config: Config): Promise<System> {
  const closers: Closers = [];
  try {
    return await start(config, closers);
  } catch (error) {
    await closeAll(closers).catch(() => undefined); // the reason to report is the first one
    throw error;
  }
}

async function start(config: Config, closers: Closers): Promise<System> {
  const foundation = await openFoundation(config, closers);
  const { db, ledger, logger, clock, keys, certificate } = foundation;
  let wakeConsents = (): void => undefined;
  let wakeDisputes = (): void => undefined;
  let freshUntil = (): number => 0;
  const modules = await buildModules(foundation, {
    freshUntil: () => freshUntil(),
    wakeConsents: () => wakeConsents(),
    wakeDisputes: () => wakeDisputes(),
  });
  closers.push(() => modules.log.accessWriter.close());
  closers.push(() => modules.peers.close());
  const profile = ownProfile(config, { keys, logKey: modules.log.logKey, certificate });
  const presence = await enterReplicas(config, { profile, logger, opened: modules.recordsDeps.opened });
  closers.push(presence.close);
  const notarizing = openNotarizing(config, foundation);
  const projection = await openProjection({
    db,
    channel: config.MEDSEAL_LEDGER_CHANNEL,
    chaincode: config.MEDSEAL_LEDGER_CHAINCODE,
    tenant: config.MEDSEAL_ORGANIZATION_ID,
    log: modules.log,
    keepBlock: notarizing?.keepBlock,
  });
  await followLedger(foundation, projection, closers);
  const last = projection.last();
  if (last !== undefined) await notarizing?.keepBlock(db, last);
  const freshness = createFreshness({
    ledger: ledger.port,
    projectedHeight: projection.height,
    leaseMilliseconds: config.MEDSEAL_LEDGER_LEASE_SECONDS * 1000,
    clock,
    logger,
  });
  freshUntil = freshness.freshUntil;
  await freshness.check();
  runUntilClosed(closers, freshness.run);
  const registration = { ledger: ledger.port, mspId: config.MEDSEAL_MSP_ID, logger };
  runUntilClosed(closers, (signal) => runRegistration(profile, registration, signal));
  const anchoring = modules.log.start();
  closers.push(() => anchoring.stop());
  const witnessing = modules.witnessing.start(presence.isLead);
  closers.push(() => witnessing.stop());
  if (notarizing !== undefined) runUntilClosed(closers, notarizing.run);
  ({ wakeConsents, wakeDisputes } = startOutboxes(foundation, modules, closers));
  runUntilClosed(closers, (signal) => runPseudonymWorker({ ...pseudonymWork(foundation, modules) }, signal));
  return serve({ foundation, modules, projection, freshUntil, notarizing, presence, closers });
}

/** What tells the ledger, and partners, of what was written here. */
function startOutboxes(
  { db, ledger, clock, logger }: Foundation,
  { disputeDeps }: Modules,
  closers: Closers,
): { wakeConsents: () => void; wakeDisputes: () => void } {
  const consents = startConsentSubmitter({ db, ledger: ledger.port, clock, logger });
  closers.push(async () => {
    await consents[Symbol.asyncDispose]();
  });
  const disputes = startDisputeWorker(disputeDeps);
  closers.push(async () => {
    await disputes[Symbol.asyncDispose]();
  });
  return { wakeConsents: consents.wake, wakeDisputes: disputes.wake };
}

function pseudonymWork(
  { db, keys, clock, logger, config }: Foundation,
  { pseudonyms }: Modules,
): Parameters<typeof runPseudonymWorker>[0] {
  const { pseudonymsOf } = pseudonyms;
  return { db, keyStore: keys, clock, logger, tenant: tenantOf(config), pseudonymsOf };
}

/** What the node cannot fully serve without. */
function healthChecks(
  { db, clock }: Foundation,
  { modules, freshUntil, presence }: { modules: Modules; freshUntil: () => number; presence: Presence },
): HealthCheck[] {
  const refuseWith = (problem: string | undefined): void => {
    if (problem !== undefined) throw new AppError(problem);
  };
  return [
    { name: 'database', check: () => requireWritable(db) },
    {
      name: 'ledger',
      only: 'partners',
      check: async () => refuseWith(freshUntil() < clock.now().getTime() ? 'LEDGER_VIEW_STALE' : undefined),
    },
    {
      name: 'replicas',
      check: async () => refuseWith(presence.isPresent() ? undefined : 'PROCESSES_UNHEARD'),
    },
    {
      name: 'evidence-log',
      only: 'partners',
      check: async () => refuseWith((await modules.log.status()).problem),
    },
  ];
}

async function serve(options: {
  foundation: Foundation;
  modules: Modules;
  projection: Projection;
  freshUntil: () => number;
  notarizing: Notarizing | undefined;
  presence: Presence;
  closers: Closers;
}): Promise<System> {
  const { foundation, modules, projection, freshUntil, notarizing, presence, closers } = options;
  const { config, db, logger } = foundation;
  let closing = false;
  const { api, peer } = buildServers({
    foundation,
    modules,
    isClosing: () => closing,
    checks: healthChecks(foundation, { modules, freshUntil, presence }),
    status: async () => ({
      organizationId: config.MEDSEAL_ORGANIZATION_ID,
      ledger: {
        channel: config.MEDSEAL_LEDGER_CHANNEL,
        kind: foundation.ledger.trust.ledger,
        height: projection.height(),
      },
      certificate: { endsAt: endOf(foundation.certificate) },
      log: await modules.log.status(),
      witness: await modules.witnessing.status(),
      patients: { unmatched: await unmatchedPatients(db) },
      consents: await outboxStatus(db),
      disputes: { ...(await disputeStatus(db)), cases: await modules.disputes.counts() },
      ...(notarizing === undefined ? {} : { notary: { problem: notarizing.problem() } }),
    }),
  });
  foundation.ledger.onRoots((roots) => peer.replaceRoots(roots));
  closers.push(() => peer.close());
  await listenOn(peer, 'MEDSEAL_PEER_PORT', config);
  closers.push(() => api.close());
  await listenOn(api, 'MEDSEAL_API_PORT', config);
  logger.info('node.ready', { ledger: foundation.ledger.trust.ledger, height: projection.height() });
  return {
    organizationId: config.MEDSEAL_ORGANIZATION_ID,
    apiPort: config.MEDSEAL_API_PORT,
    peerPort: config.MEDSEAL_PEER_PORT,
    close: () => {
      closing = true;
      return closeAll(closers);
    },
  };
}
