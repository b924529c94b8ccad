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

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const stopping = '正在停止 · stopping …';

/** Ends this process at a signal while the alliance starts; what it has started notices and ends itself. */
function stopWhileStarting(): () => void {
  const end = (): void => {
    line(stopping);
    process.exit(1);
  };
  for (const signal of signals) process.on(signal, end);
  return () => {
    for (const signal of signals) process.off(signal, end);
  };
}

/** Resolves when the person stops the demo, or with the reason when a process ended by itself. */
function untilStopped(alliance: Alliance): Promise<string | undefined> {
  const asked = new Promise<undefined>((resolve) => {
    for (const signal of signals) process.once(signal, () => resolve(undefined));
  });
  return Promise.race([asked, ...[...alliance.processes.values()].map(({ unexpectedEnd }) => unexpectedEnd)]);
}

async function run(options: DemoOptions): Promise<void> {
  bundleFiles(dataFolder(options));
  process.on('exit', claimStateFolder(options.stateFolder, options));
  const startedAt = performance.now();
  assertLedger(options.ledger, { folder: options.stateFolder, root });
  announce(options);
  const started = stopWhileStarting();
  const alliance = await startAlliance({
    folder: options.stateFolder,
    ledger: options.ledger,
    root,
    ports: demoPorts(options.basePort),
    notary: true,
    report: (zh, en, milliseconds) => result(true, `${zh} · ${en}`, milliseconds),
  });
  const stopped = untilStopped(alliance);
  started();
  try {
    result(true, '联盟就绪 · alliance ready', performance.now() - startedAt);
    await playUntilStopped(createStory(alliance), { options, startedAt, stopped });
  } finally {
    await alliance.stop();
  }
}

type Playing = { options: DemoOptions; startedAt: number; stopped: Promise<string | undefined> };

/** Plays the steps and waits; throws when it was stopped before the last step, or when a process ended by itself. */
async function playUntilStopped(story: Story, { options, startedAt, stopped }: Playing): Promise<void> {
  let isPlayed = false;
  const played = play(story, options).then(() => {
    isPlayed = true;
  });
  const early = await Promise.race([played, stopped]);
  if (isPlayed) {
    line();
    line(bold(`全部步骤通过，共 ${formatDuration(performance.now() - startedAt)} · every step passed`));
    if (options.check) return;
    showWhatNext(story);
  }
  const reason = early ?? (await stopped);
  if (reason !== undefined) throw new Error(reason);
  line(stopping);
  if (!isPlayed) throw new Error('未演示完即停止 · stopped before the last step');
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
