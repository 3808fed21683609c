/** What a built-in analysis is asked, and what it answers. */

import type { ProcessingJobRow } from '../../engines/processing/rows.ts';
import type { Outcome } from '../../kernel/outcome.ts';
import type { Abortable } from '../../ports/metadata-store.ts';

/** A file of the analysis's inputs, on this machine. */
export interface InputFile {
  readonly path: string;
  /** Where it is from, `s3://bucket/key`: what errors name. */
  readonly uri: string;
  readonly etag: string;
}

export interface AnalysisInputs {
  readonly dataset: readonly InputFile[];
  readonly constraintsText?: string;
  readonly statisticsText?: string;
}

/** A number for the metric recorder, or the four numbers of a set. */
export interface AnalysisMetric {
  /** With the feature's name as its end. */
  readonly metric: string;
  readonly feature: string;
  readonly value?: number;
  readonly statistics?: {
    readonly sampleCount: number;
    readonly sum: number;
    readonly minimum: number;
    readonly maximum: number;
  };
}

export interface AnalysisResult {
  /** File name to text, for the job's output. */
  readonly files: Readonly<Record<string, string>>;
  readonly violations: number;
  readonly metrics: readonly AnalysisMetric[];
}

/** Refused with a reason for the job's FailureReason. */
export type Analyze = (
  job: ProcessingJobRow,
  inputs: AnalysisInputs,
  options: Abortable,
) => Promise<Outcome<AnalysisResult>>;
