/** What the environment of a model-quality job says about its data and its problem. */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { TabularFormat } from '../../ports/analytics.ts';
import { parseDatasetFormat } from '../data-quality/format.ts';

export interface Settings {
  readonly problem: 'binary' | 'multiclass' | 'regression';
  /** Records that were captured and merged, or a table with a column for each attribute. */
  readonly format: TabularFormat | 'records';
  /** Names or 0-based indices of columns; for records as in `ObservationFormat`. */
  readonly inference?: string;
  readonly probability?: string;
  readonly groundTruth?: string;
  /** The positive label is predicted when the probability is greater. */
  readonly threshold: number;
  readonly positiveLabel?: string;
}

const problems: Readonly<Record<string, Settings['problem']>> = {
  BinaryClassification: 'binary',
  MulticlassClassification: 'multiclass',
  Regression: 'regression',
};

export const defaultThreshold = 0.5;

/** A table, and rows of a preprocessor, do not say alone which column is the answer. */
export const noAnswerAttribute = 'neither inference_attribute nor probability_attribute is set';

/** Refused by the key's name. An empty value is none. */
export function settingsOf(environment: Readonly<Record<string, string>>): Outcome<Settings> {
  const given = (key: string) => environment[key]?.trim() || undefined;
  const problem = problems[given('problem_type') ?? ''];
  if (!problem) {
    return refuse(
      `problem_type must be one of ${Object.keys(problems).join(', ')}, and is ` +
        `${given('problem_type') ?? 'not set'}`,
    );
  }
  const datasetFormat = given('dataset_format');
  if (datasetFormat === undefined) {
    return refuse('the environment variable dataset_format is not set');
  }
  const format = formatOf(datasetFormat);
  if (!format.ok) return format;
  const threshold = Number(given('probability_threshold_attribute') ?? defaultThreshold);
  if (Number.isNaN(threshold) || threshold < 0 || threshold > 1) {
    return refuse(
      'probability_threshold_attribute must be a number from 0 to 1, and is ' +
        `${given('probability_threshold_attribute')}`,
    );
  }
  const keys = {
    inference: given('inference_attribute'),
    probability: given('probability_attribute'),
    groundTruth: given('ground_truth_attribute'),
    positiveLabel: given('positive_label'),
  };
  const present = Object.fromEntries(Object.entries(keys).filter(([, value]) => value));
  return ok({ problem, format: format.value, threshold, ...present });
}

function formatOf(text: string): Outcome<Settings['format']> {
  // The merge before this job names its output so; otherwise it is as what was captured.
  const plain = text.replace('"sagemakerMergeJson"', '"sagemakerCaptureJson"');
  const format = parseDatasetFormat(plain);
  if (!format.ok) return format;
  return ok(format.value.kind === 'capture' ? 'records' : format.value);
}
