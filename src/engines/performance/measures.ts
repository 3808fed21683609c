/**
 * What the quality of a model's answers is told in: measures by the original's names, with their
 * deviation over random parts of the rows. Pure; what the rows are is the business of others.
 */
import type { Random } from '../../kernel/random.ts';

export interface Measure {
  readonly value: number;
  /** Undefined when there are too few rows to tell; documents then say `"NaN"`. */
  readonly deviation?: number;
  /** Why the value is a convention and not an observation: 0/0. It must not be judged. */
  readonly caveat?: string;
}

export type Measures = Readonly<Record<string, Measure>>;

/** `counts[actual][predicted]`, both in the order of `labels`. */
export interface Confusion {
  readonly labels: readonly string[];
  readonly counts: readonly (readonly number[])[];
}

export interface Curve {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

export interface Performance {
  readonly problem: 'binary' | 'multiclass' | 'regression';
  readonly rows: number;
  /** In the order of the original's documents. */
  readonly measures: Measures;
  readonly confusion?: Confusion;
  readonly curves?: {
    /** False positive rate to true positive rate. */
    readonly roc: Curve;
    /** Recall to precision. */
    readonly precisionRecall: Curve;
  };
  readonly notes: readonly string[];
}

/** What one pass over the rows gives; `caveats` has the names whose value is a convention. */
export interface Values {
  readonly values: Readonly<Record<string, number>>;
  readonly caveats: Readonly<Record<string, string>>;
}

/** Fewer rows have no deviation. */
export const deviationMinimumRows = 200;
const draws = 5;
const drawnShare01 = 0.8;

/**
 * The measures of all rows, with the sample standard deviation (divided by draws - 1: the draws
 * stand for many that could have been made) over 5 random parts of 80 % without replacement.
 * `compute` gets a flag for each row, or nothing for all of them.
 */
export function withDeviations(
  { rows, random }: { readonly rows: number; readonly random: Random },
  compute: (kept: Uint8Array | undefined) => Values,
): Measures {
  const { values, caveats } = compute(undefined);
  const samples: Values[] = [];
  if (rows >= deviationMinimumRows) {
    for (let i = 0; i < draws; i += 1) samples.push(compute(drawn(rows, random)));
  }
  const measures: Record<string, Measure> = {};
  for (const [name, value] of Object.entries(values)) {
    const seen = samples.map((sample) => sample.values[name]).filter((x) => x !== undefined);
    const caveat = caveats[name];
    measures[name] = {
      value,
      ...(seen.length > 1 ? { deviation: sampleDeviation(seen) } : {}),
      ...(caveat === undefined ? {} : { caveat }),
    };
  }
  return measures;
}

/** Knuth's selection sampling: each row is taken with the share that is still to be drawn. */
function drawn(rows: number, random: Random): Uint8Array {
  const kept = new Uint8Array(rows);
  let missing = Math.floor(rows * drawnShare01);
  for (let row = 0; row < rows && missing > 0; row += 1) {
    if (random.next01() * (rows - row) >= missing) continue;
    kept[row] = 1;
    missing -= 1;
  }
  return kept;
}

function sampleDeviation(values: readonly number[]): number {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/** F of weight beta: (1 + b²)·P·R / (b²·P + R), and 0 when both are 0. */
export function fScore(beta: number, precision: number, recall: number): number {
  const weight = beta * beta;
  const below = weight * precision + recall;
  return below === 0 ? 0 : ((1 + weight) * precision * recall) / below;
}
