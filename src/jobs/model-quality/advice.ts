/** What to do about a measure that crossed its threshold, with the numbers that speak for it. */
import { adviceFor } from '../../engines/drift/advice.ts';
import type { Constraint, Violation } from '../../engines/performance/constraints.ts';
import { deviationMinimumRows, type Performance } from '../../engines/performance/measures.ts';
import type { Advice } from '../../engines/report/body.ts';
import type { Drift } from './drift.ts';
import { causeAdvice, driftSentence } from './drift-report.ts';

export interface Situation {
  readonly performance: Performance;
  readonly constraint: Constraint | undefined;
  /** How far labels, predictions and scores moved from the baseline's, from 0 to 1. */
  readonly moved: readonly Moved[];
  readonly drift?: Drift | undefined;
}

export interface Moved {
  readonly what: 'labels' | 'predictions' | 'scores';
  readonly distance: number;
}

/** A distribution that moved by less than this is not spoken of. */
const tellingDistance = 0.05;

export function adviceOn({ measure }: Violation, situation: Situation): Advice {
  const { performance, constraint, moved, drift } = situation;
  const { rows, measures } = performance;
  const evidence: string[] = [];
  const { value, deviation } = measures[measure] ?? { value: 0 };
  const gap = Math.abs(value - (constraint?.threshold ?? value));
  if (constraint) {
    const apart = deviation ? `, ${shown(gap / deviation)} standard deviations` : '';
    evidence.push(
      `${measure} is ${shown(value)}, and its threshold is ${shown(constraint.threshold)}: ` +
        `${shown(gap)} apart${apart}.`,
    );
  }
  for (const { what, distance } of moved) {
    if (distance < tellingDistance) continue;
    evidence.push(`The distribution of ${what} moved by ${shown(distance)} from the baseline's.`);
  }
  const cause = drift && driftSentence(drift);
  if (cause !== undefined) evidence.push(cause);
  const constant = measures[`${measure}_best_constant_classifier`];
  if (constant && constant.value >= value) {
    evidence.push(`A classifier that always gives one answer reaches ${shown(constant.value)}.`);
  }
  if (rows < deviationMinimumRows) {
    evidence.push(`Only ${rows} rows were judged: the difference may be chance.`);
    return {
      action: 'Judge a longer window, or more labels, before the model is changed.',
      evidence,
    };
  }
  // Within two deviations a value crosses an exact threshold by chance every other run.
  if (deviation !== undefined && gap < 2 * deviation) {
    return {
      action: `Give the threshold of ${measure} some slack: it is the exact value of the baseline.`,
      evidence,
    };
  }
  const action = drift && causeAdvice(drift);
  if (action !== undefined) return { action, evidence };
  return adviceFor('model quality', { metric: measure, evidence });
}

function shown(value: number): string {
  return String(Number(value.toPrecision(4)));
}
