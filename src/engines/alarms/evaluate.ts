/**
 * Which state the newest points of a metric put an alarm in: M of N points, with the published
 * rules for missing data ("Configuring how CloudWatch alarms treat missing data"; both its tables
 * are in evaluate.test.ts). Pure; it neither fetches points nor acts.
 */
import type { AlarmConfig, Comparison, StateValue } from './rows.ts';

/** One period of the evaluation range; no value means no data. */
export interface Observation {
  /** Start of the period. */
  readonly startMs: number;
  readonly value?: number;
  readonly sampleCount?: number;
}

export interface Received extends Observation {
  readonly value: number;
}

export type Rule = Pick<
  AlarmConfig,
  | 'evaluationPeriods'
  | 'datapointsToAlarm'
  | 'threshold'
  | 'comparison'
  | 'treatMissingData'
  | 'extendedStatistic'
  | 'evaluateLowSampleCountPercentile'
>;

export interface Verdict {
  readonly state: StateValue;
  /** The points with data that were judged, oldest first. */
  readonly judged: readonly Received[];
  /** How many missing points were judged as if they were breaching, or not breaching. */
  readonly filled: number;
}

/**
 * How many periods are looked at to find N with data. The original's formula is unpublished; this
 * one agrees with its published example (N=3: 5) and with what is observed for N=1.
 */
export function evaluationRange(evaluationPeriods: number): number {
  return evaluationPeriods + Math.max(Math.floor(evaluationPeriods / 3), 2);
}

const breachTests: Readonly<Record<Comparison, (value: number, threshold: number) => boolean>> = {
  GreaterThanThreshold: (value, threshold) => value > threshold,
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};

export function breaches(rule: Rule, value: number): boolean {
  return breachTests[rule.comparison](value, rule.threshold);
}

/** `range` is the newest `evaluationRange(N)` periods, oldest first. */
export function evaluate(rule: Rule, range: readonly Observation[], current: StateValue): Verdict {
  const wanted = rule.evaluationPeriods;
  const needed = rule.datapointsToAlarm ?? wanted;
  const judged = range.filter(isReceived).slice(-wanted);
  const breaching = judged.filter(({ value }) => breaches(rule, value)).length;
  const missing = wanted - judged.length;
  const treatment = rule.treatMissingData ?? 'missing';
  const decide = (state: StateValue, filled = 0): Verdict => ({ state, judged, filled });

  if (judged.some((point) => hasTooFewSamples(rule, point))) return decide(current);
  if (missing === 0) return decide(breaching >= needed ? 'ALARM' : 'OK');
  if (treatment === 'breaching') {
    return decide(breaching + missing >= needed ? 'ALARM' : 'OK', missing);
  }
  if (treatment === 'notBreaching') return decide(breaching >= needed ? 'ALARM' : 'OK', missing);
  if (judged.length === 0) return decide(treatment === 'missing' ? 'INSUFFICIENT_DATA' : current);
  if (breaching >= needed) return decide('ALARM');
  if (breaching < judged.length) return decide('OK');
  // Only breaching points and gaps: an alarm would be premature until the oldest breach is M
  // periods old, for the gaps may be data that is late.
  const oldestAge = range.length - range.findIndex(isReceived);
  return decide(treatment === 'missing' && oldestAge >= needed ? 'ALARM' : current);
}

function isReceived(point: Observation): point is Received {
  return point.value !== undefined;
}

/** Too few samples for a percentile to mean anything, where the alarm asks to leave those alone. */
function hasTooFewSamples(rule: Rule, point: Received): boolean {
  if (rule.evaluateLowSampleCountPercentile !== 'ignore') return false;
  const share01 = Number(/^p([\d.]+)$/.exec(rule.extendedStatistic ?? '')?.[1]) / 100;
  if (!(share01 > 0 && share01 < 1)) return false;
  const enough = 10 / (share01 < 0.5 ? share01 : 1 - share01);
  // One part in a billion: 10 / (1 - 0.9) is a hair above 100.
  return (point.sampleCount ?? 0) < enough * (1 - 1e-9);
}
