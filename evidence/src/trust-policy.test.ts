import { describe, expect, test } from 'vitest';
import { verifierKey } from './checkpoint.ts';
import { parseTrustPolicy } from './trust-policy.ts';

const vkey = verifierKey('medseal.org/log/hospital-a', new Uint8Array(32).fill(1));
const policy = {
  format: 'medseal/trust-policy/v1',
  ledger: 'fabric',
  channel: 'care',
  chaincode: { name: 'medseal', versions: ['1.0'] },
  genesisHash: 'ab'.repeat(32),
  logs: [{ organizationId: 'hospital-a', mspId: 'HospitalAMSP', verifierKeys: [vkey] }],
};

describe('a trust policy', () => {
  test('is read, with a confirmation required on a real ledger only', () => {
    expect(parseTrustPolicy(policy)).toMatchObject({
      channel: 'care',
      confirmation: 'required',
      endorsement: {},
    });
    expect(parseTrustPolicy({ ...policy, ledger: 'solo' }).confirmation).toBe('optional');
    const full = {
      ...policy,
      confirmation: 'optional',
      endorsement: { minimum: 2, organizations: ['A', 'B'] },
      genesisBlock: 'AAAA',
    };
    expect(parseTrustPolicy(full)).toMatchObject({
      confirmation: 'optional',
      endorsement: { minimum: 2, organizations: ['A', 'B'] },
    });
  });

  test('with anything wrong, missing or unknown is refused rather than read with a gap', () => {
    const [log] = policy.logs;
    const { logs: _logs, ...incomplete } = policy;
    for (const bad of [
      null,
      [],
      incomplete,
      { ...policy, endorsment: { minimum: 3 } },
      { ...policy, format: 'medseal/trust-policy/v2' },
      { ...policy, ledger: 'other' },
      { ...policy, channel: '' },
      { ...policy, channel: 7 },
      { ...policy, genesisHash: 'AB'.repeat(32) },
      { ...policy, genesisBlock: '!' },
      { ...policy, genesisBlock: 7 },
      { ...policy, chaincode: { name: 'medseal' } },
      { ...policy, chaincode: { name: 'medseal', versions: [] } },
      { ...policy, endorsement: { minimum: 0 } },
      { ...policy, endorsement: { minimum: '2' } },
      { ...policy, endorsement: { organizations: 'A' } },
      { ...policy, endorsement: { quorum: 2 } },
      { ...policy, endorsement: null },
      { ...policy, confirmation: 'no' },
      { ...policy, logs: [] },
      { ...policy, logs: [log, log] },
      { ...policy, logs: [{ ...log, verifierKeys: [] }] },
      { ...policy, logs: [{ ...log, verifierKeys: [7] }] },
      { ...policy, logs: [{ ...log, more: 1 }] },
    ]) {
      expect(() => parseTrustPolicy(bad)).toThrowError('POLICY_INVALID');
    }
    expect(() => parseTrustPolicy({ ...policy, logs: [{ ...log, verifierKeys: ['x'] }] })).toThrowError(
      'VERIFIER_KEY_INVALID',
    );
  });
});
