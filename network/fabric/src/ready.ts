import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { type Contract, connect, type Gateway, hash } from '@hyperledger/fabric-gateway';
import { signLowS } from '../../solo/src/signature.ts';
import { eventually } from './command.ts';
import { FabricNetworkError } from './errors.ts';
import { type FabricPlan, loopback, type PeerPlan } from './plan.ts';
import type { NetworkState } from './state.ts';

export type GatewayConnection = { gateway: Gateway; client: Client; close(): void };

/** A member's own ledger client at its own peer. */
export function connectMember({ mspId, folder, host, port }: PeerPlan): GatewayConnection {
  const file = (...path: string[]): Buffer => readFileSync(join(folder, ...path));
  // An IP address is no name for TLS (RFC 6066 §3).
  const client = new Client(
    `${host === loopback ? 'localhost' : host}:${port}`,
    credentials.createSsl(file('ledger-tls-ca.pem')),
    {
      'grpc.max_receive_message_length': 64 * 1024 * 1024,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 500,
    },
  );
  const key = createPrivateKey(file('client', 'key.pem'));
  const gateway = connect({
    client,
    identity: { mspId, credentials: file('client', 'cert.pem') },
    // The signer hashes for itself.
    signer: (message) => Promise.resolve(signLowS(key, message)),
    hash: hash.none,
  });
  const close = (): void => {
    gateway.close();
    client.close();
  };
  return { gateway, client, close };
}

/**
 * Submits the idempotent transaction of the state, then waits until every member can work. Resolves once it is committed
 * and each gateway finds endorsers.
 */
export async function proveReady(plan: FabricPlan, readiness: NetworkState['readiness']): Promise<void> {
  const peer = plan.peers.find(({ organizationId }) => organizationId === readiness.organizationId);
  if (peer === undefined)
    throw new FabricNetworkError(
      'STATE_INVALID',
      `${readiness.organizationId} is not among the organisations`,
    );
  await atGateway(plan, peer, async (contract) => {
    await contract.submitTransaction(readiness.function, ...readiness.args);
  });
  await untilEndorsable(plan, readiness);
}

/**
 * Waits until the transaction is endorsed through every member's own gateway; nothing is submitted. The peers find each
 * other by gossip, some seconds after their ports are open and the chaincode is committed.
 */
export async function untilEndorsable(
  plan: FabricPlan,
  call: Pick<NetworkState['readiness'], 'function' | 'args'>,
): Promise<void> {
  await Promise.all(
    plan.peers.map((peer) =>
      atGateway(plan, peer, async (contract) => {
        await contract.newProposal(call.function, { arguments: call.args }).endorse();
      }),
    ),
  );
}

async function atGateway(
  { channel, chaincode }: FabricPlan,
  peer: PeerPlan,
  attempt: (contract: Contract) => Promise<void>,
): Promise<void> {
  const { gateway, close } = connectMember(peer);
  try {
    await eventually(() => attempt(gateway.getNetwork(channel).getContract(chaincode)), 90_000);
  } finally {
    close();
  }
}
