/**
 * What to do about a finding of each kind, as a table. The evidence is the caller's: numbers of the
 * run that speak for the action. Nothing is measured here.
 */

/** As a report has it. */
export interface Advice {
  readonly action: string;
  readonly evidence: readonly string[];
}

export type FindingKind =
  | 'data quality'
  | 'missing values'
  | 'new categories'
  | 'missing column'
  | 'covariate drift'
  | 'prediction drift'
  | 'label shift'
  | 'concept shift'
  | 'model quality'
  | 'bias'
  | 'attribution';

/** What a finding is about, where it is about something: a column, a metric, a facet. */
export interface AdviceEvidence {
  readonly subject?: string;
  readonly facet?: string;
  readonly metric?: string;
  /** Sentences with the numbers of the run. */
  readonly evidence?: readonly string[];
}

type Wording = (of: { readonly subject: string; readonly facet: string; metric: string }) => string;

const actions: Readonly<Record<FindingKind, Wording>> = {
  'data quality': ({ subject }) =>
    `Investigate the data pipeline that fills ${subject} before the model: a retrained model ` +
    'would learn the fault.',
  'missing values': ({ subject }) =>
    `Look at the producer of ${subject}: values that used to arrive no longer do.`,
  'new categories': ({ subject }) =>
    `Look at the producer of ${subject}: it sends values the baseline does not know; where they ` +
    'are right, make a new baseline and retrain with them.',
  'missing column': ({ subject }) =>
    `Look at the producer of ${subject}: the columns are not those of the baseline.`,
  'covariate drift': ({ subject }) =>
    `Find out why ${subject} moved; where the change is real and stays, retrain with recent data.`,
  'prediction drift': ({ subject }) =>
    `Compare the inputs behind ${subject} with the baseline, and label a sample of recent ` +
    'records: predictions moved before labels can say why.',
  'label shift': ({ subject }) =>
    `Adjust the decision threshold or the class weights for the new shares of ${subject}, and ` +
    'retrain with recent data where the change stays.',
  'concept shift': () =>
    'Retrain on a sliding window of recent data: the same inputs now lead to other outcomes, so ' +
    'older records mislead.',
  'model quality': ({ metric }) =>
    `Retrain with recent data: ${metric} is worse than at the baseline.`,
  bias: ({ facet, metric }) =>
    `Retrain, and investigate how ${facet} is treated: ${metric} moved away from its baseline.`,
  attribution: ({ subject }) =>
    `Review the features, ${subject} first: the model now leans on others than at the baseline.`,
};

export function adviceFor(kind: FindingKind, of: AdviceEvidence = {}): Advice {
  const { subject = 'the data', facet = 'each group', metric = 'the metric', evidence = [] } = of;
  return { action: actions[kind]({ subject, facet, metric }), evidence };
}

/** Kinds of the checks in the violations documents of all four monitors. */
const kindsOfChecks: Readonly<Record<string, FindingKind>> = {
  data_type_check: 'data quality',
  completeness_check: 'missing values',
  categorical_values_check: 'new categories',
  missing_column_check: 'missing column',
  extra_column_check: 'missing column',
  baseline_drift_check: 'covariate drift',
  LessThanThreshold: 'model quality',
  GreaterThanThreshold: 'model quality',
  bias_drift_check: 'bias',
  feature_attribution_drift_check: 'attribution',
};

/** Of a check this table does not know: data quality, where every investigation starts. */
export function kindOfCheck(check: string): FindingKind {
  return kindsOfChecks[check] ?? 'data quality';
}
