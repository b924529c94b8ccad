import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Alliance } from './alliance.ts';
import { type Authenticator, createAuthenticator } from './authenticator.ts';
import { type ApiClient, createClient, expectStatus } from './client.ts';
import type { DemoPatient } from './load-patients.ts';
import { audienceOf, loginStaff, passwordOf } from './login.ts';
import { type DemoOrganization, organizations } from './organizations.ts';

/** The patient the story is about, as hospital A knows them. */
export type StoryPatient = DemoPatient & { patientId: string };

/** What the steps share. */
export type Story = {
  alliance: Alliance;
  clients: Record<string, ApiClient>;
  /** Bearer token of a member of staff, by user name (`clinician@hospital-b`). */
  staff(username: string): Promise<string>;
  authenticator: Authenticator;
  /** Set by the steps in turn. */
  patient?: StoryPatient;
  patientBearer?: string;
  consentId?: string;
  releasedRecord?: { type: string; id: string; version: string };
};

/** Wording of one organisation for the screen. */
export function nameOf(organizationId: string): string {
  const found = organizations.find((each) => each.organizationId === organizationId);
  return found === undefined ? organizationId : `${found.names.zh} (${organizationId})`;
}

export function createStory(alliance: Alliance): Story {
  const tokens = new Map<string, Promise<string>>();
  const issuer = `http://localhost:${alliance.ports.identityProvider}`;
  const login = async (username: string): Promise<string> => {
    const organizationId = username.split('@')[1] ?? '';
    const password = passwordOf(join(alliance.folder, 'identity-provider'), username);
    const { accessToken } = await loginStaff({
      issuer,
      username,
      password,
      audience: audienceOf(organizationId),
    });
    return accessToken;
  };
  return {
    alliance,
    clients: Object.fromEntries(
      organizations.map(({ organizationId }) => [
        organizationId,
        createClient(alliance.apiUrl(organizationId), alliance.ca(organizationId)),
      ]),
    ),
    staff: (username) => {
      const known = tokens.get(username) ?? login(username);
      tokens.set(username, known);
      return known;
    },
    authenticator: createAuthenticator({ origin: alliance.apiUrl('hospital-a') }),
  };
}

export function clientOf(story: Story, organizationId: string): ApiClient {
  const client = story.clients[organizationId];
  if (client === undefined) throw new Error(`no client for ${organizationId}`);
  return client;
}

export function must<Value>(value: Value | undefined, what: string): Value {
  if (value === undefined) throw new Error(`${what} is missing: an earlier step did not set it`);
  return value;
}

/** Repeats `attempt` every 50 ms until it gives a value; throws naming what was awaited after `timeoutMs`. */
export async function eventually<Value>(
  what: string,
  attempt: () => Promise<Value | undefined>,
  timeoutMs = 20_000,
): Promise<Value> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await attempt();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${timeoutMs / 1000} s`);
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

/** A member as a node lists it. */
export type ListedMember = {
  organizationId: string;
  mspId: string;
  state: string;
  entryDigest: string;
  logKey: string;
  messageKey: string;
};

/** The members of the alliance, as the regulator's node knows them. */
export async function membersOf(story: Story): Promise<ListedMember[]> {
  const bearer = await story.staff('regulator@regulator');
  const answer = await clientOf(story, 'regulator').call<{ members: ListedMember[] }>('GET', '/members', {
    bearer,
  });
  return expectStatus(answer, 200).members;
}

/** The regulator's staff approves every organisation that has entered itself on the ledger. */
export async function approveMembers(
  story: Story,
  expected: readonly DemoOrganization[] = organizations,
): Promise<number> {
  const regulator = clientOf(story, 'regulator');
  const bearer = await story.staff('regulator@regulator');
  await eventually('the entry of all organisations', async () =>
    (await membersOf(story)).length === expected.length ? true : undefined,
  );
  let approved = 0;
  for (const { organizationId, state, entryDigest } of await membersOf(story)) {
    if (state !== 'saved') continue;
    const call = { bearer, body: { entryDigest } };
    expectStatus(await regulator.call('POST', `/members/${organizationId}/approve`, call), 200);
    approved += 1;
  }
  for (const { organizationId } of expected) {
    if (organizationId === 'regulator') continue;
    const own = await story.staff(`administrator@${organizationId}`);
    await eventually(`the approval at ${organizationId}`, async () => {
      const answer = await clientOf(story, organizationId).call<{ members: ListedMember[] }>(
        'GET',
        '/members',
        {
          bearer: own,
        },
      );
      const all = expectStatus(answer, 200).members;
      return all.length === expected.length && all.every(({ state }) => state === 'registered')
        ? true
        : undefined;
    });
  }
  return approved;
}

/** The trust policy of a verifier: what it pins comes from the network's own files, never from a proof. */
export function trustPolicy(
  story: Story,
  logs: { organizationId: string; mspId: string; logKey: string; messageKey?: string }[],
): object {
  const { alliance } = story;
  return {
    format: 'medseal/trust-policy/v1',
    ledger: alliance.ledger,
    channel: 'care',
    chaincode: { name: 'medseal', versions: ['1.0'] },
    genesisHash: alliance.genesisHash,
    genesisBlock: readFileSync(join(alliance.folder, 'ledger', 'genesis.block')).toString('base64'),
    logs: logs.map(({ organizationId, mspId, logKey, messageKey }) => ({
      organizationId,
      mspId,
      verifierKeys: [logKey],
      ...(messageKey === undefined ? {} : { messageKey }),
    })),
  };
}
