/**
 * What an explanation is made of and made into, and the limits on it. No arithmetic here.
 *
 * A cell is replaced as a whole, so a categorical column is one feature however the model encodes
 * it. Cells are compared by type and value; NaN equals NaN.
 */
import type { Outcome } from '../../kernel/outcome.ts';
import type { Coalitions } from './coalitions.ts';

export type Cell = string | number;
export type Row = readonly Cell[];

/**
 * The model: one score per output label for each row, in order. A refusal of a batch is followed
 * by its halves, so that the row at fault can be named. A throw is passed on.
 */
export type Predict = (
  rows: readonly Row[],
  options: { readonly signal: AbortSignal },
) => Promise<Outcome<readonly (readonly number[])[]>>;

/** Scores of many rows, flat: the scores of a row lie side by side. */
export interface Scores {
  readonly values: ArrayLike<number>;
  readonly labels: number;
}

/** Rows of numbers, flat, row after row. The receiver may keep or transfer the data. */
export interface Matrix {
  readonly data: Float32Array | Float64Array;
  readonly rows: number;
  readonly columns: number;
}

/** For models of numbers alone: no row becomes an array of its own, which is much faster. */
export interface MatrixPredictor {
  readonly element: 'float32' | 'float64';
  predict(matrix: Matrix, options: { readonly signal: AbortSignal }): Promise<Outcome<Scores>>;
}

/**
 * A model that is known from within, and can tell its means over coalitions without being asked
 * for a row of them. `trees.ts` makes them of decision trees.
 */
export interface WhiteBox {
  readonly features: number;
  readonly labels: number;
  /** One score a label. */
  scores(row: Row): readonly number[];
  /** Prepares for a background; what it gives is used for every explained row. */
  over(
    background: readonly Row[],
  ): (row: Row, coalitions: Coalitions, varying: Int32Array) => WhiteBoxMeans;
}

export interface WhiteBoxMeans {
  /** Coalition c, label l at `c · labels + l`. */
  readonly means: Float64Array;
  /** Of the single scores that the means are of. */
  readonly lowest: number;
  readonly highest: number;
}

export type Model = Predict | MatrixPredictor;

export interface BatchLimits {
  /** Rows of a call; by default 4,096. */
  readonly maxRows?: number;
  /** Bytes of a call as `bytesOf` estimates them; a row that alone has more goes alone. */
  readonly maxBytes?: number;
  readonly bytesOf?: (row: Row) => number;
}

/** How a model is called. */
export interface Calling {
  readonly predict: Model;
  readonly batch?: BatchLimits;
  /** Calls at the same time, by default 4. Results do not depend on it. */
  readonly parallelism?: number;
  readonly signal: AbortSignal;
}

export interface ExplainRequest extends Omit<Calling, 'predict'> {
  /** A white box is not called: batches and parallelism have no effect on it. */
  readonly predict: Model | WhiteBox;
  readonly rows: readonly Row[];
  readonly featureNames: readonly string[];
  /** Rows that stand for absent features; the expected value is the model's mean over them. */
  readonly background: readonly Row[];
  /** Coalitions for each row; by default 2·M + 2048, and never more than the 2^M − 2 there are. */
  readonly numSamples?: number;
  /** Of the sampled coalitions; by default 0. Without sampling it has no effect. */
  readonly seed?: number;
  /** Explains ln(p / (1 − p)) of the averages; scores outside [0, 1] are refused. */
  readonly useLogit?: boolean;
  /** Predictions that may be asked for in all, by default `limits.predictions`. */
  readonly maxPredictions?: number;
  /** After every batch, in order; `done` ends at `total`. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Explanation {
  readonly featureNames: readonly string[];
  readonly rows: number;
  readonly labels: number;
  /** φ₀ of each label: the model's mean over the background, as log-odds with `useLogit`. */
  readonly expected: readonly number[];
  /** φ of row r, label l, feature f at `(r · labels + l) · features + f`. */
  readonly values: Float64Array;
  /** What the model said of row r, label l at `r · labels + l`; never as log-odds. */
  readonly predictions: Float64Array;
  /** True when every row's coalitions were all enumerated: no chance is in the values. */
  readonly exact: boolean;
  /** Rows the model was asked for, after those that would repeat were left out. */
  readonly asked: number;
  readonly calls: number;
  /** Sentences for who reads the result. */
  readonly notes: readonly string[];
}

/** Beyond these an explanation is refused before the model is called. */
export const limits = {
  features: 1_000,
  samples: 2 ** 17,
  backgroundRows: 10_000,
  predictions: 1_000_000_000,
  /** Cells of the coalition matrix and its factor, 8 bytes each. */
  factorCells: 2 ** 25,
  labels: 1_000,
  parallelism: 64,
  batchRows: 2 ** 20,
} as const;

export const defaults = { batchRows: 4_096, parallelism: 4 } as const;

/** 2·M + 2048, as Clarify and the shap package have it. */
export function defaultSamples(features: number): number {
  return 2 * features + 2_048;
}
