import { median } from './statistics.ts';

/** One figure: ours and, where there is one, the baseline's, a value a round, measured in turn in the same run. */
export type Measure = {
  bench: string;
  measure: string;
  unit: string;
  values: number[];
  baseline?: { name: string; values: number[] };
  note?: string;
};

export type BenchOptions = {
  rounds: number;
  quick: boolean;
  /** Serving processes of each node. */
  processes: number;
};

export type Bench = { name: string; about: string; run(options: BenchOptions): Promise<Measure[]> };

const round = (value: number): number => Number(value.toPrecision(4));

/** The line `--json` prints for a measure. */
export function jsonLine({ bench, measure, unit, values, baseline }: Measure): string {
  const value = median(values);
  const reference = baseline === undefined ? undefined : median(baseline.values);
  return JSON.stringify({
    bench,
    measure,
    value: round(value),
    unit,
    baseline: reference === undefined ? null : round(reference),
    baselineName: baseline?.name ?? null,
    ratio: reference === undefined ? null : round(value / reference),
    rounds: values.length,
  });
}

const spread = (values: readonly number[]): string =>
  `${round(median(values))} (${round(Math.min(...values))}–${round(Math.max(...values))})`;

/** The rows of the table: measure, ours, baseline, ratio. */
export function tableRows(measures: readonly Measure[]): string[] {
  const rows = measures.map(({ measure, unit, values, baseline, note }) => [
    `${measure} [${unit}]`,
    spread(values),
    baseline === undefined ? '' : `${spread(baseline.values)} ${baseline.name}`,
    baseline === undefined ? '' : round(median(values) / median(baseline.values)).toFixed(2),
    note ?? '',
  ]);
  const head = ['measure', 'ours: median (min–max)', 'baseline', 'ratio', ''];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  return [head, ...rows].map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
}
