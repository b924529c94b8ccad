// Starts a TypeScript entry point on the Node 24 that is installed as a dependency, installing first where needed.
// Plain JavaScript without dependencies, so that any Node >= 20 can run it on a fresh clone.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'node_modules', '.medseal-installed');
const node24 = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

function stop(message) {
  console.error(message);
  process.exit(1);
}

/** Runs npm on the given Node; `npm_execpath` is the npm that started this script, if one did. */
function npmOn(node, args) {
  const npmCli = process.env.npm_execpath;
  const path = `${dirname(node)}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH}`;
  const [command, first] = npmCli?.endsWith('.js') ? [node, [npmCli]] : ['npm', []];
  return spawnSync(command, [...first, ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: command === 'npm' && process.platform === 'win32',
    env: { ...process.env, PATH: path },
  });
}

/** Puts the Node 24 that package.json pins into a folder of its own, outside node_modules, which `npm ci` clears. */
function fetchNode24() {
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const folder = join(root, '.medseal', `node-${devDependencies.node}`);
  const binary = join(
    folder,
    'node_modules',
    'node',
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  );
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ private: true, allowScripts: { node: true } }),
  );
  const args = [
    'install',
    '--prefix',
    folder,
    '--no-audit',
    '--no-fund',
    '--no-package-lock',
    '--loglevel=error',
  ];
  const { status } = npmOn(process.execPath, [...args, `node@${devDependencies.node}`]);
  if (status !== 0 || !existsSync(binary)) {
    stop(
      'Node 24 could not be installed by npm. Check the connection to your npm registry, and that install scripts are allowed (npm config get ignore-scripts must say false).',
    );
  }
  return binary;
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
  // npm leaves out optional packages whose `engines` do not fit the Node it runs on, so it has to run on Node 24 itself.
  const npm = npmOn(major >= 24 ? process.execPath : fetchNode24(), [
    'ci',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]);
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
