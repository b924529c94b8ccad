import { readFileSync } from 'node:fs';
import {
  Client,
  credentials,
  type handleUnaryCall,
  type Metadata,
  Server,
  ServerCredentials,
  status,
} from '@grpc/grpc-js';
import { layoutOf } from '../../../../../network/solo/src/index.ts';

/** What becomes of transactions that are handed over: taken with the answer lost on the way back, or not taken. */
export type Loss = 'answer' | 'request';
export type LosingGateway = { readonly port: number; close(): void };

const methods = ['Evaluate', 'Endorse', 'Submit', 'CommitStatus'];
const same = (bytes: Buffer): Buffer => bytes;

/** Stands between a client and the solo ledger in `directory`, passes every call on, and fails each Submit as a gateway does. */
export async function startLosingGateway(
  { directory, port }: { directory: string; port: number },
  loss: Loss,
): Promise<LosingGateway> {
  const files = layoutOf(directory);
  const root = readFileSync(files.tlsRoot);
  const client = new Client(`localhost:${port}`, credentials.createSsl(root));
  const server = new Server();
  const paths = methods.map((name) => [name, `/gateway.Gateway/${name}`] as const);
  const coding = {
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
  const pass =
    (name: string, path: string): handleUnaryCall<Buffer, Buffer> =>
    ({ request, metadata }, answer) => {
      const fail = (): void =>
        answer({
          code: status.ABORTED,
          details: 'insufficient number of orderers',
          metadata: metadata as Metadata,
        });
      if (name === 'Submit' && loss === 'request') {
        fail();
        return;
      }
      client.makeUnaryRequest(path, same, same, request, (error, reply) => {
        if (name === 'Submit') fail();
        else answer(error, reply);
      });
    };
  server.addService(
    Object.fromEntries(paths.map(([name, path]) => [name, { path, ...coding }])),
    Object.fromEntries(paths.map(([name, path]) => [name, pass(name, path)])),
  );
  const pair = { private_key: readFileSync(files.tls.key), cert_chain: readFileSync(files.tls.certificate) };
  const bound = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createSsl(null, [pair]), (error, own) =>
      error === null ? resolve(own) : reject(error),
    ),
  );
  return {
    port: bound,
    close: () => {
      server.forceShutdown();
      client.close();
    },
  };
}
