import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { EndorseError, GatewayError } from '@hyperledger/fabric-gateway';
import { consistencyProof, formatCheckpoint, type HashReader, hex, rootHash } from '@medseal/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ledger, startLedger } from '../../../network/solo/src/index.ts';
import {
  type Connection,
  connectTo,
  organizations,
  temporaryDirectory,
} from '../../../network/solo/test/connect.ts';
import { logOrigin, memberEntryDigest } from '../src/rules/index.ts';
import { metadataFile } from './chaincode.ts';
import { createMember } from './members.ts';

type Transaction = { contract: string; name: string; parameters: number };

const directory = temporaryDirectory();
const connections = new Map<string, Connection>();
let ledger: Ledger;
const regulator = createMember('regulator', 'regulator');
const hospital = createMember('hospital-a');
const neighbour = createMember('hospital-b');

const call = (organizationId: string, name: string, ...args: string[]): Promise<Uint8Array> => {
  const [contract = '', transaction = ''] = name.split(':');
  const gateway = connections.get(organizationId)?.gateway;
  if (gateway === undefined) throw new Error(`no connection of ${organizationId}`);
  return gateway
    .getNetwork('care')
    .getContract('medseal', contract)
    .submitTransaction(transaction, ...args);
};

/** What the endorsing organisations said; a text that no refusal has where it was not refused. */
async function refusal(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
    return 'NOT REFUSED';
  } catch (error) {
    if (error instanceof EndorseError || error instanceof GatewayError)
      return error.details.map(({ message }) => message).join('\n') || error.message;
    throw error;
  }
}

const leaves = Array.from({ length: 20 }, (_, at) => createHash('sha256').update(`leaf ${at}`).digest());
const read: HashReader = (level, index) =>
  rootHash(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level));
const proof = (oldSize: number, newSize: number): string =>
  JSON.stringify(consistencyProof(read, oldSize, newSize).map(hex));
const note = (member: typeof hospital, treeSize: number, origin = member.content.organizationId): string =>
  member.signNote(
    formatCheckpoint({
      origin: logOrigin(origin),
      treeSize,
      rootHash: rootHash(leaves.slice(0, treeSize)),
    }),
  );
const consentId = randomBytes(16).toString('hex');
const commitment = '1'.repeat(64);

beforeAll(async () => {
  ledger = await startLedger({ directory: directory.path, organizations });
  for (const organization of organizations)
    connections.set(organization.organizationId, connectTo(directory.path, ledger.port, organization));
  await call('regulator', 'member:initialize', 'RegulatorMSP');
  await call('regulator', 'member:save', regulator.json);
  for (const { content, json } of [hospital, neighbour]) {
    await call(content.organizationId, 'member:save', json);
    await call('regulator', 'member:approve', content.organizationId, memberEntryDigest(content));
  }
  await call('hospital-a', 'consent:record', consentId, '1', commitment, 'active');
  await call('hospital-a', 'anchor:append', note(hospital, 3), '0', '[]');
  await call('hospital-a', 'anchor:append', note(hospital, 13), '3', proof(3, 13));
});
afterAll(async () => {
  for (const connection of connections.values()) connection.close();
  await ledger.close();
  directory.remove();
});

/** Blocks of the chain, with what the contracts hold: nothing may differ before and after a refusal. */
async function everything(): Promise<string> {
  const gateway = connections.get('hospital-b')?.gateway;
  const contract = (name: string) => gateway?.getNetwork('care').getContract('medseal', name);
  const info = await gateway
    ?.getNetwork('care')
    .getContract('qscc')
    .evaluateTransaction('GetChainInfo', 'care');
  const held = [
    await contract('member')?.evaluateTransaction('list'),
    await contract('consent')?.evaluateTransaction('get', consentId),
    await contract('anchor')?.evaluateTransaction('latest', 'hospital-a'),
  ];
  return [info, ...held].map((bytes) => hex(bytes ?? new Uint8Array())).join('\n');
}

function transactions(): Transaction[] {
  type Metadata = {
    contracts: Record<string, { transactions: { name: string; parameters: unknown[]; tag: string[] }[] }>;
  };
  const { contracts } = JSON.parse(readFileSync(metadataFile, 'utf8')) as Metadata;
  return Object.entries(contracts)
    .filter(([contract]) => contract !== 'org.hyperledger.fabric')
    .flatMap(([contract, { transactions: listed }]) =>
      listed.map(({ name, parameters }) => ({ contract, name, parameters: parameters.length })),
    );
}

const hostileTexts = [
  '',
  ' ',
  '\u0000',
  '__proto__',
  '../../etc/passwd',
  '{"a":1}',
  '[[[[',
  '-1',
  '1e9',
  '１',
  '😀'.repeat(50),
  '\u202e\ufeff',
  'hospital-a\u0000hospital-b',
  'A'.repeat(100_000),
];

describe('chaincode that a member’s own client calls directly', () => {
  it('refuses every transaction with arguments of a wrong number or kind, and changes nothing', async () => {
    const before = await everything();
    for (const { contract, name, parameters } of transactions()) {
      const counts = [0, 1, parameters + 1, 40].filter((count) => count !== parameters);
      const lists = [
        ...counts.map((count) => Array.from({ length: count }, () => 'a')),
        ...(parameters === 0
          ? []
          : hostileTexts.map((text) => Array.from({ length: parameters }, () => text))),
      ];
      for (const args of lists) {
        const said = await refusal(call('hospital-a', `${contract}:${name}`, ...args));
        expect(said, `${contract}:${name} ${JSON.stringify(args).slice(0, 80)}`).toMatch(
          /[A-Z]+(?:_[A-Z]+)+: |Unable to validate parameter|Expected \d+ parameters/,
        );
        expect(said).not.toMatch(/TypeError|undefined is not|\bat \S+ \(|node_modules/);
      }
    }

    expect(await everything()).toBe(before);
  });

  it('refuses what is forged, out of order or another’s with a code of its own, and changes nothing', async () => {
    const other = randomBytes(16).toString('hex');
    const digest = memberEntryDigest(neighbour.content);
    const before = await everything();
    const attempts: [who: string, name: string, args: string[], code: string][] = [
      ['hospital-a', 'member:initialize', ['HospitalAMSP'], 'ALLIANCE_INITIALIZED'],
      ['hospital-a', 'member:approve', ['hospital-b', digest], 'ALLIANCE_REGULATOR'],
      ['hospital-a', 'member:disable', ['hospital-b'], 'ALLIANCE_REGULATOR'],
      ['hospital-a', 'member:enable', ['hospital-b', digest], 'ALLIANCE_REGULATOR'],
      ['hospital-a', 'member:remove', ['hospital-b'], 'ALLIANCE_REGULATOR'],
      ['hospital-a', 'member:save', [neighbour.json], 'MEMBER_'],
      ['hospital-a', 'member:save', [`${hospital.json.slice(0, -1)},"x":1}`], 'MEMBER_'],
      ['regulator', 'member:approve', ['hospital-c', digest], 'MEMBER_ABSENT'],
      ['hospital-a', 'consent:record', [other, '2', commitment, 'active'], 'CONSENT_VERSION'],
      ['hospital-a', 'consent:record', [consentId, '3', commitment, 'active'], 'CONSENT_VERSION'],
      ['hospital-a', 'consent:record', [consentId, '1', '2'.repeat(64), 'active'], 'CONSENT_'],
      ['hospital-b', 'consent:record', [consentId, '2', commitment, 'inactive'], 'CONSENT_CUSTODIAN'],
      ['hospital-b', 'anchor:append', [note(hospital, 20), '0', '[]'], 'ANCHOR_ORIGIN'],
      ['hospital-b', 'anchor:append', [note(hospital, 20, 'hospital-b'), '0', '[]'], 'ANCHOR_'],
      ['hospital-a', 'anchor:append', [note(hospital, 7), '3', proof(3, 7)], 'ANCHOR_REGRESS'],
      ['hospital-a', 'anchor:append', [note(hospital, 20), '3', proof(3, 20)], 'ANCHOR_STALE'],
      ['hospital-a', 'anchor:append', [note(hospital, 20), '13', proof(3, 20)], 'ANCHOR_'],
      ['hospital-a', 'anchor:append', [note(hospital, 20), '13', '[]'], 'ANCHOR_'],
      ['hospital-a', 'anchor:append', [note(neighbour, 20, 'hospital-a'), '13', proof(13, 20)], 'ANCHOR_'],
      ['hospital-a', 'dispute:file', [other, commitment, '3'], 'DISPUTE_ABSENT'],
      ['hospital-a', 'dispute:examine', [other, commitment, '1', '["hospital-b"]'], 'DISPUTE_'],
      ['hospital-a', 'dispute:decide', [other, commitment], 'DISPUTE_'],
      ['hospital-a', 'dispute:close', [other], 'DISPUTE_'],
    ];
    for (const [who, name, args, code] of attempts)
      expect(await refusal(call(who, name, ...args)), `${who} ${name} ${args[0]?.slice(0, 40)}`).toContain(
        code,
      );

    expect(await everything()).toBe(before);
  });
});
