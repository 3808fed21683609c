/**
 * Bootstrap intervals of the measures of one facet. A measure of counts is resampled exactly, as if
 * rows were drawn with replacement; the flip test redraws which rows flip and keeps its neighbours.
 */
import type { Random } from '../../kernel/random.ts';
import { binomial, type Interval, percentileInterval, resample } from './bootstrap.ts';
import { type Counts, marginsOf } from './counts.ts';
import { type FlipTest, flipTestValue } from './flip-test.ts';
import type { Measure } from './measures.ts';

/** Filled cells beyond which groups are not resampled, and so have no interval. */
const RESAMPLED_CELLS_MAX = 20_000;

export interface IntervalsInput {
  readonly counts: Counts;
  readonly groups: number;
  readonly withGroups: boolean;
  readonly measures: readonly Measure[];
  readonly flips: FlipTest | undefined;
  readonly resamples: number;
  readonly confidence01: number;
  readonly random: Random;
}

export interface Intervals {
  /** By name of the measure; one that half of the resamples cannot compute has none. */
  readonly intervals: ReadonlyMap<string, Interval>;
  /** The groups took part. */
  readonly isGrouped: boolean;
}

export function intervalsOf(input: IntervalsInput): Intervals {
  const { counts, groups, resamples, random, flips } = input;
  const filled = counts.reduce((cells, count) => cells + (count > 0 ? 1 : 0), 0);
  const isGrouped = input.withGroups && filled <= RESAMPLED_CELLS_MAX;
  const source = isGrouped ? counts : withoutGroups(counts, groups);
  const into = new Float64Array(source.length);
  const draws = new Map<string, number[]>(input.measures.map(({ name }) => [name, []]));
  for (let draw = 0; draw < resamples; draw++) {
    resample(source, into, random);
    const margins = marginsOf(into, isGrouped ? groups : 1, isGrouped);
    for (const { name, of } of input.measures) {
      const value = of?.(margins);
      if (value?.ok) draws.get(name)?.push(value.value);
    }
    if (flips) draws.get('FT')?.push(redrawn(flips, random));
  }
  const intervals = new Map<string, Interval>();
  for (const [name, values] of draws) {
    if (values.length * 2 <= resamples) continue;
    const interval = percentileInterval(values, input.confidence01);
    if (interval) intervals.set(name, interval);
  }
  return { intervals, isGrouped };
}

function redrawn(flips: FlipTest, random: Random): number {
  const { disadvantaged } = flips;
  const better = binomial(disadvantaged, flips.better / disadvantaged, random);
  const rest = disadvantaged - flips.better;
  const worse = rest === 0 ? 0 : binomial(disadvantaged - better, flips.worse / rest, random);
  return flipTestValue({ ...flips, better, worse });
}

/** The same counts with all groups as one. */
function withoutGroups(counts: Counts, groups: number): Counts {
  const side = counts.length / 2;
  const perGroup = side / groups;
  const summed = new Float64Array(2 * perGroup);
  counts.forEach((count, at) => {
    const into = (at >= side ? perGroup : 0) + (at % perGroup);
    summed[into] = (summed[into] ?? 0) + count;
  });
  return summed;
}
