import { X509Certificate } from 'node:crypto';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { channelTrust, hex, parseBlock } from '@medseal/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { organizations, temporaryDirectory } from '../../test/connect.ts';
import { createNetwork, ordererMspId } from './create-network.ts';
import { layoutOf } from './layout.ts';
import { assertOrganizations, networkExists, openNetwork } from './open-network.ts';

const directory = temporaryDirectory();
const files = layoutOf(directory.path);
beforeAll(() => createNetwork({ directory: directory.path, organizations }));
afterAll(() => directory.remove());

const certificate = (path: string): X509Certificate => new X509Certificate(readFileSync(path));

describe('a new network', () => {
  it('has a first block from which a verifier learns who is who, and that all keys lie on one machine', () => {
    const genesis = new Uint8Array(readFileSync(files.genesis));
    const trust = channelTrust(genesis, { genesisHash: hex(parseBlock(genesis).hash) });

    expect(trust).toMatchObject({
      channelId: 'care',
      configNumber: 0,
      sequence: 0,
      ledger: 'solo',
      ordering: { kind: 'single' },
    });
    expect([...trust.applicationMsps.keys()].sort()).toEqual(organizations.map(({ mspId }) => mspId).sort());
    expect([...trust.ordererMsps.keys()]).toEqual([ordererMspId]);
  });

  it('gives every organisation a client, a peer and a TLS identity under its own root', () => {
    for (const { organizationId } of organizations) {
      const own = files.organization(organizationId);
      const root = certificate(own.root);
      const [client, peer, node] = [own.client, own.peer, own.node].map((pair) =>
        certificate(pair.certificate),
      );

      expect(root.ca).toBe(true);
      for (const each of [client, peer, node]) {
        expect(each?.ca).toBe(false);
        expect(each?.verify(root.publicKey)).toBe(true);
        expect(each?.checkIssued(root)).toBe(true);
      }
      expect([client, peer].map((each) => each?.toLegacyObject().subject.OU)).toEqual(['client', 'peer']);
      expect(node?.subject).not.toContain('OU=');
      expect(node?.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
      expect(node?.checkHost('localhost')).toBe('localhost');
      for (const address of ['127.0.0.1', '::1']) expect(node?.checkIP(address)).toBe(address);
    }
  });

  it('lets nobody else read a private key', () => {
    const own = files.organization('hospital-a');
    const keys = [own.client.key, own.peer.key, own.node.key, own.rootKey, files.orderer.key, files.tls.key];

    for (const key of [...keys, files.ordererRootKey, files.tlsRootKey, files.chaincode.key])
      expect(statSync(key).mode & 0o077).toBe(0);
  });

  it('is not overwritten', async () => {
    await expect(createNetwork({ directory: directory.path, organizations })).rejects.toMatchObject({
      code: 'NETWORK_DIFFERENT',
    });
  });

  it('serves no other organisations than its own', () => {
    const network = openNetwork(directory.path);

    expect(() => assertOrganizations(network, [...organizations].reverse())).not.toThrow();
    expect(() => assertOrganizations(network, organizations.slice(1))).toThrow(/was made for/);
  });
});

describe('a folder without the first block', () => {
  it('is no network, and is written anew', async () => {
    const unfinished = temporaryDirectory();
    await createNetwork({ directory: unfinished.path, organizations });
    const { genesis, description } = layoutOf(unfinished.path);
    rmSync(genesis);
    writeFileSync(description, '{');

    expect(networkExists(unfinished.path)).toBe(false);
    expect(() => openNetwork(unfinished.path)).toThrow(/no complete network/);
    await createNetwork({ directory: unfinished.path, organizations });
    expect(openNetwork(unfinished.path).organizations.length).toBe(organizations.length);
    unfinished.remove();
  });
});

describe('organisations', () => {
  const [first] = organizations;
  it.each([
    ['none', []],
    ['twice the same id', [first!, { ...first!, mspId: 'OtherMSP' }]],
    ['twice the same MSP id', [first!, { ...first!, organizationId: 'other' }]],
    ['the orderer’s MSP id', [{ ...first!, mspId: ordererMspId }]],
    ['an id that leaves the folder', [{ ...first!, organizationId: '../other' }]],
    ['an MSP id with a quote', [{ ...first!, mspId: "A'MSP" }]],
    ['a name with a line break', [{ ...first!, name: 'a\nb' }]],
  ])('are refused: %s', async (_, refused) => {
    const empty = temporaryDirectory();

    await expect(createNetwork({ directory: empty.path, organizations: refused })).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
    });
    empty.remove();
  });
});
