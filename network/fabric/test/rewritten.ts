import { createPrivateKey } from 'node:crypto';
import { Client, credentials } from '@grpc/grpc-js';
import { gateway } from '@hyperledger/fabric-protos';
import type { ConnectionSettings } from '../../../node/src/adapters/fabric/connect.ts';
import { lowSSigner } from '../../../node/src/adapters/fabric/signer.ts';
import type { MemberClient } from './members.ts';

/** Field 99 as a varint: unknown to every message of Fabric, and passed over by its programs. */
const unknownField = Uint8Array.of(0x98, 0x06, 1);

/**
 * Has a transaction ordered whose client wrote its payload with a field that nobody knows, and signed it so, as any member can
 * whose program is its own. Resolves to its id once the orderers have it.
 */
export async function submitRespelled(
  { connection }: Pick<MemberClient, 'connection'>,
  settings: ConnectionSettings,
  [contract, transaction, ...args]: [contract: string, transaction: string, ...args: string[]],
): Promise<string> {
  const endorsed = await connection
    .contract(contract)
    .newProposal(transaction, { arguments: args })
    .endorse();
  const envelope = gateway.PreparedTransaction.deserializeBinary(endorsed.getBytes()).getEnvelope();
  if (envelope === undefined) throw new Error('an endorsed transaction has an envelope');
  const payload = Buffer.concat([envelope.getPayload_asU8(), unknownField]);
  envelope.setPayload(payload);
  envelope.setSignature(await lowSSigner(createPrivateKey(Buffer.from(settings.key)))(payload));
  const request = new gateway.SubmitRequest();
  request.setTransactionId(endorsed.getTransactionId());
  request.setChannelId(settings.channel);
  request.setPreparedTransaction(envelope);
  const client = new Client(settings.endpoint, credentials.createSsl(Buffer.from(settings.tlsRoot)));
  try {
    await new Promise<void>((resolve, reject) => {
      const bytes = Buffer.from(request.serializeBinary());
      const same = (message: Buffer): Buffer => message;
      client.makeUnaryRequest('/gateway.Gateway/Submit', same, same, bytes, (error) =>
        error === null ? resolve() : reject(error),
      );
    });
  } finally {
    client.close();
  }
  return endorsed.getTransactionId();
}
