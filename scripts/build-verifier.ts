import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';

const evidence = new URL('../evidence/', import.meta.url);

/** `medseal-verify` as one JavaScript file without dependencies. */
export async function verifierScript(): Promise<string> {
  return bundled({
    entryPoints: [fileOf('src/cli.ts')],
    platform: 'node',
    target: 'node24',
  });
}

/** The verifier as one HTML page. Its policy lets in this script and this style alone, and no connection at all. */
export async function verifierPage(): Promise<string> {
  const script = await bundled({
    entryPoints: [fileOf('page/verify.ts')],
    platform: 'browser',
    target: 'es2023',
  });
  const safe = script.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
  const style = readFileSync(fileOf('page/verify.css'), 'utf8');
  const parts = new Map([
    ['SCRIPT-HASH', hashOf(safe)],
    ['STYLE-HASH', hashOf(style)],
    ['/*STYLE*/', style],
    ['/*SCRIPT*/', safe],
  ]);
  const template = readFileSync(fileOf('page/verify.html'), 'utf8');
  return template.replaceAll(
    /SCRIPT-HASH|STYLE-HASH|\/\*STYLE\*\/|\/\*SCRIPT\*\//g,
    (name) => parts.get(name) ?? '',
  );
}

async function bundled(options: BuildOptions): Promise<string> {
  const { outputFiles } = await build({
    ...options,
    bundle: true,
    write: false,
    minify: true,
    charset: 'utf8',
    legalComments: 'none',
    format: 'esm',
  });
  return outputFiles?.[0]?.text ?? '';
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

function fileOf(path: string): string {
  return fileURLToPath(new URL(path, evidence));
}

if (import.meta.main) {
  const dist = new URL('dist/', evidence);
  mkdirSync(dist, { recursive: true });
  writeFileSync(new URL('medseal-verify.mjs', dist), await verifierScript(), { mode: 0o755 });
  writeFileSync(new URL('medseal-verify.html', dist), await verifierPage());
  console.log('evidence/dist: medseal-verify.mjs, medseal-verify.html');
}
