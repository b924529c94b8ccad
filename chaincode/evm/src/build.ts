import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from './compile.ts';

const path = join(import.meta.dirname, 'contract.generated.json');
writeFileSync(path, `${JSON.stringify(await compile())}\n`);
