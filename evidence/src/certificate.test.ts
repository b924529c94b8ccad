import { describe, expect, test } from 'vitest';
import { createOrganization, pemOf } from '../test/organizations.ts';
import { concat, utf8 } from './bytes.ts';
import { fromPem, isIssuedBy, parseCertificate, parseRevocationList } from './certificate.ts';

const organization = createOrganization('HospitalAMSP');
const client = organization.issue({ role: 'client', notBefore: '2026-01-01', notAfter: '2027-01-01' });

describe('a certificate', () => {
  test('is read: names, units, validity, whether it may issue', () => {
    const parsed = parseCertificate(client.der);

    expect(parsed.organizationalUnits).toEqual(['client']);
    expect([parsed.notBefore, parsed.notAfter]).toEqual([Date.parse('2026-01-01'), Date.parse('2027-01-01')]);
    expect(parsed.isAuthority).toBe(false);
    expect(parseCertificate(organization.root.der).isAuthority).toBe(true);
  });

  test('is issued by its root, not by another of the same name, nor by a member', () => {
    const other = createOrganization('HospitalAMSP');

    expect(isIssuedBy(parseCertificate(client.der), parseCertificate(organization.root.der))).toBe(true);
    expect(isIssuedBy(parseCertificate(client.der), parseCertificate(other.root.der))).toBe(false);
    expect(isIssuedBy(parseCertificate(client.der), parseCertificate(client.der))).toBe(false);
  });

  test('with bytes after it, cut short or not DER is refused', () => {
    for (const der of [
      concat(client.der, Uint8Array.of(0)),
      client.der.subarray(0, -1),
      Uint8Array.of(0x30, 0x80, 0x00, 0x00),
      new Uint8Array(0),
      new Uint8Array(20_000).fill(0x30),
      utf8('certificate'),
    ]) {
      expect(() => parseCertificate(der)).toThrowError('CERTIFICATE_MALFORMED');
    }
  });

  test('with any one bit flipped is refused or no longer issued by its root', () => {
    const root = parseCertificate(organization.root.der);
    for (let at = 0; at < client.der.length; at += 1) {
      const flipped = client.der.slice();
      flipped[at] = flipped[at]! ^ (1 << (at % 8));
      let issued = false;
      try {
        issued = isIssuedBy(parseCertificate(flipped), root);
      } catch (error) {
        expect(error).toMatchObject({ code: 'CERTIFICATE_MALFORMED' });
      }
      expect(issued).toBe(false);
    }
  });

  test('with a key on another curve is refused', () => {
    const other = organization.issue({ role: 'client', curve: 'P-384' });
    const koblitz = organization.issue({ role: 'client', curve: 'secp256k1' });

    expect(() => parseCertificate(other.der)).toThrowError('CERTIFICATE_MALFORMED');
    expect(() => parseCertificate(koblitz.der)).toThrowError('CERTIFICATE_MALFORMED');
  });

  test('with a critical extension that is not understood is refused', () => {
    const critical = organization.issue({ role: 'client', critical: '2.5.29.30' });

    expect(() => parseCertificate(critical.der)).toThrowError('CERTIFICATE_MALFORMED');
  });
});

describe('PEM', () => {
  test('holds one block of the wanted label and nothing beside it', () => {
    expect(fromPem(client.pem, 'CERTIFICATE')).toEqual(client.der);
    for (const pem of [
      `${client.pem}${client.pem}`,
      `note\n${client.pem}`,
      `${client.pem}note`,
      pemOf('X509 CRL', client.der),
      client.pem.replace('MII', 'M*I'),
      '',
    ]) {
      expect(() => fromPem(pem, 'CERTIFICATE')).toThrowError('CERTIFICATE_MALFORMED');
    }
  });
});

describe('a revocation list', () => {
  test('that cannot be read whole is refused instead of revoking nothing', () => {
    expect(() => parseRevocationList(client.der)).toThrowError('CERTIFICATE_MALFORMED');
    expect(() => parseRevocationList(Uint8Array.of(0x30, 0x00))).toThrowError('CERTIFICATE_MALFORMED');
  });
});
