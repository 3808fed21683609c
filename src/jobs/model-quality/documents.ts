/** The documents of a model-quality analysis, laid out as the original prints them. */
import {
  type Constraints,
  constraintsMember,
  type Violation,
} from '../../engines/performance/constraints.ts';
import type { Performance } from '../../engines/performance/measures.ts';
import { double, type JavaJson, javaJson } from '../../engines/quality/java-json.ts';

const metricsMember: Readonly<Record<Performance['problem'], string>> = {
  binary: 'binary_classification_metrics',
  multiclass: 'multiclass_classification_metrics',
  regression: 'regression_metrics',
};

const doubles = (values: readonly number[]) => values.map(double);

export function formatStatistics(performance: Performance, evaluatedAtMs: number): string {
  const { problem, rows, measures, confusion, curves } = performance;
  const members: Record<string, JavaJson> = {};
  if (confusion) {
    const { labels, counts } = confusion;
    const named = (row: readonly number[]) =>
      Object.fromEntries(labels.map((label, i) => [label, row[i] ?? 0]));
    members['confusion_matrix'] = Object.fromEntries(
      labels.map((label, i) => [label, named(counts[i] ?? [])]),
    );
  }
  for (const [name, { value, deviation }] of Object.entries(measures)) {
    members[name] = {
      value: double(value),
      standard_deviation: deviation === undefined ? 'NaN' : double(deviation),
    };
  }
  if (curves) {
    members['receiver_operating_characteristic_curve'] = {
      false_positive_rates: doubles(curves.roc.x),
      true_positive_rates: doubles(curves.roc.y),
    };
    members['precision_recall_curve'] = {
      precisions: doubles(curves.precisionRecall.y),
      recalls: doubles(curves.precisionRecall.x),
    };
  }
  return `${javaJson({
    version: double(0),
    dataset: { item_count: rows, evaluation_time: new Date(evaluatedAtMs).toISOString() },
    [metricsMember[problem]]: members,
  })}\n`;
}

export function formatConstraints({ problem, thresholds }: Constraints): string {
  const members = [...thresholds].map(([name, { threshold, operator }]) => [
    name,
    { threshold: double(threshold), comparison_operator: operator },
  ]);
  return `${javaJson({
    version: double(0),
    [constraintsMember[problem]]: Object.fromEntries(members) as JavaJson,
  })}\n`;
}

export function formatViolations(violations: readonly Violation[]): string {
  return `${javaJson({
    violations: violations.map(({ measure, operator, description }) => ({
      constraint_check_type: operator,
      description,
      metric_name: measure,
    })),
  })}\n`;
}
