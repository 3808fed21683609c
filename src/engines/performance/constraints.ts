/**
 * Thresholds of a model's quality: suggested from a baseline, read from a document that people
 * edit, and judged. How documents are printed is the business of others.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Measure, Performance } from './measures.ts';

/** On which side of the threshold a value is bad. */
export type Operator = 'LessThanThreshold' | 'GreaterThanThreshold';

export interface Constraint {
  readonly threshold: number;
  readonly operator: Operator;
}

export interface Constraints {
  readonly problem: Performance['problem'];
  /** By the measure's name, in the document's order. */
  readonly thresholds: ReadonlyMap<string, Constraint>;
}

/** The documents' member for each problem. */
export const constraintsMember: Readonly<Record<Performance['problem'], string>> = {
  binary: 'binary_classification_constraints',
  multiclass: 'multiclass_classification_constraints',
  regression: 'regression_constraints',
};

const badAbove = new Set(['false_positive_rate', 'false_negative_rate', 'mae', 'mse', 'rmse']);

export function operatorOf(name: string): Operator {
  return badAbove.has(name) ? 'GreaterThanThreshold' : 'LessThanThreshold';
}

/**
 * The exact values of the baseline, without slack, as in the original. What the best constant
 * classifier reaches is a property of the labels, `r2_standard` is beside what the original has,
 * and a value that is a convention was never reached: there are no constraints for them.
 */
export function suggestConstraints({ problem, measures }: Performance): Constraints {
  const judged = Object.entries(measures).filter(
    ([name, { caveat }]) =>
      caveat === undefined && !name.endsWith('_best_constant_classifier') && name !== 'r2_standard',
  );
  const thresholds = judged.map(
    ([name, { value }]) => [name, { threshold: value, operator: operatorOf(name) }] as const,
  );
  return { problem, thresholds: new Map(thresholds) };
}

/** Reads a document of the original, or one that was edited; refused by the member's name. */
export function parseConstraints(text: string): Outcome<Constraints> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const document = (typeof value === 'object' ? value : undefined) as Record<string, unknown>;
  const problems = Object.keys(constraintsMember) as Performance['problem'][];
  const present = problems.filter((problem) => document?.[constraintsMember[problem]]);
  const [problem] = present;
  if (!problem || present.length > 1) {
    return refuse(`must have one of ${Object.values(constraintsMember).join(', ')}`);
  }
  const member = constraintsMember[problem];
  const given = document[member];
  if (typeof given !== 'object' || Array.isArray(given)) {
    return refuse(`${member} must be an object`);
  }
  const thresholds = new Map<string, Constraint>();
  for (const [name, entry] of Object.entries(given as Record<string, unknown>)) {
    const constraint = constraintOf(entry);
    if (!constraint.ok) return refuse(`${member}.${name}${constraint.reason}`);
    thresholds.set(name, constraint.value);
  }
  return ok({ problem, thresholds });
}

function constraintOf(entry: unknown): Outcome<Constraint> {
  const { threshold, comparison_operator: operator } = (entry ?? {}) as Record<string, unknown>;
  // A number in quotes is what editors leave behind.
  const number = typeof threshold === 'string' ? Number(threshold.trim() || 'x') : threshold;
  if (typeof number !== 'number' || !Number.isFinite(number)) {
    return refuse(`.threshold must be a number, and is ${JSON.stringify(threshold) ?? 'missing'}`);
  }
  if (operator !== 'LessThanThreshold' && operator !== 'GreaterThanThreshold') {
    return refuse(
      '.comparison_operator must be LessThanThreshold or GreaterThanThreshold, ' +
        `and is ${JSON.stringify(operator) ?? 'missing'}`,
    );
  }
  return ok({ threshold: number, operator });
}

export interface Violation {
  readonly measure: string;
  readonly operator: Operator;
  readonly description: string;
}

export interface Judgement {
  readonly violations: readonly Violation[];
  /** Constraints that were not judged, and why. */
  readonly notes: readonly string[];
}

/** Compares plain values: the deviation is told, but widens nothing. */
export function judge(
  { measures }: Performance,
  { thresholds }: Constraints,
  /** Of a double, as the documents print it. */
  numberText: (value: number) => string,
): Judgement {
  const violations: Violation[] = [];
  const notes: string[] = [];
  for (const [name, { threshold, operator }] of thresholds) {
    const measure = measures[name];
    if (!measure || measure.caveat !== undefined) {
      const why = measure?.caveat ?? 'it cannot be computed from these rows';
      notes.push(`The constraint of ${name} was not judged: ${why}.`);
      continue;
    }
    const { value } = measure;
    const isBad = operator === 'LessThanThreshold' ? value < threshold : value > threshold;
    if (!isBad) continue;
    const description =
      `Metric ${name} with ${measured(measure, numberText)} was ${operator} ` +
      `'${numberText(threshold)}'`;
    violations.push({ measure: name, operator, description });
  }
  return { violations, notes };
}

function measured({ value, deviation }: Measure, numberText: (value: number) => string): string {
  if (deviation === undefined) return numberText(value);
  return `${numberText(value)} +/- ${numberText(deviation)}`;
}
