import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTokenVerifier } from '../node/src/adapters/oidc/token-verifier.ts';
import { type OrganizationId, verifyStaffToken } from '../node/src/identity/index.ts';
import { systemClock } from '../node/src/lib/clock.ts';
import { freePort } from '../test/journey/ports.ts';
import { audienceOf, loginStaff, passwordOf } from './login.ts';
import { staffAccounts } from './staff-accounts.ts';

const directory = mkdtempSync(join(tmpdir(), 'medseal-idp-'));
const script = new URL('identity-provider.ts', import.meta.url).pathname;
let issuer: string;
let port: number;
let provider: ChildProcess;

function start(): Promise<ChildProcess> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, '--port', String(port), '--data', directory], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    child.once('exit', (code) => reject(new Error(`the identity provider ended with ${code}`)));
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('"event":"ready"')) resolve(child);
    });
  });
}

async function stop(): Promise<number | null> {
  const ended = new Promise<number | null>((resolve) => provider.once('exit', resolve));
  provider.kill('SIGTERM');
  return ended;
}

beforeAll(async () => {
  port = await freePort();
  issuer = `http://localhost:${port}`;
  provider = await start();
});
afterAll(async () => {
  await stop();
  rmSync(directory, { recursive: true, force: true });
});

const loginAs = (username: string, audience: string, password = passwordOf(directory, username)) =>
  loginStaff({ issuer, username, password, audience });

describe('the demonstration’s identity provider', () => {
  it('gives every account a token that its own node takes for that person', async () => {
    for (const account of staffAccounts) {
      const { organizationId, username } = account;
      const audience = audienceOf(organizationId);
      const verifier = createTokenVerifier({ issuer, audience, clock: systemClock });

      const { accessToken, expiresIn } = await loginAs(username, audience);
      const staff = await verifyStaffToken(accessToken, {
        verifier,
        organizationId: organizationId as OrganizationId,
      });

      expect(expiresIn).toBe(900);
      expect(staff).toMatchObject({
        staffId: account.staffId,
        displayName: account.name,
        roles: account.roles,
      });
      expect(Date.now() - Date.parse(staff.authenticatedAt)).toBeLessThan(30_000);
    }
  });

  it('gives a token for one node that no other node takes', async () => {
    const { accessToken } = await loginAs('clinician@hospital-b', audienceOf('hospital-b'));
    const atA = createTokenVerifier({ issuer, audience: audienceOf('hospital-a'), clock: systemClock });
    await expect(atA.verify(accessToken)).rejects.toThrow('IDENTITY_TOKEN_INVALID');

    const foreign = await loginAs('clinician@hospital-b', audienceOf('hospital-a'));
    const organizationId = 'hospital-a' as OrganizationId;
    await expect(verifyStaffToken(foreign.accessToken, { verifier: atA, organizationId })).rejects.toThrow(
      'IDENTITY_TOKEN_INVALID',
    );
  });

  it('refuses a wrong password, an unknown account and an audience that is no node', async () => {
    await expect(loginAs('clinician@hospital-a', audienceOf('hospital-a'), 'wrong')).rejects.toThrow(
      'refused (401)',
    );
    await expect(loginAs('nobody', audienceOf('hospital-a'), 'wrong')).rejects.toThrow('refused (401)');
    await expect(loginAs('clinician@hospital-a', 'https://evil.example')).rejects.toThrow('invalid_target');
  });

  it('keeps its keys and passwords over a restart, readable by its owner only', async () => {
    const audience = audienceOf('hospital-a');
    const { accessToken } = await loginAs('registrar@hospital-a', audience);
    const password = passwordOf(directory, 'registrar@hospital-a');
    expect(await stop()).toBe(0);

    provider = await start();

    const verifier = createTokenVerifier({ issuer, audience, clock: systemClock });
    await expect(verifier.verify(accessToken)).resolves.toMatchObject({ sub: 'hospital-a-registrar-1' });
    expect(passwordOf(directory, 'registrar@hospital-a')).toBe(password);
    expect(statSync(join(directory, 'identity-provider.json')).mode & 0o777).toBe(0o600);
  });
});
