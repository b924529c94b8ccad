import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { orderer, peer } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  brokenMessages,
  callRaw,
  framedGarbage,
  rawGarbage,
  sendRaw,
  streamRaw,
} from '../../solo/test/hostile.ts';
import type { OrdererPlan } from '../src/plan.ts';
import type { GatewayConnection } from '../src/ready.ts';
import { untilOrderersLevel } from './load.ts';
import { skipReason, startTestNetwork, type TestNetwork } from './network.ts';

const reason = skipReason('garbage on the ports of a real Fabric network');

let network: TestNetwork;
let connection: GatewayConnection;
let before: unknown;

const probe = () => connection.gateway.getNetwork('care').getContract('medseal', 'probe');
const value = async () => Buffer.from(await probe().evaluateTransaction('get', 'a')).toString();
const pids = () => network.processes.names().map((name) => [name, network.processes.pid(name)]);

beforeAll(async () => {
  if (reason !== undefined) return;
  network = await startTestNetwork('probe');
  connection = network.connect('HospitalAMSP');
  await probe().submitTransaction('put', 'a', '1');
  before = pids();
});
afterAll(async () => {
  connection?.close();
  await network?.remove();
});

/** Status of a GET at an orderer's administration, or why there was no answer. */
function administer(port: number, tls: { cert?: Buffer; key?: Buffer }): Promise<number | string> {
  const path = '/participation/v1/channels';
  return new Promise((resolve) => {
    const call = request({ host: '127.0.0.1', port, path, ...tls, rejectUnauthorized: false });
    call.once('response', ({ statusCode = 0 }) => resolve(statusCode));
    call.once('error', ({ code = 'error' }: NodeJS.ErrnoException) => resolve(code));
    call.end();
  });
}

const pairOf = ({ folder }: OrdererPlan) => ({
  cert: readFileSync(join(folder, 'tls', 'server.crt')),
  key: readFileSync(join(folder, 'tls', 'server.key')),
});

describe.skipIf(reason !== undefined)('the ports of a real Fabric network', () => {
  it('outlive garbage before, inside and instead of TLS', async () => {
    const { orderers, peers } = network.plan();
    const [first] = orderers;
    const [own] = peers;
    const ports = [first?.port, first?.adminPort, first?.operationsPort, own?.port, own?.chaincodePorts[0]];
    for (const port of [...ports, own?.operationsPort])
      await Promise.all(rawGarbage().map(([, bytes]) => sendRaw(port ?? 0, bytes)));
    for (const port of ports.filter((each) => each !== first?.operationsPort))
      await Promise.all(
        framedGarbage().map(async ([name, bytes]) => {
          const ending = await sendRaw(port ?? 0, bytes, {});
          if (name.startsWith('a frame')) expect([port, ending]).toEqual([port, 'closed']);
        }),
      );

    expect(await value()).toBe('1');
    expect(pids()).toEqual(before);
  }, 600_000);

  it('of a peer refuse messages that are none', async () => {
    const { client } = connection;
    for (const bytes of brokenMessages()) {
      for (const method of ['Evaluate', 'Endorse', 'Submit', 'CommitStatus'])
        expect(await callRaw(client, `/gateway.Gateway/${method}`, bytes), method).toBeGreaterThan(0);
      expect(await callRaw(client, '/protos.Endorser/ProcessProposal', bytes)).toBeGreaterThan(0);
      for (const method of ['Deliver', 'DeliverFiltered', 'DeliverWithPrivateData']) {
        const answer = await streamRaw(client, `/protos.Deliver/${method}`, bytes);
        const status = (refused: Buffer) => peer.DeliverResponse.deserializeBinary(refused).getStatus();
        expect(typeof answer === 'number' ? answer : status(answer), method).toBeGreaterThan(0);
        if (typeof answer !== 'number') expect(status(answer)).toBeGreaterThanOrEqual(400);
      }
    }

    expect(await value()).toBe('1');
  });

  it('of an orderer refuse messages that are none, and everything of whoever is no consenter', async () => {
    const [first] = network.plan().orderers;
    const root = readFileSync(join(first?.folder ?? '', 'tls', 'ca.crt'));
    const client = new Client(`localhost:${first?.port}`, credentials.createSsl(root));
    try {
      for (const bytes of brokenMessages()) {
        const sent = await streamRaw(client, '/orderer.AtomicBroadcast/Broadcast', bytes);
        const taken = (answer: Buffer) => orderer.BroadcastResponse.deserializeBinary(answer).getStatus();
        if (typeof sent === 'number') expect(sent).toBeGreaterThan(0);
        else expect(taken(sent)).toBeGreaterThanOrEqual(400);
        for (const method of ['/orderer.Cluster/Step', '/orderer.ClusterNodeService/Step'])
          expect(await streamRaw(client, method, bytes), method).toBeTypeOf('number');
      }
    } finally {
      client.close();
    }
    await untilOrderersLevel(network);
    await probe().submitTransaction('put', 'a', '2');
    await expect.poll(value).toBe('2');
    expect(pids()).toEqual(before);
  });

  it('that ask for a certificate take none but the right one', async () => {
    const [first, second] = network.plan().orderers as [OrdererPlan, OrdererPlan];
    expect(await administer(first.adminPort, pairOf(first))).toBe(200);
    expect(await administer(first.adminPort, {})).toBeTypeOf('string');
    expect(await administer(first.adminPort, pairOf(second))).toBeTypeOf('string');

    const [own] = network.plan().peers;
    const root = readFileSync(join(own?.folder ?? '', 'chaincode', 'tls', 'server', 'ca.crt'));
    const stranger = new Client(`localhost:${own?.chaincodePorts[0]}`, credentials.createSsl(root));
    expect(await streamRaw(stranger, '/protos.Chaincode/Connect', new Uint8Array())).toBe(14);
    stranger.close();
  });
});
