import { npmTool, runSteps, script } from './run-step.ts';

// What was found of each file the last time, so that a second check looks at what changed.
const remembered = ['--incremental', '--tsBuildInfoFile', 'node_modules/.cache/types.tsbuildinfo'];

// Everything that needs no database and no network: format, lint, types, policies, import rules. Under 10 s.
await runSteps([
  npmTool('format and lint', 'biome', 'ci', '--error-on-warnings', '.'),
  npmTool('types', 'tsc', '-p', 'tsconfig.json', ...remembered),
  npmTool('types of the verifier page', 'tsc', '-p', 'evidence/page', '--noEmit'),
  script('policies', 'scripts/check-policy.ts'),
  npmTool('import rules', 'vitest', 'run', '--project', 'rules'),
]);
