// Starts a TypeScript entry point on the Node 24 that is installed as a dependency, installing first where needed.
// Plain JavaScript without dependencies, so that any Node >= 20 can run it on a fresh clone.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'node_modules', '.medseal-installed');
const node24 = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

function stop(message) {
  console.error(message);
  process.exit(1);
}

const major = Number(process.versions.node.split('.')[0]);
if (major < 20)
  stop(
    `Medseal needs Node 20 or newer to start; this is ${process.version}. Install a current Node from nodejs.org.`,
  );

const lock = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');
const installed = existsSync(stamp) && existsSync(node24) && readFileSync(stamp, 'utf8') === lock;
if (!installed) {
  try {
    accessSync(root, constants.W_OK);
  } catch {
    stop(
      `${root} is read-only, so dependencies cannot be installed there. Clone Medseal into a folder you can write to.`,
    );
  }
  const startedAt = Date.now();
  console.error('Installing dependencies (once, about a minute) …');
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (npm.status !== 0)
    stop(
      'npm ci failed; see the lines above. Check the connection to your npm registry and run the command again.',
    );
  if (!existsSync(node24))
    stop(
      'Node 24 was not installed by npm. Allow install scripts (npm config get ignore-scripts must be false) and run again.',
    );
  writeFileSync(stamp, lock);
  console.error(`Dependencies installed in ${Math.round((Date.now() - startedAt) / 1000)} s.`);
}

const [script, ...args] = process.argv.slice(2);
const child = spawn(node24, ['--disable-warning=ExperimentalWarning', join(root, script), ...args], {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    PATH: `${dirname(node24)}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH}`,
  },
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
