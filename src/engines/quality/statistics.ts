/** `statistics.json`: what a profile says of each column, in the layout of the original. */
import {
  type ColumnProfile,
  categoriesOf,
  distinctIn,
  presentIn,
  typeOf,
} from '../profile/column.ts';
import type { InferredType } from '../profile/inference.ts';
import { bucketsOf, levelsOf, shrinkFactor, sketchSize } from '../profile/kll.ts';
import { deviationOf, meanOf } from '../profile/moments.ts';
import type { Profile } from '../profile/profile.ts';
import { double, type JavaJson, javaJson } from './java-json.ts';

export interface Common {
  readonly num_present: number;
  readonly num_missing: number;
}

export interface KllBucket {
  readonly lower_bound: number;
  readonly upper_bound: number;
  readonly count: number;
}

export interface NumericalStatistics {
  readonly common: Common;
  readonly mean: number;
  readonly sum: number;
  readonly std_dev: number;
  readonly min: number;
  readonly max: number;
  readonly distribution: {
    readonly kll: {
      readonly buckets: readonly KllBucket[];
      readonly sketch: {
        readonly parameters: { readonly c: number; readonly k: number };
        readonly data: readonly (readonly number[])[];
      };
    };
  };
}

export interface StringStatistics {
  readonly common: Common;
  readonly distinct_count: number;
  readonly distribution: {
    readonly categorical: {
      readonly buckets: readonly { readonly value: string; readonly count: number }[];
    };
  };
}

export interface FeatureStatistics {
  readonly name: string;
  readonly inferred_type: InferredType;
  /** For Integral and Fractional. */
  readonly numerical_statistics?: NumericalStatistics;
  /** For String. */
  readonly string_statistics?: StringStatistics;
  /** For Unknown, where nothing is present. */
  readonly common?: Common;
}

export interface Statistics {
  readonly version: number;
  readonly dataset: { readonly item_count: number };
  readonly features: readonly FeatureStatistics[];
}

export function statisticsOf(profile: Profile): Statistics {
  const features = [...profile.columns.values()].map((column) => ofColumn(column, profile.rows));
  return { version: 0, dataset: { item_count: profile.rows }, features };
}

function ofColumn(column: ColumnProfile, rows: number): FeatureStatistics {
  const present = presentIn(column);
  const common = { num_present: present, num_missing: rows - present };
  const type = typeOf(column);
  const head = { name: column.name, inferred_type: type };
  if (type === 'Unknown') return { ...head, common };
  if (type === 'String') return { ...head, string_statistics: ofTexts(column, common) };
  return { ...head, numerical_statistics: ofNumbers(column, common) };
}

function ofTexts(column: ColumnProfile, common: Common): StringStatistics {
  const buckets = categoriesOf(column).counts.map(([value, count]) => ({ value, count }));
  return { common, distinct_count: distinctIn(column), distribution: { categorical: { buckets } } };
}

function ofNumbers(column: ColumnProfile, common: Common): NumericalStatistics {
  const { moments, sketch } = column;
  const { min, max, sum } = moments;
  return {
    common,
    mean: meanOf(moments),
    sum,
    std_dev: deviationOf(moments),
    min,
    max,
    distribution: {
      kll: {
        buckets: bucketsOf(sketch, min, max).map(({ lower, upper, count }) => ({
          lower_bound: lower,
          upper_bound: upper,
          count,
        })),
        sketch: { parameters: { c: shrinkFactor, k: sketchSize }, data: levelsOf(sketch) },
      },
    },
  };
}

/** The text of the file. */
export function formatStatistics({ version, dataset, features }: Statistics): string {
  return javaJson({
    version: double(version),
    dataset: { item_count: dataset.item_count },
    features: features.map(featureJson),
  });
}

function featureJson(feature: FeatureStatistics): JavaJson {
  const { name, inferred_type, common } = feature;
  return {
    name,
    inferred_type,
    numerical_statistics: feature.numerical_statistics && numbersJson(feature.numerical_statistics),
    string_statistics: feature.string_statistics && textsJson(feature.string_statistics),
    common: common && commonJson(common),
  };
}

function commonJson({ num_present, num_missing }: Common): JavaJson {
  return { num_present, num_missing };
}

function numbersJson(of: NumericalStatistics): JavaJson {
  const { buckets, sketch } = of.distribution.kll;
  return {
    common: commonJson(of.common),
    mean: double(of.mean),
    sum: double(of.sum),
    std_dev: double(of.std_dev),
    min: double(of.min),
    max: double(of.max),
    distribution: {
      kll: {
        buckets: buckets.map((bucket) => ({
          lower_bound: double(bucket.lower_bound),
          upper_bound: double(bucket.upper_bound),
          count: double(bucket.count),
        })),
        sketch: {
          parameters: { c: double(sketch.parameters.c), k: double(sketch.parameters.k) },
          data: sketch.data.map((level) => level.map(double)),
        },
      },
    },
  };
}

function textsJson(of: StringStatistics): JavaJson {
  const buckets = of.distribution.categorical.buckets.map(({ value, count }) => ({ value, count }));
  return {
    common: commonJson(of.common),
    distinct_count: double(of.distinct_count),
    distribution: { categorical: { buckets } },
  };
}
