import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { hex, parseBlock } from '@medseal/evidence';
import { addOrganization } from './add-organization.ts';
import { type FabricArguments, parseArguments, usage } from './arguments.ts';
import { serveChaincode } from './container.ts';
import { lastLines, linesAfter, logFilesOf } from './logs.ts';
import { deploy, openFabric } from './network.ts';
import { genesisFile } from './plan.ts';
import { prepare } from './prepare.ts';
import { statusOf } from './status.ts';
import { requireSupervisor, stopNetwork } from './supervisor.ts';
import { buildTools } from './tools.ts';
import { upgradeChaincode } from './upgrade-chaincode.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const toolsFolder = join(root, '.medseal', 'fabric-tools');
const report = (text: string): void => console.error(`  ${text}`);

/** Resolves when somebody asks this process to stop, or when the process that started it has gone. */
function asked(): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(undefined));
  const parent = process.ppid;
  setInterval(() => process.ppid === parent || resolve(undefined), 500).unref();
  return promise;
}

async function up({ directory, organizations, regulatorId, basePort }: FabricArguments): Promise<void> {
  const stopping = asked();
  const network = await openFabric({
    ...{ directory, organizations, regulatorId, basePort, toolsFolder, report },
  });
  const ready = network.deploy().then(() => announce(network.genesisFile, directory));
  const failure = ready.then(
    () => undefined,
    (error: unknown) => error,
  );
  const gaveUp = network.processes.gaveUp.then((reason) => new Error(reason));
  const reason = await Promise.race([
    stopping,
    gaveUp,
    failure.then((error) => error ?? Promise.race([stopping, gaveUp])),
  ]);
  report('stopping …');
  await network.stop();
  if (reason !== undefined) throw reason;
}

/** What later commands must say, too, to find another folder than the default. */
function dataOption(directory: string): string {
  return directory === join(root, '.medseal', 'fabric') ? '' : ` -- --data ${directory}`;
}

function announce(genesisFile: string, directory: string): void {
  console.error(
    `Fabric runs in ${directory}. Stop it with Ctrl-C or: npm run fabric:down${dataOption(directory)}`,
  );
  const genesisHash = hex(parseBlock(readFileSync(genesisFile)).hash);
  console.log(JSON.stringify({ event: 'ready', directory, genesisFile, genesisHash }));
}

async function down({ directory }: FabricArguments): Promise<void> {
  const stopped = await stopNetwork(directory);
  console.error(stopped ? 'Stopped. The ledger is kept.' : `No Fabric network runs in ${directory}.`);
}

async function status({ directory }: FabricArguments): Promise<void> {
  const programs = await statusOf(directory);
  for (const { name, pid, port, height } of programs) {
    const ledger = height === undefined ? '' : `${height} blocks`;
    console.log(
      `  ${pid === undefined ? '✗' : '✓'} ${name.padEnd(30)} port ${String(port).padEnd(6)} ${pid === undefined ? 'not running' : `pid ${String(pid).padEnd(8)}`} ${ledger}`.trimEnd(),
    );
  }
  const running = programs.filter(({ pid }) => pid !== undefined).length;
  if (running === 0)
    console.log(
      `No Fabric network runs in ${directory}. Start one: npm run fabric:up${dataOption(directory)}`,
    );
  process.exitCode = running > 0 && running === programs.length ? 0 : 1;
}

async function logs({ directory, name, lines, follow }: FabricArguments): Promise<void> {
  const files = logFilesOf(directory, name);
  const print = (source: string, text: readonly string[]): void => {
    for (const line of text) console.log(files.length === 1 ? line : `${source}  ${line}`);
  };
  const ends = new Map<string, number>();
  for (const { name: source, file } of files) {
    const last = lastLines(file, lines);
    ends.set(file, last.end);
    print(source, last.lines);
  }
  const stopping = asked();
  while (follow) {
    for (const { name: source, file } of files.filter((each) => existsSync(each.file))) {
      const next = linesAfter(file, ends.get(file) ?? 0);
      ends.set(file, next.end);
      print(source, next.lines);
    }
    if (await Promise.race([stopping.then(() => true), delay(300).then(() => false)])) return;
  }
}

async function addOrg({ directory, organization }: FabricArguments): Promise<void> {
  requireSupervisor(directory);
  const tools = await buildTools(toolsFolder, report);
  await addOrganization(directory, tools, { organization, report });
  console.error(
    `${organization.organizationId} is a member. Its files: ${join(directory, 'organizations', organization.organizationId)}`,
  );
}

async function upgrade({ directory, version, source }: FabricArguments): Promise<void> {
  requireSupervisor(directory);
  const tools = await buildTools(toolsFolder, report);
  const upgraded = await upgradeChaincode(directory, tools, { version, source, report });
  console.error(`Chaincode ${version} is in force${upgraded ? '' : ' already'}.`);
}

/** The parts of `up` that containers take one by one (docker-compose.yml). */
async function prepareOnly(options: FabricArguments): Promise<void> {
  const { directory, organizations, regulatorId, basePort, hosts } = options;
  const tools = await buildTools(toolsFolder, report);
  await prepare({ directory, organizations, regulatorId, basePort, hosts, toolsFolder, report }, tools);
}

async function deployOnly({ directory }: FabricArguments): Promise<void> {
  await deploy(directory, await buildTools(toolsFolder, report), report);
  announce(genesisFile({ directory }), directory);
}

async function chaincodeOnly({ directory, organization }: FabricArguments): Promise<void> {
  process.exitCode = await serveChaincode(directory, organization.organizationId);
}

const commands: Record<string, (options: FabricArguments) => Promise<void>> = {
  ...{ prepare: prepareOnly, deploy: deployOnly, chaincode: chaincodeOnly },
  ...{ up, down, status, logs },
  'add-org': addOrg,
  'upgrade-chaincode': upgrade,
};

try {
  if (process.argv.slice(2).some((each) => each === '--help' || each === '-h')) {
    console.log(usage);
    process.exit(0);
  }
  const options = parseArguments(process.argv.slice(2), root);
  const command = commands[options.command];
  if (command === undefined) {
    console.error(usage);
    process.exit(2);
  }
  await command(options);
  process.exit();
} catch (error) {
  console.error(`✗ ${(error as Error).message}`);
  process.exit(1);
}
