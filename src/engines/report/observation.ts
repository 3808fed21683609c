/**
 * What a comparison looks at in a column, from a profile or from recorded statistics: one shape for
 * both, so that a window can be shown over its baseline without the baseline's rows.
 */
import {
  type ColumnProfile,
  categoriesOf,
  distinctIn,
  presentIn,
  typeOf,
} from '../profile/column.ts';
import type { InferredType } from '../profile/inference.ts';
import { type Cumulative, cumulativeOf, sketchOf } from '../profile/kll.ts';
import { deviationOf, meanOf } from '../profile/moments.ts';
import type { Profile } from '../profile/profile.ts';
import type { FeatureStatistics, NumericalStatistics, Statistics } from '../quality/statistics.ts';

export interface Observation {
  readonly type: InferredType;
  readonly present: number;
  readonly rows: number;
  readonly distinct: number;
  readonly numbers?: ObservedNumbers;
  readonly categories?: ObservedCategories;
}

export interface ObservedNumbers {
  readonly mean: number;
  readonly deviation: number;
  readonly min: number;
  readonly max: number;
  readonly distribution: Cumulative;
  /** Why the distribution is not to be relied on to the last digit. */
  readonly coarse?: string;
}

export interface ObservedCategories {
  readonly counts: ReadonlyMap<string, number>;
  /** Of all values, counted or not. */
  readonly total: number;
  readonly exact: boolean;
}

export interface ObservedTable {
  readonly rows: number;
  readonly looseNumbers: boolean;
  readonly columns: ReadonlyMap<string, Observation>;
}

export function observationsOf(profile: Profile): ObservedTable {
  const { rows, looseNumbers } = profile;
  const columns = [...profile.columns.values()].map(
    (column) => [column.name, fromColumn(column, rows)] as const,
  );
  return { rows, looseNumbers, columns: new Map(columns) };
}

function fromColumn(column: ColumnProfile, rows: number): Observation {
  const [type, present] = [typeOf(column), presentIn(column)];
  const head = { type, present, rows, distinct: distinctIn(column) };
  if (type === 'Unknown') return head;
  if (type === 'String') {
    const { counts, exact } = categoriesOf(column);
    return { ...head, categories: { counts: new Map(counts), total: present, exact } };
  }
  const { moments } = column;
  const { min, max } = moments;
  return {
    ...head,
    numbers: {
      mean: meanOf(moments),
      deviation: deviationOf(moments),
      min,
      max,
      distribution: cumulativeOf(column.sketch),
    },
  };
}

export function observationsOfStatistics({ dataset, features }: Statistics): ObservedTable {
  const columns = features.map((of) => [of.name, fromStatistics(of, dataset.item_count)] as const);
  return { rows: dataset.item_count, looseNumbers: false, columns: new Map(columns) };
}

function fromStatistics(of: FeatureStatistics, itemCount: number): Observation {
  const { numerical_statistics: numerical, string_statistics: texts } = of;
  const common = numerical?.common ?? texts?.common ?? of.common;
  const present = common?.num_present ?? 0;
  const rows = common ? present + common.num_missing : itemCount;
  const head = { type: of.inferred_type, present, rows };
  if (numerical) {
    const numbers = numbersOf(numerical);
    const distinct = numbers?.distribution.values.length ?? 0;
    return { ...head, distinct, ...(numbers ? { numbers } : {}) };
  }
  const buckets = texts?.distribution.categorical.buckets ?? [];
  const counts = new Map(buckets.map(({ value, count }) => [value, count]));
  const counted = buckets.reduce((sum, { count }) => sum + count, 0);
  const distinct = texts?.distinct_count ?? 0;
  if (!texts || buckets.length === 0) return { ...head, distinct };
  const total = Math.max(present, counted);
  return { ...head, distinct, categories: { counts, total, exact: counted === total } };
}

function numbersOf(of: NumericalStatistics): ObservedNumbers | undefined {
  const { mean, std_dev: deviation, min, max } = of;
  const sketched = cumulativeOf(sketchOf(of.distribution.kll.sketch.data));
  const head = { mean, deviation, min, max };
  if (sketched.total > 0) return { ...head, distribution: sketched };
  const distribution = ofBuckets(of);
  if (distribution.total === 0) return undefined;
  return { ...head, distribution, coarse: 'the baseline has ten buckets of it and no sketch' };
}

const pointsInBucket = 20;

/** Values spread evenly over each bucket. */
function ofBuckets({ distribution }: NumericalStatistics): Cumulative {
  const values: number[] = [];
  const upTo: number[] = [];
  let total = 0;
  for (const { lower_bound, upper_bound, count } of distribution.kll.buckets) {
    const width = upper_bound - lower_bound;
    const points = width > 0 ? pointsInBucket : 1;
    for (let i = 0; i < points && count > 0; i += 1) {
      total += count / points;
      const value = lower_bound + (width * (i + 0.5)) / points;
      if (values.length > 0 && values[values.length - 1] === value) upTo[upTo.length - 1] = total;
      else {
        values.push(value);
        upTo.push(total);
      }
    }
  }
  return { values: Float64Array.from(values), upTo: Float64Array.from(upTo), total };
}
