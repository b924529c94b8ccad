import { canonicalJson } from '@medseal/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { identifyPeer, membersIn, projectMembers, registerSelf } from './index.ts';
import type { LedgerTransaction, MemberProfile, OrganizationId } from './types.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

function profile(organizationId: string, fingerprint: string): MemberProfile {
  return {
    organizationId: organizationId as OrganizationId,
    kind: 'hospital',
    names: { zh: '甲医院', en: 'Hospital A' },
    nodeUrl: 'https://localhost:8443',
    tlsFingerprint: fingerprint.repeat(32),
    sealingKey: '11'.repeat(32),
    logKey: `medseal.org/log/${organizationId}+00000000+AA==`,
    messageKey: '22'.repeat(32),
  };
}

function written(
  state: string,
  {
    organizationId = 'hospital-a',
    fingerprint = 'aa',
    validationCode = 0,
    mspId = 'HospitalAMSP',
    key = undefined as string | undefined,
  } = {},
): LedgerTransaction {
  const member = { ...profile(organizationId, fingerprint), mspId, state };
  const value = new TextEncoder().encode(canonicalJson(member));
  const write = {
    namespace: 'medseal',
    key: key ?? `\u0000member\u0000${organizationId}\u0000`,
    value,
    isDelete: false,
  };
  return { txId: 'tx', blockNumber: 7n, validationCode, writes: [write] };
}

const project = (transaction: LedgerTransaction): Promise<void> =>
  database.db.transaction((tx) => projectMembers(tx, transaction));

describe('projectMembers', () => {
  it('follows a member from state to state', async () => {
    const members = membersIn(database.db);

    await project(written('saved'));
    expect(await members.get('hospital-a')).toMatchObject({
      state: 'saved',
      blockNumber: 7,
      mspId: 'HospitalAMSP',
    });
    await project(written('registered'));
    await project(written('disabled'));

    expect((await members.list()).map(({ organizationId, state }) => [organizationId, state])).toEqual([
      ['hospital-a', 'disabled'],
    ]);
  });

  it('takes nothing from an invalid transaction, another namespace or another kind of key', async () => {
    await project(written('registered'));

    await project(written('deleted', { validationCode: 11 }));
    const [write] = written('deleted').writes;
    await project({ ...written('deleted'), writes: [{ ...write!, namespace: '_lifecycle' }] });
    await project(written('deleted', { key: '\u0000member-msp\u0000hospital-a\u0000' }));

    expect((await membersIn(database.db).get('hospital-a'))?.state).toBe('registered');
  });

  it('stops at a write it cannot read', async () => {
    const [write] = written('registered').writes;
    const broken = (change: object): LedgerTransaction => ({
      ...written('registered'),
      writes: [{ ...write!, ...change }],
    });

    await expect(project(broken({ isDelete: true }))).rejects.toThrow('IDENTITY_MEMBER_INVALID');
    await expect(project(broken({ value: new TextEncoder().encode('{}') }))).rejects.toThrow(
      'IDENTITY_MEMBER_INVALID',
    );
    await expect(project(broken({ key: '\u0000member\u0000hospital-b\u0000' }))).rejects.toThrow(
      'IDENTITY_MEMBER_INVALID',
    );
  });
});

describe('identifyPeer', () => {
  const members = () => membersIn(database.db);
  const certificate = (fingerprint: string, ...mspIds: string[]) => ({
    fingerprint: fingerprint.repeat(32),
    mspIds,
  });

  it('finds the registered member by certificate and MSP', async () => {
    await project(written('registered'));

    expect((await identifyPeer(certificate('aa', 'HospitalAMSP'), members())).organizationId).toBe(
      'hospital-a',
    );
  });

  it('refuses an unregistered certificate, and a registered one under another MSP', async () => {
    await expect(identifyPeer(certificate('bb', 'HospitalAMSP'), members())).rejects.toThrow(
      'IDENTITY_PEER_UNKNOWN',
    );
    await expect(identifyPeer(certificate('aa', 'HospitalBMSP'), members())).rejects.toThrow(
      'IDENTITY_PEER_UNKNOWN',
    );
    await expect(identifyPeer(certificate('aa'), members())).rejects.toThrow('IDENTITY_PEER_UNKNOWN');
  });

  it.each(['saved', 'disabled'])('refuses a member that is %s', async (state) => {
    await project(written(state));

    await expect(identifyPeer(certificate('aa', 'HospitalAMSP'), members())).rejects.toThrow(
      'IDENTITY_PEER_DISABLED',
    );
  });

  it.each(['saved', 'registered'])(
    'is not misled by a %s member that claims the certificate of another',
    async (state) => {
      await project(written('registered'));
      await project(written(state, { organizationId: 'hospital-x', mspId: 'HospitalXMSP' }));

      const { organizationId } = await identifyPeer(certificate('aa', 'HospitalAMSP'), members());

      expect(organizationId).toBe('hospital-a');
    },
  );

  it('takes one certificate of two members for neither', async () => {
    await project(written('registered'));
    await project(written('registered', { organizationId: 'hospital-b' }));

    await expect(identifyPeer(certificate('aa', 'HospitalAMSP'), members())).rejects.toThrow(
      'IDENTITY_PEER_UNKNOWN',
    );
  });
});

describe('registerSelf', () => {
  function ledgerWith(members: object[]) {
    const submitted: string[][] = [];
    return {
      submitted,
      evaluate: async () => JSON.stringify(members),
      submit: async (contract: string, transaction: string, args: string[]) => {
        submitted.push([contract, transaction, ...args]);
        return { txId: 'tx', blockNumber: 1, result: '' };
      },
    };
  }
  const own = profile('hospital-a', 'aa');

  it('saves an entry that is not there, and one that changed', async () => {
    for (const members of [
      [],
      [{ ...own, nodeUrl: 'https://old.example', mspId: 'HospitalAMSP', state: 'registered' }],
    ]) {
      const ledger = ledgerWith(members);
      expect(await registerSelf(own, { ledger, mspId: 'HospitalAMSP' })).toBe('saved');
      expect(ledger.submitted).toEqual([['member', 'save', canonicalJson(own)]]);
    }
  });

  it('writes nothing when the ledger has it already, in any state', async () => {
    for (const state of ['saved', 'registered', 'disabled']) {
      const ledger = ledgerWith([{ ...own, mspId: 'HospitalAMSP', state }]);
      expect(await registerSelf(own, { ledger, mspId: 'HospitalAMSP' })).toBe('unchanged');
      expect(ledger.submitted).toEqual([]);
    }
  });

  it('names the regulator first when it is the regulator', async () => {
    const ledger = ledgerWith([]);

    await registerSelf({ ...own, kind: 'regulator' }, { ledger, mspId: 'RegulatorMSP' });

    expect(ledger.submitted.map(([, transaction]) => transaction)).toEqual(['initialize', 'save']);
  });
});
