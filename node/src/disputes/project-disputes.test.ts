import { utf8 } from '@medseal/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { projectDisputes } from './project-disputes.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const id = '0'.repeat(32);
const key = `\u0000dispute\u0000${id}\u0000`;
const state = {
  ...{
    id,
    step: 1,
    state: 'opened',
    opener: 'hospital-a',
    parties: [],
    filings: [],
    finding: null,
    decision: null,
  },
  ...{ openedAt: 'x', deadlineAt: 'x', changedAt: 'x', commitment: 'x' },
};

async function project(write: object, validationCode = 0): Promise<unknown[]> {
  const full = { namespace: 'medseal', key, value: utf8(JSON.stringify(state)), isDelete: false, ...write };
  const transaction = { txId: 't', blockNumber: 1, validationCode, writes: [full] };
  const settings = { chaincode: 'medseal', tenant: 'hospital-a' };
  await database.db.transaction((tx) => projectDisputes(tx, transaction, settings));
  return (await database.db.query('select step from dispute_ledger')).rows;
}

describe('the projection of cases', () => {
  it.each([
    ['no JSON', { value: utf8('{') }],
    ['a member twice', { value: utf8('{"id":1,"id":2}') }],
    ['another shape', { value: utf8('{}') }],
    ['a party that is none', { value: utf8(JSON.stringify({ ...state, parties: [{}] })) }],
    ['another case under this key', { value: utf8(JSON.stringify({ ...state, id: '1'.repeat(32) })) }],
    ['a deletion', { isDelete: true }],
  ])('stops at %s', async (_what, write) => {
    await expect(project(write)).rejects.toMatchObject({ code: 'DISPUTE_LEDGER_INVALID' });
  });

  it('passes over transactions that took no effect, other keys and other chaincodes', async () => {
    expect(await project({}, 11)).toEqual([]);
    expect(await project({ key: '\u0000consent\u0000x\u0000', value: utf8('{') })).toEqual([]);
    expect(await project({ namespace: 'other' })).toEqual([]);
  });

  it('keeps each step once', async () => {
    expect(await project({})).toEqual([{ step: 1 }]);
    await expect(project({})).rejects.toThrow();
  });
});
