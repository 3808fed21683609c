/** Kept distributions of a baseline, and rows, as the columns that a comparison looks at. */
import { cumulativeOfSample } from '../../engines/drift/samples.ts';
import { type Distribution, mostPoints } from '../../engines/performance/distribution.ts';
import type { Observation } from '../../engines/report/observation.ts';

/** Of the values themselves, or else of the points that are kept of them. */
export function numbersObserved(
  values: ArrayLike<number> | undefined,
  kept: Distribution | undefined,
  rows: number,
): Observation | undefined {
  const points = kept && 'quantiles' in kept ? kept.quantiles : undefined;
  const of = values ?? points;
  if (!of || of.length === 0) return undefined;
  const distribution = cumulativeOfSample(of);
  const isCoarse = values === undefined && rows > mostPoints;
  return {
    type: 'Fractional',
    present: of.length,
    rows: of.length,
    distinct: distribution.values.length,
    numbers: {
      ...momentsOf(of),
      min: distribution.values[0] ?? 0,
      max: distribution.values.at(-1) ?? 0,
      distribution,
      ...(isCoarse ? { coarse: `the baseline has ${mostPoints} points of it and no sample` } : {}),
    },
  };
}

function momentsOf(values: ArrayLike<number>) {
  const { length } = values;
  let [sum, squares] = [0, 0];
  for (let i = 0; i < length; i += 1) sum += values[i] ?? 0;
  const mean = sum / length;
  for (let i = 0; i < length; i += 1) squares += ((values[i] ?? 0) - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / length) };
}

/** Of labels, by their shares of all rows. */
export function sharesObserved(
  of: Distribution | undefined,
  rows: number,
): Observation | undefined {
  if (!of || !('shares' in of)) return undefined;
  const counted = Object.entries(of.shares).map(
    ([label, share01]) => [label, Math.round(share01 * rows)] as const,
  );
  const counts = new Map(counted.filter(([, count]) => count > 0));
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  return {
    type: 'String',
    present: total,
    rows: total,
    distinct: counts.size,
    categories: { counts, total, exact: true },
  };
}
