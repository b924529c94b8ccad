import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The demonstration's public client. */
export const demoClientId = 'medseal-demo';
/** Scope of the nodes' API. */
export const demoScope = 'medseal';

const redirectUri = 'http://127.0.0.1/callback';
const mostRedirects = 10;

/** Audience that a demonstration node accepts in staff tokens. */
export function audienceOf(organizationId: string): string {
  return `https://medseal.org/node/${organizationId}`;
}

/** Password that the identity provider gave an account on its first start. */
export function passwordOf(dataDirectory: string, username: string): string {
  const text = readFileSync(join(dataDirectory, 'identity-provider.json'), 'utf8');
  const password = (JSON.parse(text) as { passwords: Record<string, string> }).passwords[username];
  if (password === undefined) throw new Error(`the identity provider has no account ${username}`);
  return password;
}

/**
 * Logs a member of staff in as a browser would: authorization code with PKCE (RFC 7636), the provider's own login page,
 * then the code for an access token whose audience is one node (RFC 8707).
 */
export async function loginStaff(options: {
  issuer: string;
  username: string;
  password: string;
  audience: string;
}): Promise<{ accessToken: string; expiresIn: number }> {
  const endpoints = (await (await fetch(`${options.issuer}/.well-known/openid-configuration`)).json()) as {
    authorization_endpoint: string;
    token_endpoint: string;
  };
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(16).toString('base64url');
  const start = new URL(endpoints.authorization_endpoint);
  start.search = new URLSearchParams({
    client_id: demoClientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: `openid ${demoScope}`,
    resource: options.audience,
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString();
  const callback = await authorize(start, options);
  if (callback.searchParams.get('state') !== state)
    throw new Error('the sign-in came back with another state');
  return redeem(endpoints.token_endpoint, {
    code: callback.searchParams.get('code') ?? '',
    verifier,
    audience: options.audience,
  });
}

/** Follows the provider from page to page until it sends the browser back to the client. */
async function authorize(
  start: URL,
  { username, password }: { username: string; password: string },
): Promise<URL> {
  const cookies = new Map<string, string>();
  let url = start;
  let form: URLSearchParams | undefined;
  for (let hop = 0; hop < mostRedirects; hop += 1) {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? {} : { method: 'POST', body: form }),
    });
    for (const cookie of response.headers.getSetCookie()) keepCookie(cookies, cookie);
    const location = response.headers.get('location');
    await response.arrayBuffer();
    if (location === null) {
      if (response.status !== 200 || form !== undefined)
        throw new Error(`sign-in of ${username} was refused (${response.status})`);
      form = new URLSearchParams({ username, password });
      continue;
    }
    form = undefined;
    url = new URL(location, url);
    if (url.href.startsWith(redirectUri)) return callbackOf(url);
  }
  throw new Error('the sign-in went round in circles');
}

function callbackOf(url: URL): URL {
  const error = url.searchParams.get('error');
  if (error !== null) throw new Error(`the identity provider refused: ${error}`);
  return url;
}

function keepCookie(cookies: Map<string, string>, header: string): void {
  const [pair = ''] = header.split(';');
  const at = pair.indexOf('=');
  const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
  if (value === '') cookies.delete(name);
  else cookies.set(name, value);
}

async function redeem(
  tokenEndpoint: string,
  { code, verifier, audience }: { code: string; verifier: string; audience: string },
): Promise<{ accessToken: string; expiresIn: number }> {
  const response = await fetch(tokenEndpoint, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: demoClientId,
      redirect_uri: redirectUri,
      code,
      code_verifier: verifier,
      resource: audience,
    }),
  });
  if (!response.ok) throw new Error(`the identity provider gave no token (${response.status})`);
  const { access_token: accessToken, expires_in: expiresIn } = (await response.json()) as {
    access_token: string;
    expires_in: number;
  };
  return { accessToken, expiresIn };
}
