import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const evidence = new URL('../evidence/', import.meta.url);

/** `medseal-verify` as one JavaScript file without dependencies. */
export async function verifierScript(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('src/cli.ts', evidence))],
    bundle: true,
    write: false,
    minify: true,
    legalComments: 'eof',
    platform: 'node',
    format: 'esm',
    target: 'node24',
    // A package in CommonJS asks for `require`, which ECMAScript modules do not have.
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  });
  return outputFiles[0]?.text ?? '';
}

if (import.meta.main) {
  const dist = new URL('dist/', evidence);
  mkdirSync(dist, { recursive: true });
  writeFileSync(new URL('medseal-verify.mjs', dist), await verifierScript(), { mode: 0o755 });
  console.log('evidence/dist/medseal-verify.mjs');
}
