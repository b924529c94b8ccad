import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { founders } from '../src/arguments.ts';
import { type ComposeService, composeFile } from '../src/compose.ts';
import { buildTools, type FabricTools } from '../src/tools.ts';
import { skipReason, temporaryDirectory, toolsFolder } from './network.ts';

const reason = skipReason('the commands of docker-compose.yml on a real Fabric network');
const root = fileURLToPath(new URL('../../../', import.meta.url));
const directory = temporaryDirectory();
const { services } = composeFile(founders);
const children: ChildProcess[] = [];

/** What a container sees, as this machine has it: the volume is a folder, every host is this one. */
function here(text: string): string {
  const [host = '', port] = text.split(':');
  const local =
    host === '0.0.0.0' || (port !== undefined && host in services)
      ? `127.0.0.1${text.slice(host.length)}`
      : text;
  return local.replaceAll(/^(\[?)\/network(?=$|\/)/g, `$1${directory}`);
}

const commandOf = ({ command = [] }: ComposeService): string[] =>
  command
    .slice(1)
    .filter((argument) => argument !== '--container-names')
    .map(here);

function start(name: string, [program, ...args]: [string, ...string[]]): void {
  const environment = Object.entries(services[name]?.environment ?? {}).map(([key, value]) => [
    key,
    here(value),
  ]);
  mkdirSync(join(directory, 'logs'), { recursive: true });
  const log = openSync(join(directory, 'logs', `${name}.log`), 'a');
  const env = { PATH: '/usr/bin:/bin', ...Object.fromEntries(environment) };
  children.push(spawn(program, args, { env, cwd: root, stdio: ['ignore', log, log] }));
}

function startAll(tools: FabricTools): void {
  for (const [name, service] of Object.entries(services)) {
    if (name.startsWith('orderer-')) start(name, [tools.orderer]);
    if (name.startsWith('peer-')) start(name, [tools.peer, 'node', 'start']);
    if (name.startsWith('chaincode-')) start(name, [process.execPath, ...commandOf(service)]);
  }
}

const job = (name: string) =>
  promisify(execFile)(process.execPath, services[name] === undefined ? [] : commandOf(services[name]), {
    cwd: root,
  });

afterAll(async () => {
  const ended = children.map((child) => new Promise((resolve) => child.once('exit', resolve)));
  for (const child of children) child.kill('SIGTERM');
  await Promise.all(ended);
  rmSync(directory, { recursive: true, force: true });
});

describe.skipIf(reason !== undefined)(
  'docker-compose.yml, its commands and environment run without containers',
  () => {
    it('prepares, starts and deploys the alliance', async () => {
      const tools = await buildTools(toolsFolder, () => undefined);
      await job('prepare');
      startAll(tools);
      const { stdout, stderr } = await job('deploy');

      expect(JSON.parse(stdout)).toMatchObject({ event: 'ready', directory });
      expect(stderr).toContain('every organisation’s gateway finds endorsers');
    });
  },
);
