import { canonicalJson } from '@medseal/evidence';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createChaincode } from '../test/chaincode.ts';
import { createMember, registerAll, regulator } from '../test/members.ts';
import { compositeKey, type LedgerMember, logOrigin, memberEntryDigest } from './rules/index.ts';

const hospital = createMember('hospital-a');
const other = createMember('hospital-b');
const entry = memberEntryDigest(hospital.content);

/** Arguments of an event about hospital A. */
function about(event: string): string[] {
  return event === 'approve' || event === 'enable' ? ['hospital-a', entry] : ['hospital-a'];
}

function read(text: string): LedgerMember {
  return JSON.parse(text) as LedgerMember;
}

async function alliance() {
  const chaincode = createChaincode();
  await registerAll(chaincode);
  return chaincode;
}

describe('naming the regulator', () => {
  it('happens once and gives the same answer when repeated', async () => {
    const { invoke, written } = createChaincode();

    const first = await invoke('R', 'member:initialize', 'R');
    const second = await invoke('Q', 'member:initialize', 'R');

    expect(second).toBe(first);
    expect(written()).toEqual([]);
    await expect(invoke('Q', 'member:initialize', 'Q')).rejects.toThrow(/^ALLIANCE_INITIALIZED: /);
  });

  it('is refused when somebody else asks', async () => {
    await expect(createChaincode().invoke('Q', 'member:initialize', 'R')).rejects.toThrow(
      /^ALLIANCE_REGULATOR: /,
    );
  });

  it('is refused by an organisation that was told of another', async () => {
    process.env['MEDSEAL_REGULATOR_MSP'] = 'R';
    onTestFinished(() => void delete process.env['MEDSEAL_REGULATOR_MSP']);
    const { invoke } = createChaincode();

    await expect(invoke('Q', 'member:initialize', 'Q')).rejects.toThrow(/^ALLIANCE_REGULATOR: /);
    expect(JSON.parse(await invoke('R', 'member:initialize', 'R'))).toEqual({ regulatorMspId: 'R' });
  });

  it('comes before every entry', async () => {
    await expect(createChaincode().invoke('A', 'member:save', hospital.json)).rejects.toThrow(
      /^ALLIANCE_NOT_INITIALIZED: /,
    );
  });
});

describe('saving an entry', () => {
  it('keeps it as canonical JSON in state saved until the regulator approves it', async () => {
    const { invoke, state } = await alliance();

    const saved = await invoke(hospital.mspId, 'member:save', JSON.stringify(hospital.content));

    expect(read(saved)).toEqual({ ...hospital.content, mspId: hospital.mspId, state: 'saved' });
    expect(saved).toBe(canonicalJson(read(saved)));
    expect(new TextDecoder().decode(state.get(compositeKey('member', ['hospital-a'])))).toBe(saved);
    expect(await invoke('anybody', 'member:get', 'hospital-a')).toBe(saved);
    expect(read(await invoke(regulator.mspId, 'member:approve', 'hospital-a', entry)).state).toBe(
      'registered',
    );
  });

  it('registers the regulator at once', async () => {
    const { invoke } = await alliance();

    expect(read(await invoke('any', 'member:get', 'regulator')).state).toBe('registered');
  });

  it('leaves a registered member alone when nothing changed, and asks for approval again when something did', async () => {
    const chaincode = createChaincode();
    await registerAll(chaincode, hospital);
    const moved = canonicalJson({ ...hospital.content, nodeUrl: 'https://elsewhere.example:1' });

    const same = read(await chaincode.invoke(hospital.mspId, 'member:save', hospital.json));
    expect([same.state, chaincode.written()]).toEqual(['registered', []]);
    expect(read(await chaincode.invoke(hospital.mspId, 'member:save', moved)).state).toBe('saved');
  });

  it('lets a disabled member change its entry without letting it back in', async () => {
    const { invoke } = await alliance();
    await invoke(hospital.mspId, 'member:save', hospital.json);
    await invoke(regulator.mspId, 'member:approve', 'hospital-a', entry);
    await invoke(regulator.mspId, 'member:disable', 'hospital-a');

    const names = { zh: '新名', en: 'New name' };
    const member = read(
      await invoke(hospital.mspId, 'member:save', canonicalJson({ ...hospital.content, names })),
    );

    expect([member.state, member.names]).toEqual(['disabled', names]);
  });

  it.each([['approve'], ['enable']])(
    'is not %sd after it changed behind the regulator’s back',
    async (event) => {
      const { invoke } = await alliance();
      const moved = { ...hospital.content, nodeUrl: 'https://elsewhere.example:1' };
      await invoke(hospital.mspId, 'member:save', hospital.json);
      if (event === 'enable') {
        await invoke(regulator.mspId, 'member:approve', 'hospital-a', entry);
        await invoke(regulator.mspId, 'member:disable', 'hospital-a');
      }
      await invoke(hospital.mspId, 'member:save', canonicalJson(moved));

      await expect(invoke(regulator.mspId, `member:${event}`, ...about(event))).rejects.toThrow(
        /^MEMBER_CHANGED: /,
      );
      const seen = ['hospital-a', memberEntryDigest(moved)];
      expect(read(await invoke(regulator.mspId, `member:${event}`, ...seen)).state).toBe('registered');
    },
  );

  it.each([
    ['another MSP', async () => ({ mspId: other.mspId, json: hospital.json, code: 'MEMBER_NOT_OWN' })],
    [
      'an MSP that stands for another organisation',
      async () => ({ mspId: hospital.mspId, json: other.json, code: 'MEMBER_MSP_TAKEN' }),
    ],
  ])('is refused to %s', async (_who, attempt) => {
    const { invoke } = await alliance();
    await invoke(hospital.mspId, 'member:save', hospital.json);
    const { mspId, json, code } = await attempt();

    await expect(invoke(mspId, 'member:save', json)).rejects.toThrow(new RegExp(`^${code}: `));
  });

  it('keeps the kind regulator for the regulator', async () => {
    const { invoke } = await alliance();
    const pretender = createMember('pretender', 'regulator');

    await expect(invoke(pretender.mspId, 'member:save', pretender.json)).rejects.toThrow(/^MEMBER_KIND: /);
    await expect(
      invoke(regulator.mspId, 'member:save', canonicalJson({ ...regulator.content, kind: 'hospital' })),
    ).rejects.toThrow(/^MEMBER_KIND: /);
  });

  const bad: [string, unknown][] = [
    ['organizationId', 'Hospital'],
    ['organizationId', 'hospital-'],
    ['organizationId', `h${'o'.repeat(63)}`],
    ['kind', 'clinic'],
    ['nodeUrl', 'http://localhost:1'],
    ['nodeUrl', 'https://user:pw@localhost'],
    ['nodeUrl', 'https://localhost/path'],
    ['nodeUrl', 'https://localhost:99999'],
    ['nodeUrl', 'https://1.2.3.4.5'],
    ['nodeUrl', 'https://[::::]'],
    ['tlsFingerprint', 'A'.repeat(64)],
    ['sealingKey', 'a'.repeat(63)],
    ['messageKey', 7],
    ['logKey', 'not a key'],
    ['logKey', other.content.logKey],
    ['names', { zh: '医院' }],
    ['names', { zh: '医院', en: '' }],
    ['names', { zh: '医院', en: 'Hospital\u202e' }],
    ['names', { zh: '医院', en: 'Hospital', fr: 'Hôpital' }],
    ['names', null],
    ['extra', 'field'],
  ];
  it.each(bad)('refuses %s = %j', async (field, value) => {
    const { invoke } = await alliance();

    await expect(
      invoke(hospital.mspId, 'member:save', JSON.stringify({ ...hospital.content, [field]: value })),
    ).rejects.toThrow(/^MEMBER_INVALID: /);
  });

  it.each([['[]'], ['null'], ['{"a":'], ['{}']])('refuses %s', async (json) => {
    const { invoke } = await alliance();

    await expect(invoke(hospital.mspId, 'member:save', json)).rejects.toThrow(/^MEMBER_INVALID: /);
  });

  it('refuses an entry longer than the metadata allows', async () => {
    const { invoke } = await alliance();

    await expect(invoke(hospital.mspId, 'member:save', ' '.repeat(4097))).rejects.toThrow('4096');
  });

  it('names a log key by the log of its organisation', () => {
    expect(hospital.content.logKey.startsWith(`${logOrigin('hospital-a')}+`)).toBe(true);
  });
});

describe('the states of a member', () => {
  const walk: [string[], string][] = [
    [[], 'saved'],
    [['approve'], 'registered'],
    [['approve', 'approve'], 'registered'],
    [['approve', 'disable'], 'disabled'],
    [['approve', 'disable', 'disable'], 'disabled'],
    [['approve', 'disable', 'enable'], 'registered'],
    [['approve', 'disable', 'enable', 'enable'], 'registered'],
    [['remove'], 'deleted'],
    [['approve', 'remove'], 'deleted'],
    [['approve', 'disable', 'remove', 'remove'], 'deleted'],
  ];
  it.each(walk)('after %j is %s', async (events, state) => {
    const { invoke } = await alliance();
    await invoke(hospital.mspId, 'member:save', hospital.json);

    for (const event of events) await invoke(regulator.mspId, `member:${event}`, ...about(event));

    expect(read(await invoke('any', 'member:get', 'hospital-a')).state).toBe(state);
  });

  const refused: [string[], string][] = [
    [[], 'disable'],
    [[], 'enable'],
    [['approve', 'disable'], 'approve'],
    [['remove'], 'approve'],
    [['remove'], 'disable'],
    [['remove'], 'enable'],
  ];
  it.each(refused)('after %j cannot be moved by %s', async (events, event) => {
    const { invoke } = await alliance();
    await invoke(hospital.mspId, 'member:save', hospital.json);
    for (const step of events) await invoke(regulator.mspId, `member:${step}`, ...about(step));

    await expect(invoke(regulator.mspId, `member:${event}`, ...about(event))).rejects.toThrow(
      /^MEMBER_STATE: /,
    );
  });

  it('stay deleted when the organisation saves again', async () => {
    const { invoke } = await alliance();
    await invoke(hospital.mspId, 'member:save', hospital.json);
    await invoke(regulator.mspId, 'member:remove', 'hospital-a');

    await expect(invoke(hospital.mspId, 'member:save', hospital.json)).rejects.toThrow(/^MEMBER_STATE: /);
  });

  it.each([['approve'], ['disable'], ['enable'], ['remove']])(
    'are %sd by the regulator alone',
    async (event) => {
      const { invoke } = await alliance();
      await invoke(hospital.mspId, 'member:save', hospital.json);

      await expect(invoke(hospital.mspId, `member:${event}`, ...about(event))).rejects.toThrow(
        /^ALLIANCE_REGULATOR: /,
      );
    },
  );

  it.each([['disable'], ['remove']])('never turn the regulator off (%s)', async (event) => {
    const { invoke } = await alliance();

    await expect(invoke(regulator.mspId, `member:${event}`, 'regulator')).rejects.toThrow(/^MEMBER_STATE: /);
  });
});

describe('reading members', () => {
  it('lists all of them by organisation id', async () => {
    const chaincode = createChaincode();
    await registerAll(chaincode, other, hospital);

    const members = JSON.parse(await chaincode.invoke('any', 'member:list')) as LedgerMember[];

    expect(members.map((member) => member.organizationId)).toEqual(['hospital-a', 'hospital-b', 'regulator']);
  });

  it('refuses an unknown one', async () => {
    const { invoke } = await alliance();

    await expect(invoke('any', 'member:get', 'nobody')).rejects.toThrow(/^MEMBER_ABSENT: /);
    await expect(invoke(regulator.mspId, 'member:approve', 'nobody', entry)).rejects.toThrow(
      /^MEMBER_ABSENT: /,
    );
    await expect(invoke('any', 'member:get', '../x')).rejects.toThrow('Unable to validate parameter');
  });
});
