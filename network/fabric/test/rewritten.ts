import { createPrivateKey } from 'node:crypto';
import { Client, credentials } from '@grpc/grpc-js';
import { gateway } from '@hyperledger/fabric-protos';
import type { ConnectionSettings } from '../../../node/src/adapters/fabric/connect.ts';
import { ledgerSigner } from '../../../node/src/adapters/fabric/signer.ts';
import { edited, encoded, fieldsOf } from '../../../test/corpus/wire.ts';
import type { MemberClient } from './members.ts';

/** Field 99, as a varint and as a group of groups: unknown to every message of Fabric, and passed over by its programs. */
const unknownField = Uint8Array.of(0x98, 0x06, 1);
const group = (depth: number): Uint8Array =>
  Buffer.concat([
    Buffer.alloc(2 * depth, Buffer.of(0x9b, 0x06)),
    Buffer.alloc(2 * depth, Buffer.of(0x9c, 0x06)),
  ]);

type Change = (bytes: Uint8Array) => Uint8Array;
const append =
  (more: Uint8Array): Change =>
  (bytes) =>
    Buffer.concat([bytes, more]);
const same: Change = (bytes) => bytes;

/**
 * What any member can change, whose program is its own, in a transaction that others endorsed: `payload` and the `header` of
 * its creator in it, the `signature` over it, and each `endorsement`.
 */
export const rewritings: Record<
  string,
  Partial<Record<'payload' | 'header' | 'signature' | 'endorsement', Change>>
> = {
  'a field that nobody knows': { payload: append(unknownField) },
  'groups that nobody knows, ten thousand deep': { payload: append(group(10_000)) },
  'a header that is not the one that was endorsed': { header: append(unknownField) },
  'bytes after its signature': { signature: append(Uint8Array.of(0, 1, 2)) },
  'bytes after each endorsement': { endorsement: append(Uint8Array.of(0, 1, 2)) },
};

/**
 * Has a transaction ordered that its client rewrote after it was endorsed, and signed so. Resolves to its id once the orderers
 * have it.
 */
export async function submitRewritten(
  { connection }: Pick<MemberClient, 'connection'>,
  { settings, rewriting }: { settings: ConnectionSettings; rewriting: keyof typeof rewritings },
  [contract, transaction, ...args]: readonly [contract: string, transaction: string, ...args: string[]],
): Promise<string> {
  const endorsed = await connection
    .contract(contract)
    .newProposal(transaction, { arguments: args })
    .endorse();
  const envelope = gateway.PreparedTransaction.deserializeBinary(endorsed.getBytes()).getEnvelope();
  if (envelope === undefined) throw new Error('an endorsed transaction has an envelope');
  const { payload = same, header = same, signature = same, endorsement = same } = rewritings[rewriting] ?? {};
  const rewritten = payload(
    edited(edited(envelope.getPayload_asU8(), [1, 2], header), [2, 1, 2, 2], (action) =>
      Buffer.concat(
        fieldsOf(action).map((field) =>
          field.number === 2 ? encoded(2, edited(field.content, [2], endorsement)) : field.bytes,
        ),
      ),
    ),
  );
  envelope.setPayload(rewritten);
  const signer = ledgerSigner(createPrivateKey(Buffer.from(settings.key)));
  if (signer === undefined) throw new Error('the client has a key that signs for the ledger');
  envelope.setSignature(signature(await signer(rewritten)));
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
