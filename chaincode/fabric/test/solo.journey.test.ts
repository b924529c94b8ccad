import { createHash } from 'node:crypto';
import { EndorseError, GatewayError } from '@hyperledger/fabric-gateway';
import { consistencyProof, formatCheckpoint, type HashReader, hex, rootHash } from '@medseal/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ledger, type Organization, startLedger } from '../../../network/solo/src/index.ts';
import {
  type Connection,
  connectTo,
  organizations,
  temporaryDirectory,
} from '../../../network/solo/test/connect.ts';
import { logOrigin, memberEntryDigest } from '../src/rules/index.ts';
import { createMember } from './members.ts';

const directory = temporaryDirectory();
const connections = new Map<string, Connection>();
let ledger: Ledger;

beforeAll(async () => {
  ledger = await startLedger({ directory: directory.path, organizations });
  for (const organization of organizations)
    connections.set(organization.organizationId, connectTo(directory.path, ledger.port, organization));
});
afterAll(async () => {
  for (const connection of connections.values()) connection.close();
  await ledger.close();
  directory.remove();
});

const mspId = (organizationId: string): string =>
  organizations.find((organization: Organization) => organization.organizationId === organizationId)?.mspId ??
  '';
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

function contract(organizationId: string, name: string) {
  const connection = connections.get(organizationId);
  if (connection === undefined) throw new Error(`no connection of ${organizationId}`);
  return connection.gateway.getNetwork('care').getContract('medseal', name);
}

async function submit(organizationId: string, name: string, ...args: string[]): Promise<unknown> {
  const [contractName = '', transaction = ''] = name.split(':');
  return JSON.parse(
    text(await contract(organizationId, contractName).submitTransaction(transaction, ...args)),
  );
}

async function evaluate(organizationId: string, name: string, ...args: string[]): Promise<unknown> {
  const [contractName = '', transaction = ''] = name.split(':');
  return JSON.parse(
    text(await contract(organizationId, contractName).evaluateTransaction(transaction, ...args)),
  );
}

/** What the organisations' peers said when they refused to endorse. */
async function refusal(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof EndorseError || error instanceof GatewayError)
      return error.details.map((detail) => detail.message).join('\n') || error.message;
    throw error;
  }
  return 'not refused';
}

const leaves = Array.from({ length: 20 }, (_, at) => createHash('sha256').update(`leaf ${at}`).digest());
const read: HashReader = (level, index) =>
  rootHash(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level));
const proof = (oldSize: number, newSize: number): string =>
  JSON.stringify(consistencyProof(read, oldSize, newSize).map(hex));

describe('the contracts on the embedded ledger', () => {
  const hospital = createMember('hospital-a');
  const regulator = createMember('regulator', 'regulator');
  const note = (treeSize: number, hashes = leaves): string =>
    hospital.signNote(
      formatCheckpoint({
        origin: logOrigin('hospital-a'),
        treeSize,
        rootHash: rootHash(hashes.slice(0, treeSize)),
      }),
    );

  it('take a member from saved to registered', async () => {
    const entryDigest = memberEntryDigest(hospital.content);
    await submit('regulator', 'member:initialize', mspId('regulator'));
    await submit('regulator', 'member:save', regulator.json);
    expect(await submit('hospital-a', 'member:save', hospital.json)).toMatchObject({ state: 'saved' });
    expect(await refusal(submit('hospital-a', 'member:approve', 'hospital-a', entryDigest))).toContain(
      'ALLIANCE_REGULATOR: ',
    );
    await submit('regulator', 'member:approve', 'hospital-a', entryDigest);

    expect(await evaluate('hospital-b', 'member:list')).toMatchObject([
      { organizationId: 'hospital-a', mspId: mspId('hospital-a'), state: 'registered' },
      { organizationId: 'regulator', mspId: mspId('regulator'), state: 'registered' },
    ]);
  });

  it('record a consent, again idempotently, and refuse another custodian', async () => {
    const id = '0'.repeat(32);
    const first = await submit('hospital-a', 'consent:record', id, '1', '1'.repeat(64), 'active');

    expect(await submit('hospital-a', 'consent:record', id, '1', '1'.repeat(64), 'active')).toEqual(first);
    expect(await evaluate('hospital-b', 'consent:get', id)).toEqual(first);
    expect(
      await refusal(submit('hospital-b', 'consent:record', id, '2', '1'.repeat(64), 'inactive')),
    ).toContain('MEMBER_NOT_REGISTERED: ');
  });

  it('anchor a growing log and refuse a rewritten one', async () => {
    await submit('hospital-a', 'anchor:append', note(3), '0', '[]');
    await submit('hospital-a', 'anchor:append', note(13), '3', proof(3, 13));
    const rewritten = leaves.map((leaf, at) =>
      at === 1 ? createHash('sha256').update('forged').digest() : leaf,
    );

    expect(
      await refusal(submit('hospital-a', 'anchor:append', note(20, rewritten), '13', proof(13, 20))),
    ).toContain('ANCHOR_FORK: ');
    expect(await refusal(submit('hospital-a', 'anchor:append', note(7), '3', proof(3, 7)))).toContain(
      'ANCHOR_REGRESS: ',
    );
    expect(await evaluate('hospital-b', 'anchor:latest', 'hospital-a')).toMatchObject({
      treeSize: 13,
      note: note(13),
    });
    expect(await evaluate('hospital-b', 'anchor:get', 'hospital-a', '3')).toMatchObject({ treeSize: 3 });
  });

  it('are closed to whatever the metadata does not list', async () => {
    expect(await refusal(submit('hospital-a', 'member:unknownTransaction'))).toContain(
      'TRANSACTION_UNKNOWN: ',
    );
    expect(await refusal(submit('hospital-a', 'member:get', 'NOT AN ID'))).toContain(
      'Unable to validate parameter',
    );
  });
});
