#!/usr/bin/env node
const { existsSync } = process.getBuiltinModule('node:fs');

// The published package has one file without dependencies (scripts/build-verifier.ts); the repository runs its source.
const built = new URL('../dist/medseal-verify.mjs', import.meta.url);
await import(existsSync(built) ? built : new URL('../src/cli.ts', import.meta.url));
