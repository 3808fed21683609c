/** What a built-in analysis is asked, and what it answers. */

import type { ProcessingJobRow } from '../../engines/processing/rows.ts';
import type { ReportBody } from '../../engines/report/body.ts';
import type { Dimension } from '../../engines/series/recorder.ts';
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
  /** For a run of a schedule the captured (or merged) records of its window. */
  readonly dataset: readonly InputFile[];
  readonly constraintsText?: string;
  readonly statisticsText?: string;
  /** Uploaded labels of the window and of the hours since, where a run merges them. */
  readonly groundTruth?: readonly InputFile[];
  /** The text of the object that an input brings to a local path; refused when none does. */
  textOf(localPath: string): Promise<Outcome<string>>;
  /** The files whose URI starts so. They are given back with the others when the job ends. */
  filesAt(uri: string): Promise<Outcome<readonly InputFile[]>>;
}

/** A number for the metric recorder, or the four numbers of a set. */
export interface AnalysisMetric {
  readonly metric: string;
  /** Beside those of the run itself: its endpoint and its schedule. */
  readonly dimensions?: readonly Dimension[];
  readonly value?: number;
  readonly statistics?: {
    readonly sampleCount: number;
    readonly sum: number;
    readonly minimum: number;
    readonly maximum: number;
  };
}

/** A text, or a file on this machine that is the analysis's no longer: it is moved or removed. */
export type FileContent = string | { readonly path: string };

export interface AnalysisResult {
  /** Names below the job's output, with `/` between folders, to contents. */
  readonly files: Readonly<Record<string, FileContent>>;
  readonly violations: number;
  readonly metrics: readonly AnalysisMetric[];
  /** Of what `report.html` is made. */
  readonly report?: ReportBody;
}

export interface AnalyzeOptions extends Abortable {
  /** A line for the job's log: what is going to be done, and how far it is. */
  say(line: string): void;
}

/** Refused with a reason for the job's FailureReason. */
export type Analyze = (
  job: ProcessingJobRow,
  inputs: AnalysisInputs,
  options: AnalyzeOptions,
) => Promise<Outcome<AnalysisResult>>;
