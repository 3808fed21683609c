/** The quality of answers that are numbers. */
import type { Random } from '../../kernel/random.ts';
import { type Performance, type Values, withDeviations } from './measures.ts';

export interface RegressionAnswers {
  /** Finite numbers, one of each array for each row. */
  readonly actual: Float64Array;
  readonly predicted: Float64Array;
}

export interface RegressionOptions {
  readonly random: Random;
  /**
   * `r2` as the original computes it: with labels and predictions swapped, so against the spread
   * of the predictions. Otherwise the textbook's, which is always there as `r2_standard`.
   */
  readonly parity: boolean;
}

/** `mae`, `mse`, `rmse`, `r2` and `r2_standard`. */
export function regressionPerformance(
  { actual, predicted }: RegressionAnswers,
  { random, parity }: RegressionOptions,
): Performance {
  const rows = actual.length;
  const measures = withDeviations({ rows, random }, (kept) => {
    const errors = errorsOf(actual, predicted, kept);
    return valuesOf(errors, {
      swapped: determination(errors.squares, predicted, kept),
      standard: determination(errors.squares, actual, kept),
      parity,
    });
  });
  const constant = (values: Float64Array) => values.every((value) => value === values[0]);
  return {
    problem: 'regression',
    rows,
    measures,
    notes: [
      ...(parity
        ? [
            'r2 is measured against the spread of the predictions, as the original does; ' +
              'r2_standard against the spread of the labels.',
          ]
        : []),
      ...(constant(actual) ? ['Every label is the same: r2_standard tells nothing.'] : []),
      ...(constant(predicted) && parity ? ['Every prediction is the same: r2 tells nothing.'] : []),
    ],
  };
}

interface Errors {
  readonly rows: number;
  /** Sums. */
  readonly sizes: number;
  readonly squares: number;
}

function errorsOf(
  actual: Float64Array,
  predicted: Float64Array,
  kept: Uint8Array | undefined,
): Errors {
  let rows = 0;
  let sizes = 0;
  let squares = 0;
  for (let row = 0; row < actual.length; row += 1) {
    if (kept && kept[row] === 0) continue;
    const error = (actual[row] ?? 0) - (predicted[row] ?? 0);
    rows += 1;
    sizes += Math.abs(error);
    squares += error * error;
  }
  return { rows, sizes, squares };
}

interface Determination {
  readonly value: number;
  readonly caveat?: string;
}

/** 1 - SSE/SST; for values without spread 1 when there is no error and else 0, as scikit-learn. */
function determination(
  squares: number,
  values: Float64Array,
  kept: Uint8Array | undefined,
): Determination {
  let rows = 0;
  let sum = 0;
  let first: number | undefined;
  let spread = false;
  for (let row = 0; row < values.length; row += 1) {
    if (kept && kept[row] === 0) continue;
    const value = values[row] ?? 0;
    first ??= value;
    spread ||= value !== first;
    rows += 1;
    sum += value;
  }
  if (!spread) {
    return { value: squares === 0 ? 1 : 0, caveat: 'it is measured against values all the same' };
  }
  const mean = sum / rows;
  let total = 0;
  for (let row = 0; row < values.length; row += 1) {
    if (kept && kept[row] === 0) continue;
    total += ((values[row] ?? 0) - mean) ** 2;
  }
  return { value: 1 - squares / total };
}

interface Determinations {
  readonly swapped: Determination;
  readonly standard: Determination;
  readonly parity: boolean;
}

function valuesOf(
  { rows, sizes, squares }: Errors,
  { swapped, standard, parity }: Determinations,
): Values {
  const mse = squares / rows;
  const r2 = parity ? swapped : standard;
  return {
    values: {
      mae: sizes / rows,
      mse,
      rmse: Math.sqrt(mse),
      r2: r2.value,
      r2_standard: standard.value,
    },
    caveats: {
      ...(r2.caveat === undefined ? {} : { r2: r2.caveat }),
      ...(standard.caveat === undefined ? {} : { r2_standard: standard.caveat }),
    },
  };
}
