import { describe, expect, it } from 'vitest';
import { createChaincode, type TestChaincode } from '../test/chaincode.ts';
import { createMember, registerAll, regulator } from '../test/members.ts';

const hospital = createMember('hospital-a');
const other = createMember('hospital-b');
const id = '0123456789abcdef0123456789abcdef';
const one = '1'.repeat(64);
const two = '2'.repeat(64);

async function alliance(): Promise<TestChaincode> {
  const chaincode = createChaincode();
  await registerAll(chaincode, hospital, other);
  return chaincode;
}

describe('recording a consent', () => {
  it('starts at version 1, goes on by one and ends inactive', async () => {
    const { invoke } = await alliance();

    await invoke(hospital.mspId, 'consent:record', id, '1', one, 'active');
    await invoke(hospital.mspId, 'consent:record', id, '2', two, 'active');
    const last = await invoke(hospital.mspId, 'consent:record', id, '3', two, 'inactive');

    expect(JSON.parse(last)).toEqual({
      id,
      version: 3,
      commitment: two,
      status: 'inactive',
      organizationId: 'hospital-a',
    });
    expect(await invoke(other.mspId, 'consent:get', id)).toBe(last);
  });

  it('gives the stored state again for the same request, writing nothing', async () => {
    const { invoke, written } = await alliance();
    const first = await invoke(hospital.mspId, 'consent:record', id, '1', one, 'active');

    expect(await invoke(hospital.mspId, 'consent:record', id, '1', one, 'active')).toBe(first);
    expect(written()).toEqual([]);
  });

  const refusals: [string, string[], string][] = [
    ['a first version above 1', ['2', one, 'active'], 'CONSENT_VERSION'],
  ];
  it.each(refusals)('refuses %s', async (_what, args, code) => {
    const { invoke } = await alliance();

    await expect(invoke(hospital.mspId, 'consent:record', id, ...args)).rejects.toThrow(
      new RegExp(`^${code}: `),
    );
  });

  const later: [string, string, string[], string][] = [
    ['a skipped version', hospital.mspId, ['3', two, 'active'], 'CONSENT_VERSION'],
    ['the same version with another commitment', hospital.mspId, ['1', two, 'active'], 'CONSENT_CONFLICT'],
    ['the same version with another status', hospital.mspId, ['1', one, 'inactive'], 'CONSENT_CONFLICT'],
    ['another custodian', other.mspId, ['2', two, 'active'], 'CONSENT_CUSTODIAN'],
    ["another custodian's repetition", other.mspId, ['1', one, 'active'], 'CONSENT_CUSTODIAN'],
  ];
  it.each(later)('refuses %s', async (_what, mspId, args, code) => {
    const { invoke } = await alliance();
    await invoke(hospital.mspId, 'consent:record', id, '1', one, 'active');

    await expect(invoke(mspId, 'consent:record', id, ...args)).rejects.toThrow(new RegExp(`^${code}: `));
  });

  it('refuses an earlier version and any change of an inactive one', async () => {
    const { invoke } = await alliance();
    await invoke(hospital.mspId, 'consent:record', id, '1', one, 'active');
    await invoke(hospital.mspId, 'consent:record', id, '2', two, 'active');
    await expect(invoke(hospital.mspId, 'consent:record', id, '1', one, 'active')).rejects.toThrow(
      /^CONSENT_VERSION: /,
    );
    await invoke(hospital.mspId, 'consent:record', id, '3', two, 'inactive');

    await expect(invoke(hospital.mspId, 'consent:record', id, '4', one, 'active')).rejects.toThrow(
      /^CONSENT_INACTIVE: /,
    );
  });

  it.each([
    ['nobody', 'a stranger'],
    ['disabled', 'a disabled member'],
    ['saved', 'a member not approved yet'],
  ])('is closed to %s', async (state) => {
    const { invoke } = await alliance();
    const newcomer = createMember('newcomer');
    if (state === 'saved') await invoke(newcomer.mspId, 'member:save', newcomer.json);
    if (state === 'disabled') await invoke(regulator.mspId, 'member:disable', 'hospital-a');
    const mspId = { nobody: 'X', disabled: hospital.mspId, saved: newcomer.mspId }[state] ?? '';

    await expect(invoke(mspId, 'consent:record', id, '1', one, 'active')).rejects.toThrow(
      /^MEMBER_NOT_REGISTERED: /,
    );
  });

  const malformed: [string, string, string, string][] = [
    ['Z'.repeat(32), '1', one, 'active'],
    [id, '0', one, 'active'],
    [id, '01', one, 'active'],
    [id, '1e3', one, 'active'],
    [id, '1', one.slice(1), 'active'],
    [id, '1', one, 'rejected'],
  ];
  it.each(malformed)('refuses the arguments %s %s %s %s', async (...args) => {
    const { invoke } = await alliance();

    await expect(invoke(hospital.mspId, 'consent:record', ...args)).rejects.toThrow(
      'Unable to validate parameter',
    );
  });

  it('says so when a consent is not there', async () => {
    const { invoke } = await alliance();

    await expect(invoke(other.mspId, 'consent:get', id)).rejects.toThrow(/^CONSENT_ABSENT: /);
  });
});
