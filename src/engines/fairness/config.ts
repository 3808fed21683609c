/** What an analysis of bias is asked, and what it answers. Plain data; no file format here. */
import type { Interval } from './bootstrap.ts';
import type { Scale, Typing } from './column.ts';
import type { BiasValue } from './select.ts';

/** One attribute by which people may be treated differently. */
export interface BiasFacet {
  /** A column of the table. */
  readonly name: string;
  /**
   * The disadvantaged group: a list of values, or one threshold above which a continuous value
   * lies. Absent or empty: every different value in turn against all others.
   */
  readonly values?: readonly BiasValue[];
  /** How the column is read; inferred from its values when absent. */
  readonly scale?: Scale;
}

export interface BiasConfig {
  readonly label: string;
  /** Positive labels as a list, or one threshold above which a continuous label is positive. */
  readonly labelValues: readonly BiasValue[];
  readonly labelScale?: Scale;
  /** The model's answers; same values as the label. Without it and `score`: no post-training. */
  readonly predictedLabel?: string;
  /** The model's scores: the predicted label is 1 iff score > `probabilityThreshold`. */
  readonly score?: string;
  /** Default 0.5. */
  readonly probabilityThreshold?: number;
  /** At least one. */
  readonly facets: readonly BiasFacet[];
  /** Names of facets to look at together, beside each alone: `[['Sex', 'Age']]`. */
  readonly intersections?: readonly (readonly string[])[];
  /** Without it CDDL and CDDPL have an error for a value. */
  readonly groupVariable?: string;
  /** Default: all of both stages, post-training only where there are predictions. */
  readonly methods?: {
    readonly preTraining?: 'all' | readonly string[];
    readonly postTraining?: 'all' | readonly string[];
  };
  /** Columns by which the flip test finds neighbours; default: all but label, answers and facet. */
  readonly features?: readonly string[];
  /** Default `steady`. */
  readonly typing?: Typing;
  /** Bootstrap resamples for the intervals; default 200, 0 for none. */
  readonly resamples?: number;
  /** Default 0.95. */
  readonly confidence01?: number;
  /** Of the bootstrap and of the flip test's sample; default 1. */
  readonly seed?: number;
  /** Compared exactly up to this work, else a sample; default `FLIP_TEST_WORK_MAX`. */
  readonly flipTestWorkMax?: number;
}

export interface BiasAnalysis {
  readonly label: string;
  readonly labelValueOrThreshold: string;
  /** Absent when no measure of the stage was asked for. */
  readonly preTraining?: readonly FacetBias[];
  readonly postTraining?: readonly FacetBias[];
  /** Rows of the table. */
  readonly rows: number;
  /** Rows left out for want of a label, of a prediction (post-training only). */
  readonly withoutLabel: number;
  readonly withoutPrediction: number;
  /** What a reader must know to believe the numbers: dropped, sampled, assumed. */
  readonly notes: readonly string[];
}

export interface FacetBias {
  /** Name of the facet, or names joined by ` & `. */
  readonly facet: string;
  readonly valueOrThreshold: string;
  /** Rows with facet and label, and with a prediction after training. */
  readonly disadvantaged: number;
  readonly advantaged: number;
  /** Sorted by name. */
  readonly metrics: readonly BiasMetric[];
}

export interface BiasMetric {
  readonly name: string;
  readonly description: string;
  /** May be infinite, never NaN; null with `error`. */
  readonly value: number | null;
  readonly error?: string;
  /** Of the bootstrap; ends may be infinite. */
  readonly interval?: Interval;
}
