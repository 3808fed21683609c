/**
 * What the checks look at in a column, from a profile or from the statistics of one. Statistics
 * know less: no shares of kinds, and categories only as far as they were written down.
 */
import { type ColumnProfile, categoriesOf, presentIn, typeOf } from '../profile/column.ts';
import type { InferredType, KindCounts } from '../profile/inference.ts';
import { type Cumulative, cumulativeOf, sketchOf } from '../profile/kll.ts';
import type { Profile } from '../profile/profile.ts';
import type { Counts } from './distances.ts';
import type { FeatureStatistics, Statistics } from './statistics.ts';

export interface ObservedFeature {
  readonly name: string;
  readonly type: InferredType;
  readonly present: number;
  readonly missing: number;
  /** Undefined when only statistics are known. */
  readonly kinds: KindCounts | undefined;
  /** Of columns that hold numbers; undefined without a sketch. */
  numbers(): Cumulative | undefined;
  /** Of columns that hold text. */
  categories(): { readonly counts: Counts; readonly exact: boolean } | undefined;
  /** NaN when unknown. */
  readonly min: number;
}

export interface Observed {
  readonly rows: number;
  /** In the order of the columns. */
  readonly features: ReadonlyMap<string, ObservedFeature>;
}

export function observedOf(of: Profile | Statistics): Observed {
  const [rows, features] =
    'columns' in of
      ? [of.rows, [...of.columns.values()].map((column) => fromColumn(column, of.rows))]
      : [of.dataset.item_count, of.features.map(fromStatistics)];
  return { rows, features: new Map(features.map((feature) => [feature.name, feature])) };
}

function fromColumn(column: ColumnProfile, rows: number): ObservedFeature {
  const present = presentIn(column);
  return {
    name: column.name,
    type: typeOf(column),
    present,
    missing: rows - present,
    kinds: column.kinds,
    numbers: () => (column.moments.count > 0 ? cumulativeOf(column.sketch) : undefined),
    categories: () => {
      const { counts, exact } = categoriesOf(column);
      return { counts: new Map(counts), exact };
    },
    min: column.moments.min,
  };
}

function fromStatistics(feature: FeatureStatistics): ObservedFeature {
  const { numerical_statistics: numerical, string_statistics: texts } = feature;
  const common = numerical?.common ?? texts?.common ?? feature.common;
  const present = common?.num_present ?? 0;
  const buckets = texts?.distribution.categorical.buckets ?? [];
  return {
    name: feature.name,
    type: feature.inferred_type,
    present,
    missing: common?.num_missing ?? 0,
    kinds: undefined,
    numbers: () => {
      const data = numerical?.distribution.kll.sketch.data ?? [];
      const of = cumulativeOf(sketchOf(data));
      return of.total > 0 ? of : undefined;
    },
    categories: () => {
      if (buckets.length === 0) return undefined;
      const counts = new Map(buckets.map(({ value, count }) => [value, count]));
      const counted = buckets.reduce((sum, { count }) => sum + count, 0);
      return { counts, exact: counted === present };
    },
    min: numerical?.min ?? Number.NaN,
  };
}
