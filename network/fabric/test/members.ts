import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { memberEntryDigest } from '@medseal/chaincode/rules';
import { createMember, type TestMember } from '../../../chaincode/fabric/test/members.ts';
import {
  type ConnectionSettings,
  connectLedger,
  type LedgerConnection,
} from '../../../node/src/adapters/fabric/connect.ts';
import { createLedger, type LedgerPort } from '../../../node/src/adapters/fabric/contracts.ts';
import { LedgerError } from '../../../node/src/adapters/fabric/errors.ts';
import { eventually } from '../src/command.ts';
import type { FabricNetwork } from '../src/index.ts';

export type MemberClient = { connection: LedgerConnection; ledger: LedgerPort; member: TestMember };

/** What a member's node is given to reach its own peer. */
export function settingsOf(network: Pick<FabricNetwork, 'plan'>, organizationId: string): ConnectionSettings {
  const peer = network.plan().peers.find((each) => each.organizationId === organizationId);
  if (peer === undefined) throw new Error(`no organisation ${organizationId}`);
  const file = (...path: string[]): Buffer => readFileSync(join(peer.folder, ...path));
  return {
    endpoint: `localhost:${peer.port}`,
    tlsRoot: file('ledger-tls-ca.pem'),
    mspId: peer.mspId,
    certificate: file('client', 'cert.pem'),
    key: file('client', 'key.pem'),
    channel: 'care',
    chaincode: 'medseal',
  };
}

/** A member's node's way to the ledger, with its usual identity or another. */
export function memberClient(
  network: Pick<FabricNetwork, 'plan'>,
  organizationId: string,
  identity: { certificate?: Uint8Array; key?: Uint8Array } = {},
): MemberClient {
  const connection = connectLedger({ ...settingsOf(network, organizationId), ...identity });
  const kind = organizationId === 'regulator' ? 'regulator' : 'hospital';
  return { connection, ledger: createLedger(connection), member: createMember(organizationId, kind) };
}

/** Enters each member on the ledger and has the regulator, the first of them, approve the others. */
export async function registerAll(clients: readonly MemberClient[]): Promise<void> {
  const [regulator] = clients;
  for (const { ledger, member } of clients) await ledger.submit('member', 'save', [member.json]);
  await untilLevel(clients);
  for (const { member } of clients.slice(1))
    await regulator?.ledger.submit('member', 'approve', approvalOf(member));
  await untilLevel(clients);
}

/** Arguments by which the regulator admits a member with the entry that it saw. */
export function approvalOf({ content }: TestMember): string[] {
  return [content.organizationId, memberEntryDigest(content)];
}

/** Waits until the members' peers have the same blocks: one peer learns of a transaction a moment before another. */
export async function untilLevel(clients: readonly MemberClient[]): Promise<void> {
  await eventually(async () => {
    const heights = await Promise.all(clients.map(({ ledger }) => ledger.chainHeight()));
    if (new Set(heights).size > 1) throw new Error(`the peers are at ${heights.join(', ')} blocks`);
  }, 10_000);
}

/** The chaincode's code of a refusal. */
export async function refusalOf(attempt: Promise<unknown>): Promise<string | undefined> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof LedgerError) return error.chaincodeCode ?? error.code;
    throw error;
  }
  return undefined;
}
