/**
 * How the errors of answers that are numbers changed: mean and spread of label minus prediction.
 * At inputs of the same kind they change where the same inputs lead to other outcomes, which makes
 * them a stand-in for concept shift; other inputs of a model that errs more there change them too.
 */
import type { AnswerSample } from './sample.ts';

export interface ResidualSide {
  readonly rows: number;
  readonly mean: number;
  /** Divided by rows − 1. */
  readonly deviation: number;
}

/** With an interval of 99 %. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface ResidualChange {
  readonly reference: ResidualSide;
  readonly current: ResidualSide;
  /** current − reference, in the unit of the label. */
  readonly meanChange: Estimate;
  /** current / reference; undefined where the reference, or the current data, do not err at all. */
  readonly deviationRatio?: Estimate;
}

export function residualsOf({ label, predicted }: AnswerSample): Float64Array {
  return Float64Array.from(label, (value, i) => value - (predicted[i] ?? 0));
}

/** Of the normal distribution: 0.5 % on either side. */
const z = 2.5758293035489004;

/**
 * The mean's interval is Welch's with the normal in place of Student's t; that of the ratio comes
 * from Var(ln s) ≈ (κ − 1)/4n, κ the kurtosis, by the delta method. Both want some 200 rows a side.
 * Undefined with fewer than two rows on a side.
 */
export function residualChange(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
): ResidualChange | undefined {
  const [a, b] = [momentsOf(reference), momentsOf(current)];
  if (a.rows < 2 || b.rows < 2) return undefined;
  const change = b.mean - a.mean;
  const reach = z * Math.sqrt(a.deviation ** 2 / a.rows + b.deviation ** 2 / b.rows);
  const head = {
    reference: { rows: a.rows, mean: a.mean, deviation: a.deviation },
    current: { rows: b.rows, mean: b.mean, deviation: b.deviation },
    meanChange: { value: change, low: change - reach, high: change + reach },
  };
  if (a.deviation === 0 || b.deviation === 0) return head;
  const logarithm = Math.log(b.deviation / a.deviation);
  const width =
    z * Math.sqrt(Math.max(0, (a.kurtosis - 1) / (4 * a.rows) + (b.kurtosis - 1) / (4 * b.rows)));
  const [value = 0, low = 0, high = 0] = [0, -width, width].map((by) => Math.exp(logarithm + by));
  return { ...head, deviationRatio: { value, low, high } };
}

function momentsOf(values: ArrayLike<number>) {
  const rows = values.length;
  let sum = 0;
  for (let i = 0; i < rows; i += 1) sum += values[i] ?? 0;
  const mean = sum / rows;
  let [second, fourth] = [0, 0];
  for (let i = 0; i < rows; i += 1) {
    const square = ((values[i] ?? 0) - mean) ** 2;
    second += square;
    fourth += square * square;
  }
  const kurtosis = second === 0 ? 0 : (rows * fourth) / (second * second);
  return { rows, mean, deviation: Math.sqrt(second / (rows - 1)), kurtosis };
}
