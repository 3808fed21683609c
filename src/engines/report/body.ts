/**
 * What one analysis found, in plain data, for the page that shows it. Every monitor fills the same
 * shape; the page, its trends and its wording of time are made elsewhere. No markup here.
 */
import type { FeatureComparison } from './compare.ts';

export interface ReportBody {
  readonly monitor: 'Data quality' | 'Model quality' | 'Bias' | 'Feature attribution';
  /** One sentence: what was looked at and what came of it. */
  readonly summary: string;
  /** Rows that were judged. */
  readonly rows: number;
  /** In the order of the violations document. */
  readonly findings: readonly Finding[];
  /** Numbers whose course over the runs is worth a line, most telling first. */
  readonly figures: readonly Figure[];
  /** Overlaid distributions, those that moved most first. */
  readonly comparisons: readonly FeatureComparison[];
  readonly tables: readonly ReportTable[];
  readonly charts: readonly ReportChart[];
  /** What a reader must know to believe or disbelieve the rest: skipped, guarded, assumed. */
  readonly notes: readonly string[];
}

/** A violation with what to do about it. */
export interface Finding {
  /** Column, metric or facet. */
  readonly subject: string;
  /** As in the violations document: `baseline_drift_check`, `LessThanThreshold`… */
  readonly check: string;
  readonly description: string;
  readonly advice: Advice;
}

export interface Advice {
  /** What to do, in one sentence. */
  readonly action: string;
  /** Numbers of this run that speak for the action, a sentence each. */
  readonly evidence: readonly string[];
}

export interface Figure {
  /** Unique within a report, stable over runs. */
  readonly name: string;
  readonly value: number;
  /** Of chance, in the unit of the value. */
  readonly deviation?: number;
  readonly threshold?: number;
  /** On which side of the threshold a value is bad. */
  readonly badIs?: 'above' | 'below';
}

export interface ReportTable {
  readonly caption: string;
  readonly columns: readonly string[];
  /** A number is set to the right and shortened; a text is shown as it is. */
  readonly rows: readonly (readonly (string | number)[])[];
}

export type ReportChart = LineChart | BarChart;

export interface LineChart {
  readonly kind: 'lines';
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly {
    readonly name: string;
    readonly points: readonly (readonly [x: number, y: number])[];
  }[];
}

export interface BarItem {
  readonly label: string;
  readonly values: readonly number[];
}

/** Bars side by side: at most two series; of two, `baseline` comes first and `current` next. */
export interface BarChart {
  readonly kind: 'bars';
  readonly title: string;
  readonly series: readonly string[];
  readonly items: readonly BarItem[];
}
