import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { common, gateway, peer } from '@hyperledger/fabric-protos';
import { blockHash } from './blocks/block.ts';
import { openChain } from './chain.ts';
import { superviseChaincode } from './chaincode/supervise.ts';
import { type Clock, systemClock } from './clock.ts';
import { SoloError, textOf } from './errors.ts';
import { lockDirectory } from './lock.ts';
import { type Log, silentLog } from './log.ts';
import { createNetwork, type Organization } from './material/create-network.ts';
import { assertOrganizations, type Network, networkExists, openNetwork } from './material/open-network.ts';
import { createMembership } from './membership.ts';
import { createOrderer } from './orderer.ts';
import { createOwnEndorsements } from './own-endorsements.ts';
import { parse } from './protobuf.ts';
import type { ServiceContext } from './services/context.ts';
import { deliverService } from './services/deliver.ts';
import { gatewayService } from './services/gateway.ts';
import { hex } from './signature.ts';

export type StartLedgerOptions = {
  directory: string;
  /** 0 or absent: any free port. */
  port?: number;
  /** Only this machine can connect, unless another address is given. */
  host?: string;
  /** Makes the network on first start; later it must be the same. */
  organizations?: readonly Organization[];
  /** Folder of the chaincode's package.json; Medseal's own unless given. */
  chaincodeDirectory?: string;
  /** How long the chaincode may work on one transaction; 30 s unless given. */
  runMilliseconds?: number;
  clock?: Clock;
  log?: Log;
  /** Called once if the ledger can no longer go on; it must be closed then. */
  onFailure?: (error: unknown) => void;
};

export type Ledger = {
  port: number;
  /** Hash of the channel's first block, hex: what a verifier pins. */
  genesisHash: string;
  close(): Promise<void>;
};

const shutdownMilliseconds = 1000;

/** Said at every start, and for a verifier in the channel's configuration. */
export const warning =
  'All keys of this ledger lie on one machine. Whoever holds the machine can write any history: its evidence binds nobody. For demonstration and tests only.';

/** Starts the ledger in this process; resolves when a client can be endorsed. */
export async function startLedger(options: StartLedgerOptions): Promise<Ledger> {
  const { directory, log = silentLog } = options;
  const unlock = lockDirectory(directory);
  const opened: (() => Promise<void>)[] = [async () => unlock()];
  const close = async (): Promise<void> => {
    for (const release of opened.splice(0).reverse()) await release();
  };
  try {
    const network = await openOrCreate(options);
    log('warning', { message: warning });
    const context = await openContext(network, options, opened);
    const port = await serve(context, options, opened);
    return { port, genesisHash: genesisHashOf(network), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openOrCreate({
  directory,
  organizations,
  clock = systemClock,
}: StartLedgerOptions): Promise<Network> {
  if (!networkExists(directory)) {
    if (organizations === undefined)
      throw new SoloError(
        'NETWORK_INCOMPLETE',
        `there is no network in ${directory}, and no organisations to make one`,
      );
    await createNetwork({ directory, organizations, clock });
  }
  const network = openNetwork(directory);
  if (organizations !== undefined) assertOrganizations(network, organizations);
  return network;
}

/** Opens everything in the order in which it depends on one another; `opened` is undone from its end. */
async function openContext(
  network: Network,
  {
    clock = systemClock,
    log = silentLog,
    chaincodeDirectory,
    runMilliseconds,
    onFailure,
  }: StartLedgerOptions,
  opened: (() => Promise<void>)[],
): Promise<ServiceContext> {
  const membership = createMembership(network, clock);
  const ownEndorsements = createOwnEndorsements();
  const { chain, tornBytes } = await openChain(network, { membership, ownEndorsements });
  opened.push(() => chain.close());
  if (tornBytes > 0) log('warning', { message: 'an unfinished block was cut off', bytes: tornBytes });
  const moduleDirectory = chaincodeDirectory ?? defaultChaincodeDirectory();
  const chaincode = await superviseChaincode(network, { moduleDirectory, log, runMilliseconds });
  opened.push(() => chaincode.close());
  const orderer = createOrderer(chain, (error) => {
    log('error', { message: textOf(error) });
    onFailure?.(error);
  });
  return { network, membership, ownEndorsements, chain, orderer, chaincode, clock, log };
}

async function serve(
  context: ServiceContext,
  { port = 0, host = '127.0.0.1' }: StartLedgerOptions,
  opened: (() => Promise<void>)[],
): Promise<number> {
  const { tls } = context.network;
  const server = new Server({ 'grpc.max_receive_message_length': 4 * 1024 * 1024 });
  server.addService(gateway.GatewayService, gatewayService(context));
  server.addService(peer.DeliverService, deliverService(context));
  const pair = { private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.certificate) };
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, ServerCredentials.createSsl(null, [pair]), (error, actual) =>
      error === null
        ? resolve(actual)
        : reject(new SoloError('PORT_UNAVAILABLE', `port ${port}: ${error.message}`)),
    );
  });
  opened.push(async () => {
    // What was taken is committed and told; then the streams end, and with them the calls.
    await context.orderer.close();
    context.chain.stopWaiting();
    await shutDown(server);
  });
  return bound;
}

/** Lets running calls end for a moment, then ends them. */
async function shutDown(server: Server): Promise<void> {
  const timer = setTimeout(() => server.forceShutdown(), shutdownMilliseconds);
  await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  clearTimeout(timer);
}

function genesisHashOf({ genesis }: Network): string {
  return hex(blockHash(parse(common.Block, genesis, 'genesis block')));
}

function defaultChaincodeDirectory(): string {
  return dirname(fileURLToPath(import.meta.resolve('@medseal/chaincode/package.json')));
}
