import { parseArgs } from 'node:util';
import { type Bench, jsonLine, tableRows } from './harness.ts';

const benches: Record<string, () => Promise<{ bench: Bench }>> = {
  evidence: () => import('./evidence.ts'),
  policy: () => import('./policy.ts'),
  ingest: () => import('./ingest.ts'),
  'read-search': () => import('./read-search.ts'),
  exchange: () => import('./exchange.ts'),
  anchoring: () => import('./anchoring.ts'),
};

const usage = `Usage: npm run bench -- [${Object.keys(benches).join(' | ')}] [--rounds N] [--processes N] [--quick] [--json]`;

const { values, positionals } = argumentsOrExit();
const [rounds, processes] = [Number(values.rounds), Number(values.processes)];
const unknown = positionals.filter((name) => !Object.hasOwn(benches, name));
if (
  values.help ||
  unknown.length > 0 ||
  [rounds, processes].some((number) => !Number.isInteger(number) || number < 1)
) {
  (values.help ? console.log : console.error)(usage);
  process.exit(values.help ? 0 : 2);
}

function argumentsOrExit() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        rounds: { type: 'string', default: '5' },
        processes: { type: 'string', default: '1' },
        quick: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    const [what] = error instanceof Error ? error.message.split('. ') : [];
    console.error(`${what}\n${usage}`);
    process.exit(2);
  }
}

for (const name of positionals.length > 0 ? positionals : Object.keys(benches)) {
  const { bench } = await (benches[name] as () => Promise<{ bench: Bench }>)();
  if (!values.json) console.log(`\n${bench.name}: ${bench.about}`);
  const measures = await bench.run({
    rounds: values.quick ? Math.min(rounds, 2) : rounds,
    quick: values.quick,
    processes,
  });
  if (values.json) for (const measure of measures) console.log(jsonLine(measure));
  else for (const row of tableRows(measures)) console.log(row);
}
