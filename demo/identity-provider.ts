import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { type AccountClaims, type Configuration, errors, interactionPolicy, Provider } from 'oidc-provider';
import { demoClientId, demoScope } from './login.ts';
import { type StaffAccount, staffAccounts } from './staff-accounts.ts';

type Secrets = { keys: JWK[]; cookieKeys: string[]; passwords: Record<string, string> };

/** Audience of a node's access tokens in the demonstration. */
const nodeAudience = /^https:\/\/medseal\.org\/node\/[a-z][a-z0-9-]{1,62}$/;

/** Reads or, on the first start, makes the provider's keys and every account's password. */
async function openSecrets(directory: string): Promise<Secrets> {
  const file = join(directory, 'identity-provider.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Secrets;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const key = {
    ...(await exportJWK(privateKey)),
    alg: 'ES256',
    use: 'sig',
    kid: randomBytes(8).toString('hex'),
  };
  const secrets: Secrets = {
    keys: [key],
    cookieKeys: [randomBytes(32).toString('hex')],
    passwords: Object.fromEntries(
      staffAccounts.map(({ username }) => [username, randomBytes(9).toString('base64url')]),
    ),
  };
  writeFileSync(file, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  return secrets;
}

function passwordCheck(
  passwords: Record<string, string>,
): (username: string, password: string) => StaffAccount | undefined {
  const salt = randomBytes(16);
  const hash = (password: string): Buffer => scryptSync(password, salt, 32, { N: 4096 });
  const hashes = new Map(Object.entries(passwords).map(([username, password]) => [username, hash(password)]));
  const unknown = hash(randomBytes(16).toString('hex'));
  return (username, password) => {
    // The same work for an unknown name, so that time does not tell which names exist.
    const matches = timingSafeEqual(hash(password.slice(0, 200)), hashes.get(username) ?? unknown);
    return matches ? staffAccounts.find((account) => account.username === username) : undefined;
  };
}

function claimsOf(account: StaffAccount): Record<string, unknown> {
  return {
    name: account.name,
    medseal_organization: account.organizationId,
    medseal_roles: account.roles,
  };
}

function accountOf(staffId: string): StaffAccount | undefined {
  return staffAccounts.find((account) => account.staffId === staffId);
}

/** The provider's own policy without the question it asks of native clients: there is no third party to consent to. */
function loginOnly(): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base();
  policy.get('consent')?.checks.remove('native_client_prompt');
  return policy;
}

function configuration(secrets: Secrets): Configuration {
  return {
    jwks: { keys: secrets.keys as never },
    cookies: { keys: secrets.cookieKeys },
    scopes: ['openid', demoScope],
    claims: { openid: ['sub', 'name', 'medseal_organization', 'medseal_roles'] },
    responseTypes: ['code'],
    pkce: { required: () => true },
    clients: [
      {
        client_id: demoClientId,
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        redirect_uris: ['http://127.0.0.1/callback'],
        response_types: ['code'],
        grant_types: ['authorization_code'],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    findAccount: (_ctx, staffId) => {
      const account = accountOf(staffId);
      if (account === undefined) return undefined;
      return { accountId: staffId, claims: (): AccountClaims => ({ sub: staffId, ...claimsOf(account) }) };
    },
    extraTokenClaims: (ctx, token) => {
      const account = 'accountId' in token ? accountOf(String(token.accountId)) : undefined;
      const authTime = ctx.oidc.entities.AuthorizationCode?.authTime;
      return account === undefined ? undefined : { ...claimsOf(account), auth_time: authTime };
    },
    // The one client is the alliance's own, so there is no third party to ask the user's permission for.
    loadExistingGrant: async (ctx) => {
      const { client, session, params, provider } = ctx.oidc;
      if (client === undefined || session?.accountId === undefined) return undefined;
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope(`openid ${demoScope}`);
      const resource = params?.['resource'];
      if (typeof resource === 'string') grant.addResourceScope(resource, demoScope);
      await grant.save();
      return grant;
    },
    features: {
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => [],
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, resource) => {
          if (!nodeAudience.test(resource)) throw new errors.InvalidTarget();
          const jwt = { sign: { alg: 'ES256' as const } };
          return { scope: demoScope, audience: resource, accessTokenFormat: 'jwt', accessTokenTTL: 900, jwt };
        },
      },
    },
    interactions: { policy: loginOnly(), url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    ttl: {
      AccessToken: 900,
      AuthorizationCode: 60,
      IdToken: 900,
      Interaction: 600,
      Session: 28_800,
      Grant: 28_800,
    },
  };
}

function loginPage(failed: boolean): string {
  const message = failed ? '<p role="alert">账号或密码不对 · Wrong account or password</p>' : '';
  return `<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>登录 · Sign in</title></head>
<body><main><h1>登录 · Sign in</h1>${message}
<form method="post" autocomplete="on">
<p><label>账号 · Account<br><input name="username" autocomplete="username" required autofocus></label></p>
<p><label>密码 · Password<br><input name="password" type="password" autocomplete="current-password" required></label></p>
<p><button type="submit">登录 · Sign in</button></p>
</form></main></body></html>
`;
}

function sendPage(response: ServerResponse, status: number, page: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  });
  response.end(page);
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams | undefined> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > 4_096) return undefined;
  }
  return new URLSearchParams(text);
}

/** Serves the login page of one interaction and finishes it when the password is right. */
function loginHandler(provider: Provider, secrets: Secrets) {
  const check = passwordCheck(secrets.passwords);
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const interaction = await provider.interactionDetails(request, response);
    if (interaction.prompt.name !== 'login') throw new errors.InvalidRequest('no login is under way');
    if (request.method !== 'POST') return sendPage(response, 200, loginPage(false));
    const form = await readForm(request);
    const account = check(form?.get('username') ?? '', form?.get('password') ?? '');
    if (account === undefined) return sendPage(response, 401, loginPage(true));
    const login = { accountId: account.staffId, remember: false };
    await provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { port: { type: 'string' }, data: { type: 'string' } } });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535 || values.data === undefined) {
    process.stderr.write('usage: node demo/identity-provider.ts --port PORT --data DIRECTORY\n');
    process.exitCode = 2;
    return;
  }
  const secrets = await openSecrets(values.data);
  const issuer = `http://localhost:${port}`;
  const provider = new Provider(issuer, configuration(secrets));
  const login = loginHandler(provider, secrets);
  const oidc = provider.callback();
  const server = createServer((request, response) => {
    const work = /^\/interaction\/[\w-]+$/.test(request.url ?? '')
      ? login(request, response)
      : oidc(request, response);
    Promise.resolve(work).catch(() => {
      if (!response.headersSent)
        sendPage(
          response,
          400,
          '<!doctype html><title>400</title><p>登录已过期 · The sign-in has expired</p>\n',
        );
    });
  });
  server.once('error', (error: NodeJS.ErrnoException) => {
    process.stderr.write(
      `identity provider: ${error.code === 'EADDRINUSE' ? `port ${port} is in use` : error.message}\n`,
    );
    process.exitCode = 1;
  });
  server.listen(port, 'localhost', () =>
    process.stdout.write(`${JSON.stringify({ event: 'ready', port, issuer })}\n`),
  );
  const stop = (): void => {
    server.close();
    server.closeAllConnections();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

await main();
