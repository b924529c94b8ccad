import { readFileSync } from 'node:fs';
import type { Config } from '../config.ts';
import { consentRoutes } from '../consent/index.ts';
import { disputePeerRoutes, disputeRoutes } from '../disputes/index.ts';
import { evidenceLogRoutes, witnessPeerRoutes, witnessRoutes } from '../evidence-log/index.ts';
import {
  createResponder,
  exchangePeerRoutes,
  exchangeProofRoutes,
  exchangeRoutes,
  type ProofDeps,
} from '../exchange/index.ts';
import {
  countPublicRequests,
  createApiServer,
  createMetrics,
  createPeerServer,
  type HealthCheck,
  type HttpServer,
  healthRoutes,
  type Mount,
  type PeerServer,
} from '../http/index.ts';
import { identityRoutes, pseudonymRoutes, verifyStaffToken } from '../identity/index.ts';
import { AppError } from '../lib/errors.ts';
import { recordRoutes } from '../records/index.ts';
import { type Foundation, type Modules, tenantOf } from './modules.ts';
import { metricsOfAll } from './process-metrics.ts';
import { pseudonymKeyOf } from './pseudonym-key.ts';

/** Evaluations a member may ask of the pseudonym function in a day. */
const dailyPseudonyms = 20_000;

const software = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

export type ServerDeps = {
  foundation: Foundation;
  modules: Modules;
  checks: readonly HealthCheck[];
  status(): Promise<Record<string, unknown>>;
  isClosing(): boolean;
};

/** Builds the two servers: the API for staff and patients, and the port for partners. */
export function buildServers(deps: ServerDeps): { api: HttpServer; peer: PeerServer } {
  const { foundation, modules } = deps;
  const { config, db, keys, clock, logger, certificate, tlsKey, ledger } = foundation;
  const metrics = createMetrics();
  const shared = { tls: { cert: certificate, key: tlsKey }, logger, metrics, clock };
  const api = createApiServer({
    ...shared,
    mounts: apiMounts(deps, metrics),
    countPublic: countPublicRequests({ db, keyStore: keys, clock }),
    authenticators: {
      verifyStaffToken: (bearer) =>
        verifyStaffToken(bearer, { verifier: modules.tokens, organizationId: tenantOf(config) }),
      verifyPatientSession: (bearer) => modules.patients.verifySession(bearer),
    },
  });
  const peer = createPeerServer({
    ...shared,
    mspRoots: ledger.mspRoots,
    members: modules.members,
    mounts: peerMounts(foundation, modules),
  });
  return { api, peer };
}

function apiMounts(
  { foundation, modules, checks, status, isClosing }: ServerDeps,
  metrics: ReturnType<typeof createMetrics>,
): Mount[] {
  const { db, clock, ledger } = foundation;
  const metricsText = metricsOfAll(metrics.registry);
  const { members, log, access, patients, consents, decisions, recordsDeps, proofs, certificates } = modules;
  const administration = { db, ledger: ledger.port, evidence: log, access, members, clock };
  return [
    // First: the router tries one mount after the other, and most requests are for records.
    {
      path: '/fhir/R4',
      router: recordRoutes({
        records: recordsDeps,
        proofs,
        certificates,
        software: { version: software.version, publishedAt: '2026-11-22' },
      }),
    },
    { path: '/', router: healthRoutes({ checks, metrics, metricsText, status, isClosing }) },
    { path: '/', router: identityRoutes({ patients, administration }) },
    { path: '/', router: evidenceLogRoutes(log, () => clock.now()) },
    { path: '/', router: witnessRoutes(modules.witnessing) },
    { path: '/', router: consentRoutes({ consents, decisions, access, clock }) },
    { path: '/', router: exchangeRoutes(requester(foundation, modules)) },
    { path: '/', router: exchangeProofRoutes(proving(foundation, modules)) },
    { path: '/', router: disputeRoutes(modules.disputes) },
  ];
}

function exchangePorts(
  { config, db, keys, clock }: Foundation,
  { decisions, records, log, access }: Modules,
) {
  return {
    organizationId: tenantOf(config),
    keyStore: keys,
    consent: decisions,
    ...{ db, clock, records, log, access },
  };
}

function requester(foundation: Foundation, modules: Modules): Parameters<typeof exchangeRoutes>[0] {
  const { members, peers, pseudonyms } = modules;
  return { ...exchangePorts(foundation, modules), members, peers, pseudonyms };
}

function proving(
  { db, clock }: Foundation,
  { members, decisions, consents, records, log, proofs, access }: Modules,
): ProofDeps {
  return { db, clock, members, decisions, consents, records, log, proofs, access };
}

function peerMounts(foundation: Foundation, modules: Modules): Mount[] {
  const { config, db, keys, clock } = foundation;
  const respond = createResponder(exchangePorts(foundation, modules));
  const exchange = { path: '/', router: exchangePeerRoutes({ respond, nodeUrl: config.MEDSEAL_NODE_URL }) };
  const secretKey = keys.voprfKey?.();
  const witness = { path: '/', router: witnessPeerRoutes(modules.witnessing) };
  const { receive } = modules.disputes;
  const dispute = { path: '/', router: disputePeerRoutes({ receive, nodeUrl: config.MEDSEAL_NODE_URL }) };
  if (secretKey === undefined) return [exchange, witness, dispute];
  const publicKey = pseudonymKeyOf(config);
  const pseudonyms = pseudonymRoutes({
    organizationId: tenantOf(config),
    nodeUrl: config.MEDSEAL_NODE_URL,
    db,
    evidence: modules.log,
    clock,
    secretKey,
    publicKey,
    dailyLimit: dailyPseudonyms,
  });
  return [exchange, witness, dispute, { path: '/', router: pseudonyms }];
}

const listenReasons: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'is in use by another program, or by this node itself, started before'],
  ['EACCES', 'may not be opened by this user: ports below 1024 are reserved'],
  ['EADDRNOTAVAIL', 'cannot be opened: MEDSEAL_HOST is no address of this machine'],
  ['ENOTFOUND', 'cannot be opened: MEDSEAL_HOST is no address of this machine'],
]);

/** Opens a port. Throws PORT_UNUSABLE with the setting to change. */
export async function listenOn(
  server: HttpServer,
  setting: 'MEDSEAL_API_PORT' | 'MEDSEAL_PEER_PORT',
  config: Config,
): Promise<void> {
  try {
    await server.listen(config.MEDSEAL_HOST, config[setting]);
  } catch (cause) {
    const { code } = cause as { code?: unknown };
    const why = listenReasons.get(String(code)) ?? `cannot be opened (${String(code)})`;
    throw new AppError('PORT_UNUSABLE', { message: `${setting}: ${config[setting]} ${why}`, cause });
  }
}
