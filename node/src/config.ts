import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { AppError } from './lib/errors.ts';

const port = z.coerce.number().int().min(1).max(65_535);
const path = z.string().min(1);
const organizationId = z.string().regex(/^[a-z][a-z0-9-]{1,62}$/);
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

/** Every setting of a node. Names are the environment variables; unknown MEDSEAL_* names are refused. */
const settings = z.strictObject({
  MEDSEAL_DEMO: flag.default(false),
  MEDSEAL_ORGANIZATION_ID: organizationId,
  MEDSEAL_ORGANIZATION_KIND: z.enum(['hospital', 'pharmacy', 'regulator', 'research']),
  MEDSEAL_ORGANIZATION_NAME_ZH: z.string().min(1).max(120),
  MEDSEAL_ORGANIZATION_NAME_EN: z.string().min(1).max(120),
  MEDSEAL_MSP_ID: z.string().regex(/^[A-Za-z][A-Za-z0-9.-]{1,62}$/),
  MEDSEAL_DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'it begins with postgres://')
    .refine((url) => URL.canParse(url), 'it is no URL; escape what is special in the password'),
  MEDSEAL_DATABASE_CONNECTIONS: z.coerce.number().int().min(2).max(100).default(10),
  /** Processes that serve the ports together, each a whole node with connections and memory of its own. */
  MEDSEAL_SERVING_PROCESSES: z.coerce.number().int().min(1).max(32).default(1),
  MEDSEAL_HOST: z.string().min(1).default('127.0.0.1'),
  MEDSEAL_API_PORT: port,
  MEDSEAL_PEER_PORT: port,
  MEDSEAL_NODE_URL: z.url({ protocol: /^https$/ }),
  MEDSEAL_API_ORIGIN: z.url({ protocol: /^https$/ }),
  MEDSEAL_TLS_CERTIFICATE: path,
  MEDSEAL_TLS_KEY: path,
  MEDSEAL_KEY_FILE: path,
  MEDSEAL_KEY_PASSPHRASE_FILE: path,
  MEDSEAL_LEDGER_ENDPOINT: z.string().regex(/^[^\s:]+:\d{1,5}$/),
  MEDSEAL_LEDGER_TLS_CA: path,
  MEDSEAL_LEDGER_CERTIFICATE: path,
  MEDSEAL_LEDGER_KEY: path,
  MEDSEAL_LEDGER_GENESIS: path,
  MEDSEAL_LEDGER_GENESIS_HASH: z.string().regex(/^[0-9a-f]{64}$/),
  MEDSEAL_LEDGER_CHANNEL: z.string().default('care'),
  MEDSEAL_LEDGER_CHAINCODE: z.string().default('medseal'),
  /** Versions of the chaincode, parted by commas, that a certificate of evidence is issued for. */
  MEDSEAL_LEDGER_CHAINCODE_VERSIONS: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,127}(?:,[A-Za-z0-9][A-Za-z0-9.-]{0,127})*$/)
    .default('1.0'),
  /** The last block of which the own peer's word is taken on transactions that this node cannot judge; none unless said. */
  MEDSEAL_LEDGER_JUDGED_AFTER_BLOCK: z.coerce.number().int().min(0).optional(),
  MEDSEAL_LEDGER_LEASE_SECONDS: z.coerce.number().int().min(5).max(300).default(30),
  /** How many other members must cosign this node's checkpoints; without it more than half of those registered. */
  MEDSEAL_WITNESS_QUORUM: z.coerce.number().int().min(0).max(15).optional(),
  MEDSEAL_OIDC_ISSUER: z.url(),
  MEDSEAL_OIDC_AUDIENCE: z.string().min(1),
  MEDSEAL_OIDC_CA: path.optional(),
  MEDSEAL_WEBAUTHN_RP_ID: z.string().min(1).default('localhost'),
  MEDSEAL_WEBAUTHN_ORIGIN: z.url(),
  MEDSEAL_PSEUDONYM_ORGANIZATION_ID: organizationId.default('regulator'),
  MEDSEAL_PSEUDONYM_PUBLIC_KEY: z.string().regex(/^[0-9a-f]{64}$/),
  /** How long the parties of a case opened here have to file; ten days unless said. */
  MEDSEAL_DISPUTE_ANSWER_SECONDS: z.coerce.number().int().min(1).max(31_536_000).default(864_000),
  MEDSEAL_EVM_RPC_URL: z.url({ protocol: /^https?$/ }).optional(),
  MEDSEAL_EVM_CHAIN_ID: z.coerce.number().int().min(1).optional(),
  MEDSEAL_EVM_CONTRACT: z
    .string()
    .regex(/^0x[0-9a-fA-F]{40}$/)
    .optional(),
  MEDSEAL_EVM_KEY_FILE: path.optional(),
  MEDSEAL_EVM_INTERVAL_SECONDS: z.coerce.number().int().min(1).max(86_400).default(3_600),
  MEDSEAL_EVM_CONFIRMATIONS: z.coerce.number().int().min(1).max(1_000).default(12),
  MEDSEAL_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
});

export type Config = z.infer<typeof settings>;

const notarySettings = [
  'MEDSEAL_EVM_RPC_URL',
  'MEDSEAL_EVM_CHAIN_ID',
  'MEDSEAL_EVM_CONTRACT',
  'MEDSEAL_EVM_KEY_FILE',
] as const;

/** Notarizing takes all of its settings, or none. */
function missingSettings(config: Config): string[] {
  const missing = notarySettings.filter((name) => config[name] === undefined);
  return missing.length === notarySettings.length ? [] : missing;
}

/** Over the loopback interface, or over a Unix socket: its folder stands for the host (`%2Fvar%2Frun%2Fpostgresql`), also as `?host=`. */
function isOnThisMachine({ hostname, searchParams }: URL): boolean {
  const host = searchParams.get('host') ?? decodeURIComponent(hostname);
  return ['localhost', '127.0.0.1', '[::1]', '::1', ''].includes(host) || host.startsWith('/');
}

/** What may not be used outside a demonstration on one machine. */
function unsafeSettings(config: Config): string[] {
  if (config.MEDSEAL_DEMO) return [];
  const database = new URL(config.MEDSEAL_DATABASE_URL);
  const unsafe: string[] = [];
  if (
    !isOnThisMachine(database) &&
    !['require', 'verify-ca', 'verify-full'].includes(database.searchParams.get('sslmode') ?? '')
  ) {
    unsafe.push('MEDSEAL_DATABASE_URL reaches another host without sslmode=verify-full');
  }
  if (!config.MEDSEAL_OIDC_ISSUER.startsWith('https:')) unsafe.push('MEDSEAL_OIDC_ISSUER is not https');
  if (!config.MEDSEAL_WEBAUTHN_ORIGIN.startsWith('https:'))
    unsafe.push('MEDSEAL_WEBAUTHN_ORIGIN is not https');
  const rpc = config.MEDSEAL_EVM_RPC_URL === undefined ? undefined : new URL(config.MEDSEAL_EVM_RPC_URL);
  if (rpc?.protocol === 'http:' && !['localhost', '127.0.0.1', '[::1]'].includes(rpc.hostname))
    unsafe.push('MEDSEAL_EVM_RPC_URL reaches another host without https');
  if (config.MEDSEAL_WEBAUTHN_RP_ID === 'localhost') unsafe.push('MEDSEAL_WEBAUTHN_RP_ID is localhost');
  return unsafe;
}

/** Missing, unknown and bad settings, by name. */
function problemsOf(issues: readonly z.core.$ZodIssue[], own: Record<string, string | undefined>): string[] {
  const unknown = issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : []));
  const named = issues.filter(({ path }) => path.length > 0);
  const missing = named.map(({ path: [name] }) => String(name)).filter((name) => own[name] === undefined);
  const bad = named.filter(({ path: [name] }) => own[String(name)] !== undefined);
  return [
    ...(missing.length === 0 ? [] : [`missing settings: ${missing.join(', ')}`]),
    ...(unknown.length === 0 ? [] : [`unknown settings: ${unknown.join(', ')}`]),
    ...bad.map(({ path: [name], message }) => `${String(name)} cannot be used: ${message}`),
    'docs/operations.md lists them',
  ];
}

/**
 * Parses the environment once, strictly. Throws CONFIG_INVALID naming each bad setting (never its value), and
 * CONFIG_UNSAFE where a setting is fit for the demo only and MEDSEAL_DEMO is not true.
 */
export function readConfig(environment: Record<string, string | undefined> = process.env): Config {
  const own = Object.fromEntries(Object.entries(environment).filter(([name]) => name.startsWith('MEDSEAL_')));
  const parsed = settings.safeParse(own);
  if (!parsed.success) {
    throw new AppError('CONFIG_INVALID', { message: problemsOf(parsed.error.issues, own).join('; ') });
  }
  const missing = missingSettings(parsed.data);
  if (missing.length > 0)
    throw new AppError('CONFIG_INVALID', { message: `notarizing also takes ${missing.join(', ')}` });
  const unsafe = unsafeSettings(parsed.data);
  if (unsafe.length > 0)
    throw new AppError('CONFIG_UNSAFE', { message: `refusing to start: ${unsafe.join('; ')}` });
  return parsed.data;
}

/** Reads a file that a setting names; the message names the setting, not the content. */
export function readSettingFile(config: Config, name: keyof Config): Buffer {
  try {
    return readFileSync(String(config[name]));
  } catch (cause) {
    throw new AppError('CONFIG_FILE', { message: `${name}: the file cannot be read`, cause });
  }
}
