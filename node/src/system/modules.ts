import { fromHex } from '@medseal/evidence';
import { createTokenVerifier } from '../adapters/oidc/token-verifier.ts';
import { openPolicy } from '../adapters/opa/policy.ts';
import { createPeerClient, type PeerClient } from '../adapters/peers/http.ts';
import type { Config } from '../config.ts';
import { readSettingFile } from '../config.ts';
import { type Consents, createConsents, createDecisions, type Decisions } from '../consent/index.ts';
import type { KeyStore } from '../crypto/index.ts';
import { createEvidenceLog, type EvidenceLog } from '../evidence-log/index.ts';
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
import { createRecords, type Records, type RecordsDeps } from '../records/index.ts';
import type { Ledger } from './ledger.ts';

/** What every module is built over. */
export type Foundation = {
  config: Config;
  db: Database;
  keys: KeyStore;
  ledger: Ledger;
  clock: Clock;
  logger: Logger;
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
  pseudonyms: PseudonymClient;
  decisions: Decisions;
  consents: Consents;
  recordsDeps: RecordsDeps;
  records: Records;
  proofs: Parameters<typeof createRecords>[1];
};

export const tenantOf = (config: Config): OrganizationId => config.MEDSEAL_ORGANIZATION_ID as OrganizationId;

function buildLog({ config, db, keys, ledger, clock, logger }: Foundation): Pick<Modules, 'log' | 'access'> {
  const source = { organizationId: tenantOf(config), nodeUrl: config.MEDSEAL_NODE_URL };
  const log = createEvidenceLog({ db, keyStore: keys, source, ledger: ledger.port, clock, logger });
  return { log, access: { record: log.recordAccess, write: (entry) => log.accessWriter.write(entry) } };
}

function buildPeers(
  { config, ledger, certificate, tlsKey }: Foundation,
  members: Members,
): Pick<Modules, 'peers' | 'pseudonyms'> {
  const peers = createPeerClient({
    identity: { certificate, key: tlsKey },
    rootsOf: (mspId) => ledger.mspRoots.find((msp) => msp.mspId === mspId)?.roots ?? [],
  });
  const organizationId = config.MEDSEAL_PSEUDONYM_ORGANIZATION_ID;
  const pseudonyms = createPseudonymClient({
    publicKey: fromHex(config.MEDSEAL_PSEUDONYM_PUBLIC_KEY),
    evaluate: askIdentityService({ organizationId, members, peers }),
  });
  return { peers, pseudonyms };
}

/** Builds the modules in the order of their ranks. `freshUntil` is the ledger view's lease, `wakeConsents` the submitter's bell. */
export async function buildModules(
  foundation: Foundation,
  { freshUntil, wakeConsents }: { freshUntil: () => number; wakeConsents: () => void },
): Promise<Modules> {
  const { config, db, keys, ledger, clock, logger } = foundation;
  const tenant = tenantOf(config);
  const members = membersIn(db);
  const { log, access } = buildLog(foundation);
  const relyingParty = {
    id: config.MEDSEAL_WEBAUTHN_RP_ID,
    origin: config.MEDSEAL_WEBAUTHN_ORIGIN,
    name: config.MEDSEAL_ORGANIZATION_NAME_ZH,
  };
  const directory = { exists: (patientId: Parameters<Records['exists']>[0]) => records.exists(patientId) };
  const patients = createPatients({ db, keys, clock, access, patients: directory, relyingParty });
  const decisions = await createDecisions({
    ...{ db, clock, tenant, members, logger },
    keyStore: keys,
    ledgerView: { freshUntil },
    policy: openPolicy(),
    evidence: log,
  });
  const consents = createConsents({
    ...{ db, clock, tenant, members, access },
    keyStore: keys,
    evidence: log,
    assertions: patients,
    onQueued: wakeConsents,
  });
  const recordsDeps: RecordsDeps = {
    ...{ db, clock, tenant, log, access },
    keyStore: keys,
    baseUrl: `${config.MEDSEAL_API_ORIGIN}/fhir/R4`,
    consent: decisions,
    forget: [patients.forget],
  };
  const proofs: Modules['proofs'] = {
    proofsFor: log.proofsFor,
    blocks: async ({ blockNumber }) => ({ block: await ledger.block(blockNumber), configBlocks: [] }),
  };
  const records = createRecords(recordsDeps, proofs);
  const ca =
    config.MEDSEAL_OIDC_CA === undefined ? {} : { ca: readSettingFile(config, 'MEDSEAL_OIDC_CA').toString() };
  const tokens = createTokenVerifier({
    issuer: config.MEDSEAL_OIDC_ISSUER,
    audience: config.MEDSEAL_OIDC_AUDIENCE,
    clock,
    ...ca,
  });
  return {
    members,
    log,
    access,
    patients,
    tokens,
    ...buildPeers(foundation, members),
    decisions,
    consents,
    recordsDeps,
    records,
    proofs,
  };
}
