import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startFabric } from './network.ts';
import { leftovers, repositoryRoot } from './processes.ts';

const usage = `Usage: npm run fabric:up | fabric:down | fabric:status -- [options]

  --data FOLDER          where the network lives (default .medseal/fabric)
  --ports NUMBER         first of the ports used (default 9100)
  --organizations LIST   id:MspId,… ; the first start fixes them (default regulator and hospitals a, b, c)
  --regulator ID         which of them is the regulator (default regulator)`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: 'string', default: '.medseal/fabric' },
    ports: { type: 'string', default: '9100' },
    regulator: { type: 'string', default: 'regulator' },
    organizations: {
      type: 'string',
      default:
        'regulator:RegulatorMSP,hospital-a:HospitalAMSP,hospital-b:HospitalBMSP,hospital-c:HospitalCMSP',
    },
  },
});
const directory = resolve(repositoryRoot, values.data);
const supervisorFile = join(directory, 'supervisor.pid');

function parseOrganizations(list: string): { organizationId: string; mspId: string }[] {
  return list.split(',').map((pair) => {
    const [organizationId, mspId] = pair.split(':');
    if (!organizationId || !mspId) throw new Error('--organizations takes id:MspId,id:MspId,…');
    return { organizationId, mspId };
  });
}

async function up(): Promise<void> {
  const network = await startFabric({
    directory,
    toolsFolder: join(repositoryRoot, '.medseal', 'fabric-tools'),
    organizations: parseOrganizations(values.organizations),
    regulatorId: values.regulator,
    basePort: Number(values.ports),
    report: (text) => console.error(`  ${text}`),
  });
  writeFileSync(supervisorFile, String(process.pid));
  const genesisHash = createHash('sha256').update(readFileSync(network.genesisFile)).digest('hex');
  console.error(`Fabric runs in ${directory}. Stop it with Ctrl-C or: npm run fabric:down`);
  console.log(
    JSON.stringify({
      event: 'ready',
      directory,
      genesisFile: network.genesisFile,
      genesisFileSha256: genesisHash,
    }),
  );
  const asked = new Promise<string>((stop) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop(''));
  });
  const reason = await Promise.race([asked, network.processes.unexpectedEnd]);
  await network.stop();
  rmSync(supervisorFile, { force: true });
  if (reason !== '') throw new Error(reason);
}

async function down(): Promise<void> {
  if (!existsSync(supervisorFile)) {
    console.error('No Fabric network runs here.');
    return;
  }
  process.kill(Number(readFileSync(supervisorFile, 'utf8')), 'SIGTERM');
  const deadline = Date.now() + 30_000;
  while (existsSync(supervisorFile) && Date.now() < deadline)
    await new Promise((wake) => setTimeout(wake, 100));
  console.error(
    existsSync(supervisorFile) ? 'The network did not stop within 30 s.' : 'Stopped. The ledger is kept.',
  );
}

function status(): void {
  const running = leftovers(directory);
  for (const { name, pid } of running) console.log(`  ✓ ${name.padEnd(28)} pid ${pid}`);
  if (running.length === 0) console.log('No Fabric network runs here. Start one: npm run fabric:up');
  process.exitCode = running.length === 0 ? 1 : 0;
}

const commands: Record<string, () => Promise<void> | void> = { up, down, status };
const command = commands[positionals[0] ?? ''];
if (command === undefined) {
  console.error(usage);
  process.exit(2);
}
try {
  await command();
} catch (error) {
  console.error(`✗ ${(error as Error).message}`);
  process.exit(1);
}
