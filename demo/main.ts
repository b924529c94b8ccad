import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Alliance, resetAlliance, startAlliance } from './alliance.ts';
import { type DemoOptions, parseArguments, usage } from './arguments.ts';
import { assertLedger, mustBuildLedger } from './ledger.ts';
import { demoPorts, organizations } from './organizations.ts';
import { askWithoutConsent } from './steps/denied.ts';
import { grantConsent } from './steps/grant.ts';
import { showHistory } from './steps/history.ts';
import { askWithConsent } from './steps/released.ts';
import { revokeConsent } from './steps/revoke.ts';
import { takeIn } from './steps/take-in.ts';
import { approveMembers, createStory, type Story } from './story.ts';
import { bold, detail, formatDuration, line, red, result } from './terminal.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** One level after the other: where nothing can be made, as in /proc, Node's recursive way never comes back. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
}

function assertWritable(folder: string): void {
  try {
    makeFolder(folder);
    accessSync(folder, constants.W_OK);
  } catch {
    throw new Error(`${folder} cannot be written. Choose another folder: npm run demo -- --state FOLDER`);
  }
}

async function play(story: Story, options: DemoOptions): Promise<void> {
  const startedAt = performance.now();
  const approved = await approveMembers(story);
  if (approved > 0)
    result(
      true,
      `监管中心批准 ${approved} 家成员 · the regulator approved the members`,
      performance.now() - startedAt,
    );
  await takeIn(story, options.dataFolder ?? join(root, 'demo', 'data'));
  await askWithoutConsent(story);
  await grantConsent(story);
  await askWithConsent(story);
  await revokeConsent(story);
  await showHistory(story, root);
}

function showAddresses(alliance: Alliance): void {
  const ca = join(alliance.folder, 'ledger', 'organizations', 'hospital-a', 'msp', 'ca.pem');
  line();
  line(bold('节点地址 · Nodes'));
  for (const { organizationId, names } of organizations)
    detail(`${alliance.apiUrl(organizationId)}  ${names.zh} · ${names.en}`);
  line();
  line(bold('试一试 · Try'));
  detail(`curl --cacert ${ca} ${alliance.apiUrl('hospital-a')}/readyz`);
  detail(`curl --cacert ${ca} ${alliance.apiUrl('hospital-a')}/fhir/R4/metadata`);
  detail(`日志 · logs: ${join(alliance.folder, 'logs')}`);
}

/** Resolves when the person stops the demo, or with the reason when a process ended by itself. */
function untilStopped(alliance: Alliance): Promise<string | undefined> {
  const asked = new Promise<undefined>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.once(signal, () => resolve(undefined));
  });
  return Promise.race([asked, ...[...alliance.processes.values()].map(({ unexpectedEnd }) => unexpectedEnd)]);
}

async function run(options: DemoOptions): Promise<void> {
  const startedAt = performance.now();
  if (options.reset) resetAlliance(options.stateFolder);
  assertWritable(options.stateFolder);
  assertLedger(options.ledger, { folder: options.stateFolder, root });
  line(
    bold(
      existsSync(join(options.stateFolder, 'postgres'))
        ? '启动联盟（沿用已有数据） · Starting the alliance (keeping its data)'
        : '启动联盟 · Starting the alliance',
    ),
  );
  if (mustBuildLedger(options.ledger, root))
    detail(
      '首次启动需从源代码编译 Fabric，约一至两分钟 · building Fabric from source, once: one to two minutes',
    );
  const alliance = await startAlliance({
    folder: options.stateFolder,
    ledger: options.ledger,
    root,
    ports: demoPorts(options.basePort),
    notary: true,
    report: (zh, en, milliseconds) => result(true, `${zh} · ${en}`, milliseconds),
  });
  try {
    result(true, '联盟就绪 · alliance ready', performance.now() - startedAt);
    await play(createStory(alliance), options);
    line();
    line(bold(`全部步骤通过，共 ${formatDuration(performance.now() - startedAt)} · every step passed`));
    if (options.check) return;
    showAddresses(alliance);
    line();
    line('按 Ctrl-C 停止；数据保留，--reset 清除 · Ctrl-C stops; data is kept, --reset clears it');
    const reason = await untilStopped(alliance);
    if (reason !== undefined) throw new Error(reason);
    line('正在停止 · stopping …');
  } finally {
    await alliance.stop();
  }
}

try {
  const options = parseArguments(process.argv.slice(2), root);
  if (options.help) line(usage);
  else await run(options);
  process.exit(0);
} catch (error) {
  console.error(red(`✗ ${(error as Error).message}`));
  process.exit(1);
}
