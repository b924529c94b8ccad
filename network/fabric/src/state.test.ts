import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { planNetwork, portsOf } from './plan.ts';
import { type NetworkState, readState, requireOrganizations, stateFile, writeState } from './state.ts';

const directory = mkdtempSync(join(tmpdir(), 'medseal-state-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const state: NetworkState = {
  format: 'medseal/fabric-network/v1',
  channel: 'care',
  chaincode: 'medseal',
  basePort: 9100,
  organizations: [{ organizationId: 'hospital-a', mspId: 'HospitalAMSP' }],
  definitions: [{ version: '1.0', sequence: 1, source: '/chaincode' }],
  readiness: { organizationId: 'hospital-a', function: 'member:list', args: [] },
};

describe('the state of a network', () => {
  it('is kept beside the ledger and replaced in one step', () => {
    expect(readState(directory)).toBeUndefined();
    writeState(directory, state);
    writeState(directory, { ...state, basePort: 9200 });

    expect(readState(directory)).toEqual({ ...state, basePort: 9200 });
    expect(readdirSync(directory)).toEqual(['network.json']);
  });

  it('of another version is refused', () => {
    writeFileSync(stateFile(directory), JSON.stringify({ format: 'medseal/solo-network/v1' }));

    expect(() => readState(directory)).toThrow(/is of another version/);
  });

  it.each([
    [[{ organizationId: 'Hospital A', mspId: 'AMSP' }], /no organisation id/],
    [[{ organizationId: '../a', mspId: 'AMSP' }], /no organisation id/],
    [[{ organizationId: 'a', mspId: 'A MSP' }], /no MSP id/],
    [[{ organizationId: 'a', mspId: 'Orderer1MSP' }], /no MSP id for a member/],
    [
      [
        { organizationId: 'a', mspId: 'A' },
        { organizationId: 'a', mspId: 'B' },
      ],
      /share/,
    ],
    [
      [
        { organizationId: 'a', mspId: 'A' },
        { organizationId: 'b', mspId: 'A' },
      ],
      /share/,
    ],
  ])('names no organisations %j', (organizations, message) => {
    expect(() => requireOrganizations(organizations)).toThrow(message);
  });
});

describe('the plan of a network', () => {
  const members = Array.from({ length: 5 }, (_, at) => ({ organizationId: `o${at}`, mspId: `O${at}` }));

  it('gives every program ports of its own, and an organisation that joins none of another', () => {
    const before = portsOf(planNetwork('/n', { ...state, organizations: members.slice(0, 4) }));
    const after = portsOf(planNetwork('/n', { ...state, organizations: members }));

    expect(new Set(after.map(([port]) => port)).size).toBe(after.length);
    expect(after.slice(0, before.length)).toEqual(before);
    expect(Math.max(...before.map(([port]) => port))).toBe(state.basePort + 27);
  });

  it('has all on the loopback interface, or each under its own name', () => {
    const here = planNetwork('/n', { ...state, organizations: members });
    const named = planNetwork('/n', { ...state, organizations: members, hosts: 'names' });

    expect(new Set([...here.orderers, ...here.peers].map(({ host }) => host))).toEqual(
      new Set(['127.0.0.1']),
    );
    expect(named.orderers.map(({ host }) => host)).toEqual([
      'orderer-1',
      'orderer-2',
      'orderer-3',
      'orderer-4',
    ]);
    expect(named.peers[0]).toMatchObject({ host: 'peer-o0', chaincodeHost: 'chaincode-o0' });
  });
});
