import { npmTool, runSteps } from './run-step.ts';

await runSteps([npmTool('format', 'biome', 'check', '--write', '.')]);
