import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { peer } from '@hyperledger/fabric-protos';
import { SoloError, textOf } from '../errors.ts';
import { layoutOf } from '../material/layout.ts';
import type { Network } from '../material/open-network.ts';
import { Conversation } from './conversation.ts';

const startMilliseconds = 30_000;
const maxMessageBytes = 64 * 1024 * 1024;
const preload = new URL('./exit-with-parent.ts', import.meta.url).href;

export type ChaincodeProcess = { conversation: Conversation; exited: Promise<void>; stop(): Promise<void> };

/**
 * Starts the chaincode as a service (`fabric-chaincode-node server`) in a child process and connects to it as a peer
 * does, over mutual TLS on the loopback interface. The child ends when this process does, however that ends.
 */
export async function startChaincode(network: Network, moduleDirectory: string): Promise<ChaincodeProcess> {
  const packageId = `${network.chaincode.name}_${network.chaincode.version}:solo`;
  const port = await freePort();
  const child = spawnServer(network, { moduleDirectory, packageId, port });
  const output = lastOutput(child);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.stdin?.destroy();
    child.kill('SIGKILL');
    await exited;
  };
  try {
    const conversation = await Promise.race([
      converse(network, packageId, port),
      exited.then(() => {
        throw new SoloError('CHAINCODE_UNAVAILABLE', 'the chaincode process ended');
      }),
    ]);
    void conversation.ended.then(stop); // a process that cannot be talked to is no use
    return { conversation, exited, stop };
  } catch (cause) {
    await stop();
    throw new SoloError(
      'CHAINCODE_UNAVAILABLE',
      `the chaincode did not start: ${textOf(cause)} ${output()}`,
      { cause },
    );
  }
}

function spawnServer(
  network: Network,
  { moduleDirectory, packageId, port }: { moduleDirectory: string; packageId: string; port: number },
): ChildProcess {
  const files = layoutOf(network.directory);
  const shim = createRequire(join(moduleDirectory, 'package.json')).resolve('fabric-shim/cli.js');
  const options = {
    '--chaincode-address': `127.0.0.1:${port}`,
    '--chaincode-id': packageId,
    '--chaincode-tls-cert-file': files.chaincode.certificate,
    '--chaincode-tls-key-file': files.chaincode.key,
    '--chaincode-tls-client-cacert-file': files.tlsRoot,
    '--module-path': moduleDirectory,
  };
  return spawn(process.execPath, ['--import', preload, shim, 'server', ...Object.entries(options).flat()], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // Nothing of this process's environment is the chaincode's business.
    env: { CORE_CHAINCODE_LOGGING_LEVEL: 'ERROR', ...regulatorOf(network) },
  });
}

/** All organisations of this ledger accept the one that is called the regulator, if there is one. */
function regulatorOf({ organizations }: Network): Record<string, string> {
  const regulator = organizations.find(({ organizationId }) => organizationId === 'regulator');
  return regulator === undefined ? {} : { MEDSEAL_REGULATOR_MSP: regulator.mspId };
}

async function converse(network: Network, packageId: string, port: number): Promise<Conversation> {
  const { tls } = network;
  const client = new peer.ChaincodeClient(
    `127.0.0.1:${port}`,
    credentials.createSsl(Buffer.from(tls.rootPem), Buffer.from(tls.key), Buffer.from(tls.certificate)),
    {
      'grpc.ssl_target_name_override': 'localhost',
      'grpc.initial_reconnect_backoff_ms': 50,
      'grpc.max_reconnect_backoff_ms': 200,
      'grpc.max_receive_message_length': maxMessageBytes,
    },
  );
  await new Promise<void>((resolve, reject) => {
    client.waitForReady(performance.timeOrigin + performance.now() + startMilliseconds, (error) =>
      error === undefined ? resolve() : reject(error),
    );
  });
  const names = { channel: network.channel, chaincode: network.chaincode.name, packageId };
  const conversation = new Conversation(client.connect(), names);
  void conversation.ended.then(() => client.close());
  await conversation.ready;
  return conversation;
}

/** Keeps what the process said last, to explain why it did not start. */
function lastOutput(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(-2000);
    });
  return () => text.trim();
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
