import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Client, credentials } from '@grpc/grpc-js';
import { peer } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ledger, layoutOf, startLedger } from '../src/index.ts';
import { type Connection, connectTo, organizations, probeDirectory, temporaryDirectory } from './connect.ts';
import { brokenMessages, callRaw, framedGarbage, rawGarbage, sendRaw, streamRaw } from './hostile.ts';

const directory = temporaryDirectory();
let ledger: Ledger;
let connection: Connection;

beforeAll(async () => {
  ledger = await startLedger({
    directory: directory.path,
    organizations,
    chaincodeDirectory: probeDirectory,
  });
  connection = connectTo(directory.path, ledger.port, organizations[0]!);
});
afterAll(async () => {
  connection.close();
  await ledger.close();
  directory.remove();
});

const probe = () => connection.gateway.getNetwork('care').getContract('medseal', 'probe');
const value = async () => Buffer.from(await probe().evaluateTransaction('get', 'a')).toString();

/** Process and port of the chaincode server of this ledger. */
function chaincodeServer(): { pid: number; port: number } {
  const lines = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,args='], { encoding: 'utf8' }).split('\n');
  const line = lines.find((each) => each.includes('--chaincode-address') && each.includes(directory.path));
  return { pid: Number.parseInt(line ?? '', 10), port: Number(/127\.0\.0\.1:(\d+)/.exec(line ?? '')?.[1]) };
}

describe('the ports of the embedded ledger', () => {
  it('outlive garbage before, inside and instead of TLS', async () => {
    await probe().submitTransaction('put', 'a', '1');
    const server = chaincodeServer();
    for (const port of [ledger.port, server.port]) {
      await Promise.all(rawGarbage().map(([, bytes]) => sendRaw(port, bytes)));
      await Promise.all(
        framedGarbage().map(async ([name, bytes]) => {
          const ending = await sendRaw(port, bytes, {});
          if (name.startsWith('a frame')) expect(ending).toBe('closed');
        }),
      );
    }

    expect(await value()).toBe('1');
    expect(chaincodeServer()).toEqual(server);
  });

  it('refuse messages that are none, and calls that they do not have', async () => {
    const { client } = connection;
    for (const bytes of brokenMessages()) {
      for (const method of ['Evaluate', 'Endorse', 'Submit', 'CommitStatus', 'Nothing'])
        expect(await callRaw(client, `/gateway.Gateway/${method}`, bytes), method).toBeGreaterThan(0);
      for (const method of ['Deliver', 'DeliverFiltered']) {
        const answer = await streamRaw(client, `/protos.Deliver/${method}`, bytes);
        const status = (refused: Buffer) => peer.DeliverResponse.deserializeBinary(refused).getStatus();
        expect(typeof answer === 'number' ? answer : status(answer), method).toBeGreaterThanOrEqual(3);
      }
    }

    expect(await value()).toBe('1');
  });

  it('give the chaincode to no stranger: not without a certificate, nor with a member’s', async () => {
    const { port } = chaincodeServer();
    const files = layoutOf(directory.path);
    const root = readFileSync(files.tlsRoot);
    const own = files.organization('hospital-a');
    const pairs = [own.node, own.client, own.peer].map(
      ({ certificate, key }) => [readFileSync(key), readFileSync(certificate)] as const,
    );
    for (const pair of [undefined, ...pairs]) {
      const client = new Client(`localhost:${port}`, credentials.createSsl(root, ...(pair ?? [])));
      const answer = await streamRaw(client, '/protos.Chaincode/Connect', new Uint8Array());
      client.close();
      expect(answer).toBe(14);
    }
    const { certificate, key } = files.chaincode;
    const peerPair = [readFileSync(key), readFileSync(certificate)] as const;
    const client = new Client(`localhost:${port}`, credentials.createSsl(root, ...peerPair));
    const register = await streamRaw(client, '/protos.Chaincode/Connect', new Uint8Array());
    client.close();
    expect(register).toBeInstanceOf(Buffer); // the ledger's own certificate is let in: the refusals are about theirs
  });
});
