import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMaterial } from './material.ts';
import { chaincodePackage } from './package.ts';
import { planNetwork } from './plan.ts';
import { tar } from './tar.ts';

const directory = mkdtempSync(join(tmpdir(), 'medseal-package-'));
const plan = planNetwork(directory, {
  organizations: [{ organizationId: 'hospital-a', mspId: 'HospitalAMSP' }],
  ...{ basePort: 9100, channel: 'care', chaincode: 'medseal' },
});
const [peer] = plan.peers;
const definition = { version: '1.0', sequence: 1, source: '/chaincode' };
beforeAll(() => createMaterial(plan, new Date()));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('a chaincode package', () => {
  it('is named by its content, and made once', () => {
    const first = chaincodePackage(plan, peer!, definition);
    const bytes = readFileSync(first.file);

    expect(first.packageId).toMatch(/^medseal_1\.0:[0-9a-f]{64}$/);
    expect(chaincodePackage(plan, peer!, definition)).toEqual(first);
    expect(readFileSync(first.file)).toEqual(bytes);
    expect(statSync(first.file).mode & 0o077).toBe(0);
  });

  it('holds no code, only where the server is, with TLS on both sides', () => {
    const { file } = chaincodePackage(plan, peer!, definition);
    const unpack = (archive: string | Buffer, name: string): Buffer =>
      execFileSync('tar', ['-xzO', ...(typeof archive === 'string' ? ['-f', archive] : []), name], {
        ...(typeof archive === 'string' ? {} : { input: archive }),
      });
    const connection = JSON.parse(unpack(unpack(file, 'code.tar.gz'), 'connection.json').toString());

    expect(JSON.parse(unpack(file, 'metadata.json').toString())).toEqual({
      type: 'ccaas',
      label: 'medseal_1.0',
    });
    expect(connection).toMatchObject({
      address: `127.0.0.1:${peer?.chaincodePorts[0]}`,
      tls_required: true,
      client_auth_required: true,
      root_cert: readFileSync(join(peer!.folder, 'chaincode', 'tls', 'server', 'ca.crt'), 'utf8'),
    });
  });

  it('of the next definition leads to the other port, so that both can be served', () => {
    const next = chaincodePackage(plan, peer!, { version: '1.1', sequence: 2, source: '/chaincode' });

    expect(next.packageId).toMatch(/^medseal_1\.1:/);
    expect(peer?.chaincodePorts[0]).not.toBe(peer?.chaincodePorts[1]);
  });

  it('is an archive that tar reads, the same bytes for the same files', () => {
    const files = [
      { name: 'a.json', content: Buffer.from('{}') },
      { name: 'empty', content: new Uint8Array() },
      { name: 'block', content: Buffer.alloc(512, 7) },
    ];
    const list = execFileSync('tar', ['-tv'], { input: tar(files), encoding: 'utf8' });

    expect(
      list
        .trim()
        .split('\n')
        .map((line) => line.split(/\s+/).at(-1)),
    ).toEqual(['a.json', 'empty', 'block']);
    expect(tar(files)).toEqual(tar(files));
    expect(execFileSync('tar', ['-xO', 'block'], { input: tar(files) })).toEqual(Buffer.alloc(512, 7));
  });
});
