import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createOrganization } from '../test/organizations.ts';
import { issuing } from '../test/signing.ts';
import { concat, fromHex, utf8 } from './bytes.ts';
import { type Certificate, isIssuedBy, parseCertificate } from './certificate.ts';
import { derElements, derOf, derTag, onlyElement } from './der.ts';

const organization = createOrganization('HospitalAMSP');
const client = organization.issue({ role: 'client', notBefore: '2026-01-01', notAfter: '2027-01-01' });

describe('a certificate', () => {
  test('is read: names, units, validity, whether it may issue', () => {
    const parsed = parseCertificate(client.der);

    expect(parsed.organizationalUnits).toEqual(['client']);
    expect([parsed.notBefore, parsed.notAfter]).toEqual([Date.parse('2026-01-01'), Date.parse('2027-01-01')]);
    expect(parsed.extensions.isAuthority).toBe(false);
    expect(parseCertificate(organization.root.der).extensions.isAuthority).toBe(true);
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

  test('with a key of a kind that Fabric does not take is refused, and one that is cut or not on its curve', () => {
    const koblitz = organization.issue({ role: 'client', kind: 'secp256k1' });

    expect(() => parseCertificate(koblitz.der)).toThrowError('CERTIFICATE_MALFORMED');
    for (const kind of ['P-224', 'P-256', 'P-384', 'P-521'] as const) {
      const { der } = organization.issue({ role: 'client', kind });
      expect(parseCertificate(der).key).toMatchObject({ kind: 'ecdsa', key: { curve: kind } });
      expect(() => parseCertificate(edited(der, 'ecdsa'))).toThrowError('CERTIFICATE_MALFORMED');
      expect(() => parseCertificate(edited(der, 'cut'))).toThrowError('CERTIFICATE_MALFORMED');
    }
    for (const kind of ['ed25519', 'rsa'] as const) {
      const { der } = organization.issue({ role: 'client', kind });
      expect(parseCertificate(der).key.kind).toBe(kind);
      expect(() => parseCertificate(edited(der, 'cut'))).toThrowError('CERTIFICATE_MALFORMED');
    }
  });

  test('with an RSA key of less than 2048 bits, an even modulus or another exponent is refused', () => {
    const member = (modulusLength: number, publicExponent: number): Uint8Array => {
      const { publicKey } = generateKeyPairSync('rsa', { modulusLength, publicExponent });
      return withKey(client.der, new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })));
    };

    expect(parseCertificate(member(2048, 65_537)).key.kind).toBe('rsa');
    expect(parseCertificate(member(2056, 65_537)).key.kind).toBe('rsa');
    expect(() => parseCertificate(member(1024, 65_537))).toThrowError('CERTIFICATE_MALFORMED');
    expect(() => parseCertificate(member(2048, 3))).toThrowError('CERTIFICATE_MALFORMED');
  });

  test('with a critical extension that Go does not know is read, and marked', () => {
    const critical = (id: string) =>
      parseCertificate(organization.issue({ role: 'client', critical: id }).der);

    expect(critical('2.5.29.46').extensions.hasUnknownCritical).toBe(true);
    // Name constraints that are none.
    expect(() => critical('2.5.29.30')).toThrowError('CERTIFICATE_MALFORMED');
  });
});

const authorities = ['P-224', 'P-256', 'P-384', 'P-521', 'ed25519', 'rsa', 'rsa-pss'] as const;
const hashes = ['sha256', 'sha384', 'sha512'] as const;

describe('an authority', () => {
  test.each(authorities)('with a key of kind %s vouches for what it signed, and for nothing else', (kind) => {
    const own = createOrganization('HospitalAMSP', { kind });
    const other = createOrganization('HospitalAMSP', { kind: kind === 'P-384' ? 'P-256' : 'P-384' });
    const member = parseCertificate(own.issue({ role: 'client' }).der);

    expect(isIssuedBy(member, parseCertificate(own.root.der))).toBe(true);
    expect(isIssuedBy(member, parseCertificate(other.root.der))).toBe(false);
    const bent = member.signature.map((byte, at) => (at === member.signature.length - 1 ? byte ^ 1 : byte));
    expect(isIssuedBy({ ...member, signature: bent }, parseCertificate(own.root.der))).toBe(false);
    const signed = concat(member.signed, Uint8Array.of(0));
    expect(isIssuedBy({ ...member, signed }, parseCertificate(own.root.der))).toBe(false);
  });

  test('signs with any hash of SHA-2, whatever its key, and never with SHA-1', () => {
    for (const kind of ['P-256', 'P-384', 'rsa'] as const)
      for (const hash of hashes) {
        const { root, issue } = createOrganization('HospitalAMSP', { kind, hash });
        const member = parseCertificate(issue({ role: 'client' }).der);
        expect(isIssuedBy(member, parseCertificate(root.der))).toBe(true);
        for (const { algorithm } of [P384, RSA].filter(
          (strange) => strange.algorithm.kind !== member.algorithm.kind,
        ))
          expect(isIssuedBy({ ...member, algorithm }, parseCertificate(root.der))).toBe(false);
        const otherHash = hash === 'sha256' ? 'sha384' : 'sha256';
        const algorithm = { ...member.algorithm, hash: otherHash } as typeof member.algorithm;
        expect(isIssuedBy({ ...member, algorithm }, parseCertificate(root.der))).toBe(false);
      }
    const old = createOrganization('HospitalAMSP', { kind: 'rsa', hash: 'sha1' });
    const member = parseCertificate(old.issue({ role: 'client' }).der);
    expect(isIssuedBy(member, parseCertificate(old.root.der))).toBe(false);
    // Fabric takes no ECDSA root that signed itself so (msp/mspimpl.go, sanitizeCert), but an RSA one.
    const ecdsa = createOrganization('HospitalAMSP', { kind: 'P-256', hash: 'sha1' });
    const issued = parseCertificate(ecdsa.issue({ role: 'client' }).der);
    expect(isIssuedBy(issued, parseCertificate(ecdsa.root.der))).toBe(false);
  });

  test('may have signed itself in a way that is not judged, as an old root with SHA-1, and still vouch for others', () => {
    const { publicKey: _public, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const old = createOrganization('HospitalAMSP', {
      kind: 'rsa',
      ownSignature: issuing(privateKey, 'rsa', 'sha1'),
    });

    expect(parseCertificate(old.root.der).algorithm).toMatchObject({ hash: 'sha1' });
    expect(
      isIssuedBy(parseCertificate(old.issue({ role: 'client' }).der), parseCertificate(old.root.der)),
    ).toBe(true);
  });

  test('whose algorithm is another in the signed part than beside it is refused', () => {
    const { der } = createOrganization('HospitalAMSP', { kind: 'P-384', hash: 'sha384' }).issue({
      role: 'client',
    });
    const [before, outer, bits] = derElements(onlyElement(der).content);
    const swapped = concat(before!.whole, fromHex('300a06082a8648ce3d040302'), bits!.whole);

    expect(outer!.whole).toEqual(fromHex('300a06082a8648ce3d040303'));
    expect(() => parseCertificate(derOf(derTag.sequence, swapped))).toThrowError('CERTIFICATE_MALFORMED');
  });
});

const [P384, RSA] = [
  createOrganization('HospitalAMSP', { kind: 'P-384' }),
  createOrganization('HospitalAMSP', { kind: 'rsa' }),
].map(({ root }) => parseCertificate(root.der)) as [Certificate, Certificate];

/** A certificate with another key in it; who signed it is not asked when it is read. */
function withKey(der: Uint8Array, key: Uint8Array): Uint8Array {
  const [signed, ...rest] = derElements(onlyElement(der).content);
  const parts = derElements(signed!.content).map(({ whole }, at) => (at === 6 ? key : whole));
  return derOf(derTag.sequence, derOf(derTag.sequence, ...parts), ...rest.map(({ whole }) => whole));
}

/** A certificate whose key is a byte shorter, or another in its last byte. */
function edited(der: Uint8Array, how: 'cut' | 'ecdsa'): Uint8Array {
  const [signed] = derElements(onlyElement(der).content);
  const [algorithm, bits] = derElements(derElements(signed!.content)[6]!.content);
  const octets = bits!.content;
  const bent =
    how === 'cut'
      ? octets.subarray(0, -1)
      : octets.map((byte, at) => (at === octets.length - 1 ? byte ^ 1 : byte));
  return withKey(der, derOf(derTag.sequence, algorithm!.whole, derOf(derTag.bitString, bent)));
}
