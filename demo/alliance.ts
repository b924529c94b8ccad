import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { ristretto255 } from '@noble/curves/ed25519.js';
import { createKeyFile, openKeyFile } from '../node/src/adapters/keys/file.ts';
import { type EmbeddedCluster, startEmbeddedPostgres } from '../node/src/adapters/postgres/embedded.ts';
import { type LedgerKind, ledgerProgram } from './ledger.ts';
import { audienceOf } from './login.ts';
import { notaryChain, notarySettings } from './notary.ts';
import { allPorts, type DemoOrganization, type DemoPorts, organizations } from './organizations.ts';
import { type RunningProcess, startProcess } from './processes.ts';

export type Alliance = {
  folder: string;
  ports: DemoPorts;
  cluster: EmbeddedCluster;
  ledger: LedgerKind;
  genesisHash: string;
  processes: Map<string, RunningProcess>;
  /** Starts (again) one organisation's node. */
  startNode(organizationId: string): Promise<RunningProcess>;
  /** Starts the ledger again. */
  startLedger(): Promise<RunningProcess>;
  /** Starts PostgreSQL again, on the same port with the same data. */
  startDatabase(): Promise<EmbeddedCluster>;
  apiUrl(organizationId: string): string;
  /** The demo CA of an organisation, for clients of its API. */
  ca(organizationId: string): string;
  stop(): Promise<void>;
};

export type Report = (zh: string, en: string, milliseconds: number) => void;

/** A file's text, written with `make` on the first start and kept. */
function kept(file: string, make: () => string): string {
  if (!existsSync(file)) {
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, make(), { mode: 0o600 });
  }
  return readFileSync(file, 'utf8');
}

function keyFiles(folder: string): void {
  for (const { organizationId, kind } of organizations) {
    const path = join(folder, 'keys', organizationId, 'node.key');
    const passphrase = kept(join(folder, 'keys', organizationId, 'passphrase'), () =>
      randomBytes(24).toString('base64url'),
    );
    if (!existsSync(path)) createKeyFile({ path, passphrase, pseudonymKey: kind === 'regulator' });
  }
}

/** Public key of the alliance's pseudonym function, which the regulator hands to every member (RFC 9497). */
function pseudonymPublicKey(folder: string): string {
  return kept(join(folder, 'keys', 'pseudonym-public-key'), () => {
    const { voprfKey } = openKeyFile({
      path: join(folder, 'keys', 'regulator', 'node.key'),
      passphrase: readFileSync(join(folder, 'keys', 'regulator', 'passphrase'), 'utf8'),
    });
    const scalar = BigInt(
      `0x${Buffer.from(voprfKey?.() ?? [])
        .reverse()
        .toString('hex')}`,
    );
    return Buffer.from(ristretto255.Point.BASE.multiply(scalar).toBytes()).toString('hex');
  });
}

/** The MEDSEAL_* settings of one organisation's node. */
export function nodeSettings(
  organization: DemoOrganization,
  alliance: {
    folder: string;
    ports: DemoPorts;
    genesisHash: string;
    databaseUrl: string;
    pseudonymKey: string;
    ledger?: LedgerKind | undefined;
  },
): Record<string, string> {
  const { organizationId, kind, mspId, names } = organization;
  const { folder, ports } = alliance;
  const { api, peer } = ports.nodes[organizationId] as { api: number; peer: number };
  const own = join(folder, 'ledger', 'organizations', organizationId);
  const { endpoint, tlsRoot } = ledgerProgram(alliance.ledger ?? 'solo', alliance).access(organizationId);
  return {
    MEDSEAL_DEMO: 'true',
    MEDSEAL_ORGANIZATION_ID: organizationId,
    MEDSEAL_ORGANIZATION_KIND: kind,
    MEDSEAL_ORGANIZATION_NAME_ZH: names.zh,
    MEDSEAL_ORGANIZATION_NAME_EN: names.en,
    MEDSEAL_MSP_ID: mspId,
    MEDSEAL_DATABASE_URL: alliance.databaseUrl,
    MEDSEAL_API_PORT: String(api),
    MEDSEAL_PEER_PORT: String(peer),
    MEDSEAL_NODE_URL: `https://localhost:${peer}`,
    MEDSEAL_API_ORIGIN: `https://localhost:${api}`,
    MEDSEAL_TLS_CERTIFICATE: join(own, 'node', 'cert.pem'),
    MEDSEAL_TLS_KEY: join(own, 'node', 'key.pem'),
    MEDSEAL_KEY_FILE: join(folder, 'keys', organizationId, 'node.key'),
    MEDSEAL_KEY_PASSPHRASE_FILE: join(folder, 'keys', organizationId, 'passphrase'),
    MEDSEAL_LEDGER_ENDPOINT: endpoint,
    MEDSEAL_LEDGER_TLS_CA: tlsRoot,
    MEDSEAL_LEDGER_CERTIFICATE: join(own, 'client', 'cert.pem'),
    MEDSEAL_LEDGER_KEY: join(own, 'client', 'key.pem'),
    MEDSEAL_LEDGER_GENESIS: join(folder, 'ledger', 'genesis.block'),
    MEDSEAL_LEDGER_GENESIS_HASH: alliance.genesisHash,
    MEDSEAL_OIDC_ISSUER: `http://localhost:${ports.identityProvider}`,
    MEDSEAL_OIDC_AUDIENCE: audienceOf(organizationId),
    MEDSEAL_WEBAUTHN_ORIGIN: `https://localhost:${api}`,
    MEDSEAL_PSEUDONYM_PUBLIC_KEY: alliance.pseudonymKey,
  };
}

function portTaken(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      answer(true);
    });
    socket.once('error', () => answer(false));
  });
}

/** First of other ports to propose to whoever's are in use. */
function otherPorts({ postgres }: DemoPorts): number {
  return postgres + 1000 > 65_000 ? 8440 : postgres + 1000;
}

/** Throws one line that names the first port in use and how to choose others. */
async function assertPortsFree(ports: DemoPorts): Promise<void> {
  for (const [port, purpose] of allPorts(ports)) {
    if (await portTaken(port)) {
      throw new Error(
        `端口 ${port} 已被占用 · port ${port} (${purpose}) is in use. Stop the program that holds it (another demo?), or choose others: npm run demo -- --ports ${otherPorts(ports)}`,
      );
    }
  }
}

async function timedStep<Result>(
  report: Report,
  [zh, en]: [string, string],
  work: () => Promise<Result>,
): Promise<Result> {
  const startedAt = performance.now();
  const outcome = await work();
  report(zh, en, performance.now() - startedAt);
  return outcome;
}

/** As Promise.all, but a failure is thrown only when all have settled: what did start can then be stopped. */
async function allOf<Results extends readonly unknown[]>(
  work: readonly [...{ [Place in keyof Results]: Promise<Results[Place]> | Results[Place] }],
): Promise<Results> {
  const settled = await Promise.allSettled(work);
  for (const each of settled) if (each.status === 'rejected') throw each.reason;
  return settled.map((each) => (each as PromiseFulfilledResult<unknown>).value) as unknown as Results;
}

/** Starts the whole alliance in `folder`, or throws one clear line after stopping what had been started. */
export async function startAlliance(options: {
  folder: string;
  root: string;
  ports: DemoPorts;
  report: Report;
  ledger?: LedgerKind;
  only?: readonly string[];
  /** Whether a chain outside the alliance runs, on which the nodes record the ledger's block hashes. */
  notary?: boolean;
  /** Settings of a node that differ from the demo's. */
  settingsFor?: (organizationId: string) => Record<string, string>;
}): Promise<Alliance> {
  const { folder, root, ports, report, ledger: ledgerKind = 'solo' } = options;
  const ledgerToStart = ledgerProgram(ledgerKind, { folder, ports });
  await assertPortsFree(ports);
  keyFiles(folder);
  const databasePassword = kept(join(folder, 'keys', 'database-password'), () =>
    randomBytes(18).toString('base64url'),
  );
  const processes = new Map<string, RunningProcess>();
  let cluster: EmbeddedCluster | undefined;
  const stop = async (): Promise<void> => {
    for (const running of [...processes.values()].reverse()) await running.stop();
    await cluster?.stop();
  };
  const start = async (
    name: string,
    script: string,
    args: string[],
    { env = {}, timeoutMs = 60_000 }: { env?: Record<string, string>; timeoutMs?: number } = {},
  ): Promise<RunningProcess> => {
    const running = await startProcess({
      name,
      script: join(root, script),
      args,
      env,
      timeoutMs,
      logFile: join(folder, 'logs', `${name}.log`),
    });
    processes.set(name, running);
    return running;
  };
  const startDatabase = async (): Promise<EmbeddedCluster> => {
    cluster = await startEmbeddedPostgres({
      directory: join(folder, 'postgres'),
      port: ports.postgres,
      password: databasePassword,
    });
    return cluster;
  };
  const startLedger = (): Promise<RunningProcess> => {
    const { script, args, timeoutMs } = ledgerToStart;
    return start('ledger', script, args, { timeoutMs });
  };
  const startNotary = (): Promise<RunningProcess> => {
    const { script, args } = notaryChain({ folder, port: ports.notary });
    return start('notary-chain', script, args);
  };
  try {
    const wanted = organizations.filter(
      ({ organizationId }) => options.only?.includes(organizationId) ?? true,
    );
    const [database, ledger, , notary] = await allOf([
      timedStep(report, ['数据库', 'PostgreSQL'], startDatabase),
      timedStep(report, ledgerToStart.label, startLedger),
      timedStep(report, ['医务人员登录服务', 'identity provider for staff'], () =>
        start('identity-provider', 'demo/identity-provider.ts', [
          '--port',
          String(ports.identityProvider),
          '--data',
          join(folder, 'identity-provider'),
        ]),
      ),
      options.notary === true
        ? timedStep(
            report,
            ['联盟之外的公证链（内存中，仅供演示）', 'notary chain outside the alliance (in memory)'],
            () => startNotary(),
          )
        : undefined,
    ]);
    const genesisHash = String(ledger.ready['genesisHash']);
    const pseudonymKey = pseudonymPublicKey(folder);
    const startNode = async (organizationId: string): Promise<RunningProcess> => {
      const organization = organizations.find(
        (each) => each.organizationId === organizationId,
      ) as DemoOrganization;
      const name = organizationId.replaceAll('-', '_');
      await database.ensureDatabase(name);
      const settings = nodeSettings(organization, {
        folder,
        ports,
        genesisHash,
        databaseUrl: database.url(name),
        pseudonymKey,
        ledger: ledgerKind,
      });
      const notarizing = notary === undefined ? {} : notarySettings(notary, { folder, organizationId });
      const own = options.settingsFor?.(organizationId);
      return start(organizationId, 'node/src/main.ts', [], { env: { ...settings, ...notarizing, ...own } });
    };
    await timedStep(
      report,
      ['四个节点：监管中心与三家医院', 'four nodes: regulator and three hospitals'],
      () => allOf(wanted.map(({ organizationId }) => startNode(organizationId))),
    );
    return {
      folder,
      ports,
      cluster: database,
      ledger: ledgerKind,
      genesisHash,
      processes,
      startNode,
      startLedger,
      startDatabase,
      apiUrl: (organizationId) => `https://localhost:${ports.nodes[organizationId]?.api}`,
      ca: (organizationId) =>
        readFileSync(join(folder, 'ledger', 'organizations', organizationId, 'msp', 'ca.pem'), 'utf8'),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
