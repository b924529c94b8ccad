import { npmTool, runSteps, script } from './run-step.ts';

await runSteps([
  script('checks', 'scripts/check.ts'),
  npmTool('units', 'vitest', 'run', '--project', 'unit'),
  npmTool('journeys', 'vitest', 'run', '--project', 'journeys'),
]);
