// Writes docker-compose.yml from the settings that `npm run fabric:up` uses: node network/fabric/compose.ts
import { writeFileSync } from 'node:fs';
import { founders } from './src/arguments.ts';
import { composeFile, composeYaml } from './src/compose.ts';

writeFileSync(new URL('../../docker-compose.yml', import.meta.url), composeYaml(composeFile(founders)));
