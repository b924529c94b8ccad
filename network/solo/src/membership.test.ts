import { createPrivateKey } from 'node:crypto';
import { msp } from '@hyperledger/fabric-protos';
import { beforeAll, describe, expect, it } from 'vitest';
import { serializedIdentity } from './identity.ts';
import {
  type Authority,
  createAuthority,
  issueIdentity,
  issueTls,
  type KeyPair,
} from './material/certificates.ts';
import { createMembership, type Membership } from './membership.ts';
import { signLowS } from './signature.ts';

const now = new Date('2026-03-01T00:00:00Z');
const later = (years: number): Date => new Date(Date.UTC(2026 + years, 2, 2));
let authority: Authority;
let ordererAuthority: Authority;
let membership: Membership;
let client: KeyPair;
let time = now;

beforeAll(async () => {
  authority = await createAuthority('Hospital A', 'A CA', now);
  ordererAuthority = await createAuthority('Orderer', 'Orderer CA', now);
  client = await issueIdentity(authority, { commonName: 'client', role: 'client', now });
  membership = createMembership(
    {
      organizations: [{ mspId: 'AMSP', rootPem: authority.certificate }],
      orderer: { mspId: 'OrdererMSP', rootPem: ordererAuthority.certificate },
    },
    { now: () => time },
  );
});

const identify = (certificate: string, mspId = 'AMSP') =>
  membership.identify(serializedIdentity(mspId, certificate));
const refused = expect.objectContaining({ code: 'IDENTITY_REFUSED' });
const authenticate = (pair: KeyPair, mspId = 'AMSP', bytes = Buffer.from('x')) =>
  membership.authenticate({
    creator: serializedIdentity(mspId, pair.certificate),
    bytes: Buffer.from('x'),
    signature: signLowS(createPrivateKey(pair.key), bytes),
  });

describe('an identity', () => {
  it('of the organisation is known by its role', async () => {
    for (const role of ['client', 'peer', 'admin', 'orderer'] as const) {
      const { certificate } = await issueIdentity(authority, { commonName: 'x', role, now });

      expect(identify(certificate)).toMatchObject({ mspId: 'AMSP', role });
      expect(identify(certificate)).toBe(identify(certificate));
    }
  });

  it('of another authority is refused, even of the same names', async () => {
    const imitation = await createAuthority('Hospital A', 'A CA', now);
    const { certificate } = await issueIdentity(imitation, { commonName: 'client', role: 'client', now });

    expect(() => identify(certificate)).toThrow(refused);
  });

  it('under an MSP that is not in the channel or not its own is refused', () => {
    expect(() => identify(client.certificate, 'BMSP')).toThrow(refused);
    expect(() => identify(client.certificate, 'OrdererMSP')).toThrow(refused);
  });

  it('without a role is refused, so that a TLS certificate is no identity', async () => {
    const tls = await issueTls(authority, { commonName: 'node', now });

    expect(() => identify(tls.certificate)).toThrow(refused);
  });

  it('that is the authority itself is refused', () => {
    expect(() => identify(authority.certificate)).toThrow(refused);
  });

  it('that is not one PEM certificate is refused', () => {
    for (const pem of ['', 'x', `${client.certificate}${client.certificate}`, `x${client.certificate}`])
      expect(() => identify(pem)).toThrow(refused);
    const broken = client.certificate.replace(/\n[A-Za-z0-9+/]{8}/, '\nAAAAAAAA');
    expect(() => identify(broken)).toThrow(refused);
    expect(() => membership.identify(new Uint8Array([0xff, 1]))).toThrow(
      expect.objectContaining({ code: 'MESSAGE_MALFORMED' }),
    );
    expect(() => membership.identify(new msp.SerializedIdentity().serializeBinary())).toThrow(refused);
  });
});

describe('a signed request', () => {
  it('of a member is let in', () => {
    expect(authenticate(client)).toMatchObject({ mspId: 'AMSP', role: 'client' });
  });

  it('over other bytes is refused', () => {
    expect(() => authenticate(client, 'AMSP', Buffer.from('y'))).toThrow(
      expect.objectContaining({ code: 'SIGNATURE_REFUSED' }),
    );
  });

  it('of the orderer is refused: it is no member of the application', async () => {
    const orderer = await issueIdentity(ordererAuthority, { commonName: 'orderer', role: 'orderer', now });

    expect(() => authenticate(orderer, 'OrdererMSP')).toThrow(refused);
  });

  it('before and after the certificate’s time is refused', () => {
    for (const moment of [later(-1), later(11)]) {
      time = moment;
      expect(() => authenticate(client)).toThrow(refused);
    }
    time = now;
  });
});
