#!/usr/bin/env node
const oldest = 24;
const major = Number(process.versions.node.split('.')[0]);
if (major < oldest) {
  console.error(
    `medseal-verify 需要 Node ${oldest} 或更新版本 · needs Node ${oldest} or newer; this is ${process.version}. 用浏览器打开 medseal-verify.html 亦可 · medseal-verify.html needs a browser only. In the repository: npm run verify -- FILE --policy TRUST.json`,
  );
  process.exit(2);
}
const { existsSync } = process.getBuiltinModule('node:fs');

// The published package has one file without dependencies (scripts/build-verifier.ts); the repository runs its source.
const built = new URL('../dist/medseal-verify.mjs', import.meta.url);
await import(existsSync(built) ? built : new URL('../src/cli.ts', import.meta.url));
