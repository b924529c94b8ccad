import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { type Config, readSettingFile } from '../config.ts';
import type { MspRoots } from '../http/index.ts';
import type { Clock } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';

type Setting = keyof Config;

/**
 * The certificate and key of both ports. Throws CONFIG_FILE, or CERTIFICATE_NOT_VALID for one that everybody would refuse:
 * a start that says so is found sooner than partners and staff who are turned away.
 */
export function readTlsIdentity(config: Config, clock: Clock): { certificate: Buffer; tlsKey: Buffer } {
  const pair = readPair(config, 'MEDSEAL_TLS_CERTIFICATE', 'MEDSEAL_TLS_KEY');
  const { certificate, key: tlsKey } = pair;
  const { validFromDate, validToDate } = pair.parsed;
  const now = clock.now();
  if (now > validToDate)
    throw notValid(`ended at ${validToDate.toISOString()}: partners, staff and patients refuse it; renew it`);
  if (now < validFromDate)
    throw notValid(
      `begins at ${validFromDate.toISOString()}, and this machine's clock says ${now.toISOString()}`,
    );
  try {
    createSecureContext({ cert: certificate, key: tlsKey });
  } catch (cause) {
    throw unusable('MEDSEAL_TLS_CERTIFICATE', { wanted: 'a certificate that TLS takes', cause });
  }
  return { certificate, tlsKey };
}

/** When the certificate ends; from then on everybody refuses it. */
export function endOf(certificate: Uint8Array): string {
  return new X509Certificate(certificate).validToDate.toISOString();
}

/**
 * Throws CERTIFICATE_FOREIGN for a certificate that partners refuse because no authority of this organisation's MSP issued
 * it. One that is published by mistake would need the regulator twice: to admit it, and to admit the right one again.
 */
export function requireOwnAuthority(
  { MEDSEAL_MSP_ID: mspId }: Config,
  { certificate, mspRoots }: { certificate: Uint8Array; mspRoots: readonly MspRoots[] },
): void {
  const leaf = new X509Certificate(certificate);
  const roots = mspRoots.filter((msp) => msp.mspId === mspId).flatMap((msp) => msp.roots);
  const isOwn = roots
    .map((pem) => new X509Certificate(pem))
    .some((root) => leaf.checkIssued(root) && leaf.verify(root.publicKey));
  if (isOwn) return;
  const why =
    roots.length === 0
      ? `MEDSEAL_MSP_ID: the channel has no organisation ${mspId}`
      : `MEDSEAL_TLS_CERTIFICATE was issued by no authority of ${mspId} in the channel: partners refuse it`;
  throw new AppError('CERTIFICATE_FOREIGN', { message: why });
}

/** The files by which this organisation speaks to its peer of the ledger. Throws CONFIG_FILE. */
export function readLedgerFiles(config: Config): { tlsRoot: Buffer; certificate: Buffer; key: Buffer } {
  const tlsRoot = readCertificate(config, 'MEDSEAL_LEDGER_TLS_CA').bytes;
  const pair = readPair(config, 'MEDSEAL_LEDGER_CERTIFICATE', 'MEDSEAL_LEDGER_KEY');
  return { tlsRoot, certificate: pair.certificate, key: pair.key };
}

/** A file with one or more certificates in PEM; of several the first counts. Throws CONFIG_FILE. */
export function readCertificate(
  config: Config,
  setting: Setting,
): { bytes: Buffer; parsed: X509Certificate } {
  const bytes = readSettingFile(config, setting);
  try {
    return { bytes, parsed: new X509Certificate(bytes) };
  } catch (cause) {
    throw unusable(setting, { wanted: 'a certificate in PEM', cause });
  }
}

function readPair(
  config: Config,
  certificateSetting: Setting,
  keySetting: Setting,
): { certificate: Buffer; parsed: X509Certificate; key: Buffer } {
  const { bytes: certificate, parsed } = readCertificate(config, certificateSetting);
  const key = readSettingFile(config, keySetting);
  let belongs: boolean;
  try {
    belongs = parsed.checkPrivateKey(createPrivateKey(key));
  } catch (cause) {
    throw unusable(keySetting, { wanted: 'a private key in PEM without a passphrase', cause });
  }
  if (!belongs) throw unusable(keySetting, { wanted: `the key of ${certificateSetting}` });
  return { certificate, parsed, key };
}

function unusable(setting: Setting, { wanted, cause }: { wanted: string; cause?: unknown }): AppError {
  return new AppError('CONFIG_FILE', { message: `${setting}: the file is not ${wanted}`, cause });
}

function notValid(how: string): AppError {
  return new AppError('CERTIFICATE_NOT_VALID', { message: `MEDSEAL_TLS_CERTIFICATE ${how}` });
}
