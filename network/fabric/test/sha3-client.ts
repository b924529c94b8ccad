import { createPrivateKey } from 'node:crypto';
import { Client, credentials } from '@grpc/grpc-js';
import { connect, hash } from '@hyperledger/fabric-gateway';
import { signLedger } from '../../../evidence/test/signing.ts';
import type { ConnectionSettings } from '../../../node/src/adapters/fabric/connect.ts';

type At = { own: ConnectionSettings; gateway: ConnectionSettings; endorsers: string[] };

/** Submits a transaction of a member that signs SHA3-256, through another member's peer; resolves once it is committed as valid. */
export async function submitWithSha3(
  { own, gateway: at, endorsers }: At,
  [contract, transaction, ...args]: readonly [contract: string, transaction: string, ...args: string[]],
): Promise<void> {
  const client = new Client(at.endpoint, credentials.createSsl(Buffer.from(at.tlsRoot)));
  const key = createPrivateKey(Buffer.from(own.key));
  const gateway = connect({
    client,
    identity: { mspId: own.mspId, credentials: own.certificate },
    hash: hash.none,
    signer: async (message) => signLedger(key, message, 'low', 'sha3-256'),
  });
  try {
    await gateway
      .getNetwork(own.channel)
      .getContract(own.chaincode, contract)
      .submit(transaction, { arguments: args, endorsingOrganizations: endorsers });
  } finally {
    gateway.close();
    client.close();
  }
}
