import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Alliance, startAlliance } from './alliance.ts';
import { type DemoOptions, parseArguments, usage } from './arguments.ts';
import { assertLedger, mustBuildLedger } from './ledger.ts';
import { bundleFiles } from './load-patients.ts';
import { demoPorts } from './organizations.ts';
import { claimStateFolder } from './state-folder.ts';
import { askWithoutConsent } from './steps/denied.ts';
import { grantConsent } from './steps/grant.ts';
import { showHistory } from './steps/history.ts';
import { askWithConsent } from './steps/released.ts';
import { revokeConsent } from './steps/revoke.ts';
import { takeIn } from './steps/take-in.ts';
import { approveMembers, createStory, type Story } from './story.ts';
import { bold, detail, formatDuration, line, red, result } from './terminal.ts';
import { showWhatNext } from './what-next.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function dataFolder(options: DemoOptions): string {
  return options.dataFolder ?? join(root, 'demo', 'data');
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
  await takeIn(story, dataFolder(options));
  await askWithoutConsent(story);
  await grantConsent(story);
  await askWithConsent(story);
  await revokeConsent(story);
  await showHistory(story, root);
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
  bundleFiles(dataFolder(options));
  const release = claimStateFolder(options.stateFolder, options);
  try {
    await runIn(options);
  } finally {
    release();
  }
}

async function runIn(options: DemoOptions): Promise<void> {
  const startedAt = performance.now();
  assertLedger(options.ledger, { folder: options.stateFolder, root });
  announce(options);
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
    const story = createStory(alliance);
    await play(story, options);
    line();
    line(bold(`全部步骤通过，共 ${formatDuration(performance.now() - startedAt)} · every step passed`));
    if (options.check) return;
    showWhatNext(story);
    const reason = await untilStopped(alliance);
    if (reason !== undefined) throw new Error(reason);
    line('正在停止 · stopping …');
  } finally {
    await alliance.stop();
  }
}

function announce({ stateFolder, ledger }: DemoOptions): void {
  line(
    bold(
      existsSync(join(stateFolder, 'postgres'))
        ? '启动联盟（沿用已有数据） · Starting the alliance (keeping its data)'
        : '启动联盟（首次约一分钟） · Starting the alliance (about a minute the first time)',
    ),
  );
  if (mustBuildLedger(ledger, root))
    detail(
      '首次启动需从源代码编译 Fabric，约一至两分钟 · building Fabric from source, once: one to two minutes',
    );
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
