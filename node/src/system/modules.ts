import { createTokenVerifier } from '../adapters/oidc/token-verifier.ts';
import { openPolicy } from '../adapters/opa/policy.ts';
import { createPeerClient, type PeerClient } from '../adapters/peers/http.ts';
import type { Config } from '../config.ts';
import {
  type Consents,
  consentEvidence,
  createConsents,
  createDecisions,
  type Decisions,
  findRecordedConsents,
} from '../consent/index.ts';
import type { KeyStore } from '../crypto/index.ts';
import { createDisputes, type DisputeDeps, type Disputes } from '../disputes/index.ts';
import {
  createEvidenceLog,
  createHistoryTiles,
  createWitnessing,
  type EvidenceLog,
  type Witnessing,
} from '../evidence-log/index.ts';
import { findExchanges, type ProofDeps } from '../exchange/index.ts';
import {
  askIdentityService,
  createPatients,
  createPseudonymClient,
  type Members,
  membersIn,
  type Patients,
  type PseudonymClient,
  type TokenVerifier,
} from '../identity/index.ts';
import type { OrganizationId } from '../lib/brand.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Database } from '../lib/sql.ts';
import {
  type CertificatePort,
  createOpenedVersions,
  createRecords,
  type Records,
  type RecordsDeps,
} from '../records/index.ts';
import { certificatesOf } from './certificates.ts';
import type { Ledger } from './ledger.ts';
import { notaryPart, proveUnderNotary } from './notary-part.ts';
import { readCertificate } from './own-files.ts';
import { pseudonymKeyOf } from './pseudonym-key.ts';

/** What every module is built over. */
export type Foundation = {
  config: Config;
  db: Database;
  /** Connections for what a transaction of `db` may wait for. */
  journal: Database;
  keys: KeyStore;
  ledger: Ledger;
  clock: Clock;
  logger: Logger;
  seal: RecordsDeps['seal'];
  certificate: Buffer;
  tlsKey: Buffer;
};

export type Modules = {
  members: Members;
  log: EvidenceLog;
  access: { record: EvidenceLog['recordAccess']; write: EvidenceLog['accessWriter']['write'] };
  patients: Patients;
  tokens: TokenVerifier;
  peers: PeerClient;
  witnessing: Witnessing;
  pseudonyms: PseudonymClient;
  decisions: Decisions;
  consents: Consents;
  recordsDeps: RecordsDeps;
  records: Records;
  proofs: ProofDeps['proofs'];
  certificates: CertificatePort;
  disputes: Disputes;
  disputeDeps: DisputeDeps;
};

export const tenantOf = (config: Config): OrganizationId => config.MEDSEAL_ORGANIZATION_ID as OrganizationId;

function buildLog({ config, db, keys, ledger, clock, logger }: Foundation): Pick<Modules, 'log' | 'access'> {
  const source = { organizationId: tenantOf(config), nodeUrl: config.MEDSEAL_NODE_URL };
  const log = createEvidenceLog({
    ...{ db, keyStore: keys, source, ledger: ledger.port, clock, logger },
    readsBack: ledger.trust.ledger !== 'solo',
  });
  return { log, access: { record: log.recordAccess, write: log.accessWriter.write } };
}

function buildPeers(
  { config, ledger, certificate, tlsKey, ...foundation }: Foundation,
  members: Members,
): Pick<Modules, 'peers' | 'pseudonyms' | 'witnessing'> {
  const peers = createPeerClient({
    identity: { certificate, key: tlsKey },
    rootsOf: (mspId) => ledger.mspRoots.find((msp) => msp.mspId === mspId)?.roots ?? [],
  });
  const { db, keys: keyStore, clock, logger } = foundation;
  const signing = { organizationId: tenantOf(config), keyStore, clock };
  const identityService = config.MEDSEAL_PSEUDONYM_ORGANIZATION_ID;
  const pseudonyms = createPseudonymClient({
    publicKey: pseudonymKeyOf(config),
    evaluate: askIdentityService({ ...signing, identityService, members, peers }),
  });
  const witnessing = createWitnessing({
    ...{ ...signing, db, logger, members, peers },
    quorum: config.MEDSEAL_WITNESS_QUORUM,
  });
  return { peers, pseudonyms, witnessing };
}

function buildTokens({ config, clock }: Foundation): TokenVerifier {
  const ca =
    config.MEDSEAL_OIDC_CA === undefined
      ? {}
      : { ca: readCertificate(config, 'MEDSEAL_OIDC_CA').bytes.toString() };
  const { MEDSEAL_OIDC_ISSUER: issuer, MEDSEAL_OIDC_AUDIENCE: audience } = config;
  return createTokenVerifier({ issuer, audience, clock, ...ca });
}

function buildPatients(
  { config, db, keys, clock }: Foundation,
  { access, exists }: { access: Modules['access']; exists: Records['exists'] },
): Patients {
  const relyingParty = {
    id: config.MEDSEAL_WEBAUTHN_RP_ID,
    origin: config.MEDSEAL_WEBAUTHN_ORIGIN,
    name: config.MEDSEAL_ORGANIZATION_NAME_ZH,
  };
  return createPatients({ db, keys, clock, access, patients: { exists }, relyingParty });
}

function disputeDepsOf(
  { config, db, keys: keyStore, ledger, clock, logger }: Foundation,
  modules: Pick<DisputeDeps, 'members' | 'log' | 'access' | 'decisions' | 'peers'> & { onQueued: () => void },
): DisputeDeps {
  return {
    ...{ db, keyStore, clock, logger, ledger: ledger.port },
    ...modules,
    tenant: tenantOf(config),
    blocks: {
      block: ledger.block,
      configsUpTo: async (blockNumber) =>
        (await ledger.anchorBlocks({ anchor: { blockNumber } })).configBlocks,
    },
    consents: {
      evidence: (named) => consentEvidence(named, { db, keyStore, tenant: tenantOf(config) }),
      recorded: (question) => findRecordedConsents(db, question),
    },
    exchanges: { find: (requestId) => findExchanges(db, requestId) },
    answerSeconds: config.MEDSEAL_DISPUTE_ANSWER_SECONDS,
  };
}

/** Bells and clocks that exist only once the system runs. */
export type Late = {
  /** Until when this node's view of the ledger counts. */
  freshUntil: () => number;
  /** Told when a consent waits to be put on the ledger. */
  wakeConsents: () => void;
  /** Told when a step or a document of a case waits. */
  wakeDisputes: () => void;
};

/** Proofs that a stranger accepts: read back where several organisations could, and under the notary's records. */
function buildProofs({ config, db, ledger }: Foundation, log: EvidenceLog): Modules['proofs'] {
  const { genesisHash } = ledger.trust;
  const chain = { db, genesisHash, channel: config.MEDSEAL_LEDGER_CHANNEL, tiles: createHistoryTiles() };
  // A stranger takes no peer's word for it; on a solo ledger, whose evidence binds nobody, there is nobody else to ask.
  const prove = ledger.trust.ledger === 'solo' ? log.proofsFor : log.confirmedProofsFor;
  return {
    proofsFor: (leafIds) => proveUnderNotary(leafIds, prove, chain),
    blocks: async (place) => {
      const notary = await notaryPart(place.anchor.blockNumber, chain);
      return { ...(await ledger.anchorBlocks(place)), ...(notary === undefined ? {} : { notary }) };
    },
    confirmationOf: async (organizationId, treeSize) => {
      if (ledger.trust.ledger === 'solo') return { state: 'unneeded' };
      const following = await log.followingAnchor(organizationId, treeSize);
      return following === undefined ? { state: 'awaited' } : { state: 'confirmed', by: following };
    },
  };
}

/** Builds the modules in the order of their ranks. */
export async function buildModules(foundation: Foundation, late: Late): Promise<Modules> {
  const { config, db, keys: keyStore, ledger, clock, logger } = foundation;
  const members = membersIn(db);
  const { log, access } = buildLog(foundation);
  const patients = buildPatients(foundation, {
    access,
    exists: (tx, patientId) => records.exists(tx, patientId),
  });
  const shared = { db, keyStore, clock, tenant: tenantOf(config) };
  const decisions = await createDecisions({
    ...shared,
    ...{ members, logger, journal: foundation.journal },
    ledgerView: { freshUntil: late.freshUntil },
    policy: openPolicy(),
  });
  const consents = createConsents({
    ...shared,
    ...{ members, decisions, access, evidence: log },
    assertions: patients,
    onQueued: late.wakeConsents,
  });
  const recordsDeps: RecordsDeps = {
    ...shared,
    ...{
      log,
      access,
      consent: decisions,
      seal: foundation.seal,
      opened: createOpenedVersions({ clock, keyStore }),
    },
    baseUrl: `${config.MEDSEAL_API_ORIGIN}/fhir/R4`,
    forget: [patients.forget],
  };
  const proofs = buildProofs(foundation, log);
  const records = createRecords(recordsDeps, proofs);
  const tokens = buildTokens(foundation);
  const partners = buildPeers(foundation, members);
  const disputeDeps = disputeDepsOf(foundation, {
    ...{ members, log, access, decisions, peers: partners.peers },
    onQueued: late.wakeDisputes,
  });
  return {
    ...{ members, log, access, patients, tokens, decisions, consents, recordsDeps, records, proofs },
    ...partners,
    certificates: certificatesOf(config, { ledger, log, members, witnessing: partners.witnessing }),
    disputes: createDisputes(disputeDeps),
    disputeDeps,
  };
}
