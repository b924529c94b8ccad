import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from '../config.ts';
import { type Authority, createAuthority, type Identity, issueIdentity } from '../http/test/certificates.ts';
import { systemClock } from '../lib/clock.ts';
import { readCertificate, readLedgerFiles, readTlsIdentity, requireOwnAuthority } from './own-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'own-files-'));
const day = 86_400_000;
let own: Authority;
let identity: Identity;
let settings: Config;

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
const clockAt = (offset: number) => ({ now: () => new Date(systemClock.now().getTime() + offset) });

beforeAll(async () => {
  own = await createAuthority('HospitalA');
  identity = await issueIdentity('hospital-a', own);
  const other = await issueIdentity('other', own);
  const [certificate, key] = [file('cert.pem', identity.cert), file('key.pem', identity.key)];
  file('other.key', other.key);
  file('nonsense.pem', 'nonsense');
  settings = {
    MEDSEAL_MSP_ID: 'HospitalAMSP',
    MEDSEAL_TLS_CERTIFICATE: certificate,
    MEDSEAL_TLS_KEY: key,
    MEDSEAL_LEDGER_TLS_CA: file('ca.pem', own.pem),
    MEDSEAL_LEDGER_CERTIFICATE: certificate,
    MEDSEAL_LEDGER_KEY: key,
  } as Config;
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The settings with another file in the place of one. */
const instead = (name: keyof Config, other: string): Config => ({ ...settings, [name]: join(folder, other) });
const refusal = (setting: string, what: string) =>
  expect.objectContaining({
    code: 'CONFIG_FILE',
    message: expect.stringMatching(new RegExp(`^${setting}: .*${what}`)),
  });

describe('the files of a node', () => {
  it('are taken when they belong together', () => {
    expect(String(readTlsIdentity(settings, systemClock).certificate)).toBe(identity.cert);
    expect(String(readLedgerFiles(settings).tlsRoot)).toBe(own.pem);
  });

  it.each([
    ['MEDSEAL_TLS_CERTIFICATE', 'missing.pem', 'cannot be read'],
    ['MEDSEAL_TLS_CERTIFICATE', 'nonsense.pem', 'not a certificate'],
    ['MEDSEAL_TLS_KEY', 'nonsense.pem', 'not a private key'],
    ['MEDSEAL_TLS_KEY', 'other.key', 'not the key of MEDSEAL_TLS_CERTIFICATE'],
  ] as const)('are refused by the name of the setting: %s = %s', (setting, name, what) => {
    expect(() => readTlsIdentity(instead(setting, name), systemClock)).toThrow(refusal(setting, what));
  });

  it.each([
    ['MEDSEAL_LEDGER_TLS_CA', 'nonsense.pem', 'not a certificate'],
    ['MEDSEAL_LEDGER_CERTIFICATE', 'nonsense.pem', 'not a certificate'],
    ['MEDSEAL_LEDGER_KEY', 'nonsense.pem', 'not a private key'],
    ['MEDSEAL_LEDGER_KEY', 'other.key', 'not the key of MEDSEAL_LEDGER_CERTIFICATE'],
  ] as const)('for the ledger are refused likewise: %s = %s', (setting, name, what) => {
    expect(() => readLedgerFiles(instead(setting, name))).toThrow(refusal(setting, what));
  });

  it('are refused where a certificate is optional and its file is none', () => {
    expect(() => readCertificate(instead('MEDSEAL_OIDC_CA', 'nonsense.pem'), 'MEDSEAL_OIDC_CA')).toThrow(
      refusal('MEDSEAL_OIDC_CA', 'not a certificate'),
    );
  });

  it.each([
    ['ended', 2 * day],
    ['begins', -2 * day],
  ])('are refused when the certificate %s at another time than now', (how, offset) => {
    expect(() => readTlsIdentity(settings, clockAt(offset))).toThrow(
      expect.objectContaining({ code: 'CERTIFICATE_NOT_VALID', message: expect.stringContaining(how) }),
    );
  });
});

describe('the certificate of a node', () => {
  const check = (mspRoots: { mspId: string; roots: string[] }[]) => (): void =>
    requireOwnAuthority(settings, { certificate: Buffer.from(identity.cert), mspRoots });

  it('is taken when an authority of its own organisation issued it', async () => {
    const older = await createAuthority('Older');

    expect(check([{ mspId: 'HospitalAMSP', roots: [older.pem, own.pem] }])).not.toThrow();
  });

  it('is refused when another did, be it another member, or one of the same name', async () => {
    const impostor = await createAuthority('HospitalA');

    for (const mspRoots of [
      [{ mspId: 'HospitalAMSP', roots: [impostor.pem] }],
      [
        { mspId: 'HospitalAMSP', roots: [impostor.pem] },
        { mspId: 'HospitalBMSP', roots: [own.pem] },
      ],
    ])
      expect(check(mspRoots)).toThrow(
        expect.objectContaining({
          code: 'CERTIFICATE_FOREIGN',
          message: expect.stringContaining('HospitalAMSP'),
        }),
      );
  });

  it('is refused when the channel has no such organisation', () => {
    expect(check([{ mspId: 'HospitalBMSP', roots: [own.pem] }])).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^MEDSEAL_MSP_ID/) }),
    );
  });
});
