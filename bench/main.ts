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

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    quick: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const unknown = positionals.filter((name) => !(name in benches));
if (unknown.length > 0 || !Number.isInteger(rounds) || rounds < 1) {
  console.error(
    `Usage: npm run bench -- [${Object.keys(benches).join(' | ')}] [--rounds N] [--quick] [--json]`,
  );
  process.exit(2);
}

for (const name of positionals.length > 0 ? positionals : Object.keys(benches)) {
  const { bench } = await (benches[name] as () => Promise<{ bench: Bench }>)();
  if (!values.json) console.log(`\n${bench.name}: ${bench.about}`);
  const measures = await bench.run({
    rounds: values.quick ? Math.min(rounds, 2) : rounds,
    quick: values.quick,
  });
  if (values.json) for (const measure of measures) console.log(jsonLine(measure));
  else for (const row of tableRows(measures)) console.log(row);
}
