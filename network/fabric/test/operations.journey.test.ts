import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { credentials } from '@grpc/grpc-js';
import { peer } from '@hyperledger/fabric-protos';
import { hex, parseBlock } from '@medseal/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listenBlocks } from '../../../node/src/adapters/fabric/listen.ts';
import { silentLogger } from '../../../node/src/lib/logger.ts';
import { planNetwork, readState } from '../src/index.ts';
import { isAlive, runningPrograms } from '../src/leftovers.ts';
import type { FabricPlan } from '../src/plan.ts';
import { statusOf } from '../src/status.ts';
import {
  approvalOf,
  type MemberClient,
  memberClient,
  refusalOf,
  registerAll,
  untilLevel,
} from './members.ts';
import { freeBasePort, organizations, skipReason, temporaryDirectory } from './network.ts';

const reason = skipReason('commands of a real Fabric network');
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const directory = temporaryDirectory();
const list = organizations.map(({ organizationId, mspId }) => `${organizationId}:${mspId}`).join();
const plan = (): FabricPlan => {
  const state = readState(directory);
  if (state === undefined) throw new Error('no network was made');
  return planNetwork(directory, state);
};

type Result = { code: number; stdout: string; stderr: string };

/** Runs one command of the network to its end. */
async function run(...args: string[]): Promise<Result> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [
      main,
      ...args,
      '--data',
      directory,
    ]);
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as Result;
    return { code, stdout, stderr };
  }
}

type Supervisor = { child: ChildProcess; exited: Promise<number | null>; ready: { genesisHash: string } };

/** In a process group of its own, as a terminal starts a command. */
function begin(basePort: number): Omit<Supervisor, 'ready'> {
  const args = [main, 'up', '--data', directory, '--ports', String(basePort), '--organizations', list];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  return { child, exited: new Promise((resolve) => child.once('exit', resolve)) };
}

async function up(basePort: number): Promise<Supervisor> {
  const { child, exited } = begin(basePort);
  let last = '';
  child.stderr?.on('data', (text) => {
    last = String(text);
  });
  for await (const line of createInterface({ input: child.stdout as NonNullable<typeof child.stdout> }))
    if (line.includes('"ready"')) return { child, exited, ready: JSON.parse(line) };
  throw new Error(`the network did not start: ${last}`);
}

const pids = (): number[] => runningPrograms(directory).map(({ pid }) => pid);

/** Every process that works in the network's folder or was told of it, whatever is written down. */
function processesHere(): string[] {
  const lines = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,args='], { encoding: 'utf8' }).split('\n');
  return lines.filter(
    (line) => line.includes(directory) || folderOf(line.trim().split(' ')[0]) === directory,
  );
}

function folderOf(pid: string | undefined): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined; // it ended in between, or the system has no /proc
  }
}

let basePort: number;
let supervisor: Supervisor;
let members: MemberClient[] = [];
const clientOf = (organizationId: string): MemberClient => {
  const found = members.find(({ member }) => member.content.organizationId === organizationId);
  if (found === undefined) throw new Error(`no member ${organizationId}`);
  return found;
};
const connectAll = (...ids: string[]): void => {
  members = ids.map((organizationId) => memberClient({ plan }, organizationId));
};
const closeAll = (): void => {
  for (const { connection } of members.splice(0)) connection.close();
};

beforeAll(async () => {
  if (reason !== undefined) return;
  basePort = await freeBasePort(organizations.length + 1);
  supervisor = await up(basePort);
  connectAll('regulator', 'hospital-a', 'hospital-b');
  await registerAll(members);
});
afterAll(async () => {
  closeAll();
  if (reason === undefined) await run('down');
  rmSync(directory, { recursive: true, force: true });
});

describe.skipIf(reason !== undefined)('a running network', () => {
  it('says what runs and how far each ledger is, and refuses a second supervisor', async () => {
    const { code, stdout } = await run('status');
    const programs = await statusOf(directory);

    expect(code).toBe(0);
    expect(stdout.split('\n').filter((line) => line.includes('✓'))).toHaveLength(10);
    expect(new Set(programs.slice(0, 7).map(({ height }) => height)).size).toBe(1);
    const second = await run('up');
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(
      /^✗ a Fabric network runs in .* already \(process \d+\); stop it with: npm run fabric:down\n$/,
    );
  });

  it('shows the end of its logs', async () => {
    const one = await run('logs', 'orderer-1', '--lines', '3');
    const unknown = await run('logs', 'orderer-9');

    expect(one.stdout.trimEnd().split('\n')).toHaveLength(3);
    expect(unknown.stderr).toContain('there is no log orderer-9; there are: ');
  });

  it('pins the genesis block that it serves', () => {
    const genesis = readFileSync(join(directory, 'genesis.block'));

    expect(hex(parseBlock(genesis).hash)).toBe(supervisor.ready.genesisHash);
  });

  it('lets only the organisation’s own peer talk to its chaincode server', async () => {
    const [own, other] = plan().peers;
    const greet = (folder: string, tls: string): Promise<string> => {
      const pem = (name: string): Buffer => readFileSync(join(folder, tls, name));
      const root = readFileSync(join(own?.folder ?? '', 'chaincode', 'tls', 'server', 'ca.crt'));
      const client = new peer.ChaincodeClient(
        `localhost:${own?.chaincodePorts[0]}`,
        credentials.createSsl(root, pem('server.key'), pem('server.crt')),
      );
      return new Promise((resolve) => {
        const stream = client.connect();
        stream.once('data', (message: peer.ChaincodeMessage) => resolve(`type ${message.getType()}`));
        stream.once('error', () => resolve('refused'));
      }).finally(() => client.close()) as Promise<string>;
    };

    expect(await greet(own?.folder ?? '', 'chaincode/tls/peer')).toBe(
      `type ${peer.ChaincodeMessage.Type.REGISTER}`,
    );
    // Other ends of the same organisation, and the same end of another one.
    expect(await greet(own?.folder ?? '', 'tls')).toBe('refused');
    expect(await greet(other?.folder ?? '', 'chaincode/tls/peer')).toBe('refused');
  });

  it('starts a program again that was killed', async () => {
    const before = runningPrograms(directory).find(({ name }) => name === 'orderer-2')?.pid ?? 0;
    process.kill(before, 'SIGKILL');

    const pidNow = () => runningPrograms(directory).find(({ name }) => name === 'orderer-2')?.pid ?? before;
    await expect.poll(pidNow, { timeout: 10_000 }).not.toBe(before);
  });
});

describe.skipIf(reason !== undefined)('adding an organisation', () => {
  it('makes it a member with a peer of its own, by one command', async () => {
    const { code, stderr } = await run('add-org', '--name', 'hospital-d', '--msp', 'HospitalDMSP');

    expect(stderr).toContain('hospital-d is a member');
    expect(code).toBe(0);
    closeAll();
    connectAll('regulator', 'hospital-a', 'hospital-b', 'hospital-d');
    const { ledger, member } = clientOf('hospital-d');
    await ledger.submit('member', 'save', [member.json]);
    await untilLevel(members);
    await clientOf('regulator').ledger.submit('member', 'approve', approvalOf(member));
    await untilLevel(members);
    const record = [randomUUID().replaceAll('-', ''), '1', '1'.repeat(64), 'active'];
    expect(JSON.parse((await ledger.submit('consent', 'record', record)).result)).toMatchObject({
      organizationId: 'hospital-d',
    });
  });

  it('is verified by every node from the pinned genesis block on', async () => {
    const { connection, ledger } = clientOf('hospital-a');
    const height = await ledger.chainHeight();
    const stop = new AbortController();
    const configurations: string[][] = [];
    const taken: number[] = [];
    await listenBlocks({
      ...{ connection, logger: silentLogger, signal: stop.signal },
      genesis: readFileSync(join(directory, 'genesis.block')),
      genesisHash: supervisor.ready.genesisHash,
      onTrust: ({ applicationMsps }) => configurations.push([...applicationMsps.keys()].sort()),
      onBlock: async ({ number }) => {
        taken.push(number);
        if (number + 1 === height) stop.abort();
      },
    });

    expect(taken).toHaveLength(height);
    expect(configurations).toEqual([['HospitalAMSP', 'HospitalBMSP', 'HospitalDMSP', 'RegulatorMSP']]);
  });

  it('may be said again, but not of another organisation under its name', async () => {
    expect((await run('add-org', '--name', 'hospital-d', '--msp', 'HospitalDMSP')).code).toBe(0);
    const other = await run('add-org', '--name', 'hospital-d', '--msp', 'OtherMSP');
    const nameless = await run('add-org', '--name', 'Hospital E', '--msp', 'HospitalEMSP');

    expect(other.stderr).toBe('✗ two organisations share an id or an MSP id\n');
    expect(nameless.stderr).toContain('is no organisation id');
  });
});

describe.skipIf(reason !== undefined)('upgrading the chaincode', () => {
  it('brings the next version into force while members go on working', async () => {
    const { ledger } = clientOf('hospital-a');
    let working = true;
    const failures: unknown[] = [];
    const work = (async () => {
      for (; working; await delay(50)) {
        const record = [randomUUID().replaceAll('-', ''), '1', '1'.repeat(64), 'active'];
        await ledger.submit('consent', 'record', record).catch((error) => failures.push(error.code));
      }
    })();
    const { code, stderr } = await run('upgrade-chaincode', '--version', '1.1');
    working = false;
    await work;

    expect(stderr).toContain('Chaincode 1.1 is in force.');
    expect(code).toBe(0);
    // A transaction endorsed under the old definition and ordered after the new one does not count; nothing is in doubt.
    expect(new Set([...failures, 'LEDGER_NOT_COMMITTED'])).toEqual(new Set(['LEDGER_NOT_COMMITTED']));
    const servers = () =>
      runningPrograms(directory).flatMap(({ name }) => (name.startsWith('chaincode-') ? [name] : []));
    await expect
      .poll(() => servers().sort())
      .toEqual(['hospital-a', 'hospital-b', 'hospital-d', 'regulator'].map((id) => `chaincode-${id}-1.1`));
    expect((await run('upgrade-chaincode', '--version', '1.1')).stderr).toContain('in force already');
  });
});

describe.skipIf(reason !== undefined)('stopping', () => {
  it('leaves no process behind after kill -9 of the supervisor, within 10 s', async () => {
    closeAll();
    const running = pids();
    expect(running).toHaveLength(4 + 4 + 4);
    supervisor.child.kill('SIGKILL');
    await supervisor.exited;

    await expect.poll(() => pids(), { timeout: 10_000, interval: 50 }).toEqual([]);
    await expect.poll(processesHere, { timeout: 10_000 }).toEqual([]);
    expect((await run('status')).code).toBe(1);
  });

  it('is followed by a start with the same ledger, members and chaincode', async () => {
    supervisor = await up(basePort);
    connectAll('hospital-d', 'hospital-a');

    const list = JSON.parse(await clientOf('hospital-d').ledger.evaluate('member', 'list', []));
    expect(list.map(({ organizationId }: { organizationId: string }) => organizationId)).toEqual([
      'hospital-a',
      'hospital-b',
      'hospital-d',
      'regulator',
    ]);
    expect(await refusalOf(clientOf('hospital-d').ledger.evaluate('member', 'get', ['nobody']))).toBe(
      'MEMBER_ABSENT',
    );
    expect(readState(directory)?.definitions.map(({ version }) => version)).toEqual(['1.1']);
    closeAll();
  });

  it('is done with Ctrl-C, which the terminal sends to the whole process group', async () => {
    expect(processesHere().length).toBeGreaterThan(4 + 4 + 4);
    process.kill(-(supervisor.child.pid ?? 0), 'SIGINT');

    expect(await supervisor.exited).toBe(0);
    expect(processesHere()).toEqual([]);
    expect(readdirSync(directory)).not.toContain('supervisor.pid');
  });

  it('leaves no process behind after kill -9 in the middle of a start, and the next start goes on', async () => {
    const { child, exited } = begin(basePort);
    await expect.poll(() => pids().length, { timeout: 20_000, interval: 20 }).toBeGreaterThan(3);
    child.kill('SIGKILL');
    await exited;
    await expect.poll(processesHere, { timeout: 10_000 }).toEqual([]);

    supervisor = await up(basePort);
    connectAll('hospital-a');
    expect(JSON.parse(await clientOf('hospital-a').ledger.evaluate('member', 'list', []))).toHaveLength(4);
    closeAll();
  });

  it('is done from another terminal', async () => {
    const running = pids();
    const { stderr } = await run('down');

    expect(stderr).toContain('Stopped. The ledger is kept.');
    expect(running.filter(isAlive)).toEqual([]);
    expect(processesHere()).toEqual([]);
    expect(await supervisor.exited).toBe(0);
    expect(readdirSync(directory)).not.toContain('supervisor.pid');
    expect((await run('down')).stderr).toContain('No Fabric network runs in');
  });

  it('needs no second start to learn that a port is in use', async () => {
    const server = createServer().listen(basePort + 1, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { code, stderr } = await run('up');
    server.close();

    expect(code).toBe(1);
    expect(stderr).toMatch(
      new RegExp(`^✗ port ${basePort + 1} \\(orderer-1\\) is in use by another program;[^\n]*\n$`),
    );
    expect(pids()).toEqual([]);
  });
});
