/** Median of a non-empty list. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** Nearest-rank percentile of a non-empty list; `fraction` from 0 to 1. */
export function percentile(values: readonly number[], fraction: number): number {
  if (values.length === 0) throw new Error('no values');
  const sorted = [...values].sort((a, b) => a - b);
  const rank =
    fraction === 0.5 && sorted.length % 2 === 0
      ? undefined
      : Math.max(0, Math.ceil(fraction * sorted.length) - 1);
  if (rank !== undefined) return sorted[rank] as number;
  const middle = sorted.length / 2;
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
