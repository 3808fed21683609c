/**
 * What a change of accuracy is made of, where labels are there. Plain arrays in, plain data out;
 * which column holds what is the caller's business, and how far distributions moved is told by
 * `judge.ts`.
 */
import { type Random, seededRandom } from '../../kernel/random.ts';
import { drawCounts } from './noise.ts';

/** Rows side by side; all lists there are have one length. */
export interface Labelled {
  readonly predicted: readonly string[];
  /** Of the positive class, or of the predicted one: whatever is binned. */
  readonly score?: ArrayLike<number>;
  readonly label: readonly string[];
}

export interface Estimate {
  readonly value: number;
  /** Percentiles 0.5 and 99.5 of the bootstrap. */
  readonly low: number;
  readonly high: number;
}

export interface Decomposition {
  readonly referenceAccuracy: number;
  readonly currentAccuracy: number;
  /** current − reference; `covariate` and `concept` add up to it. */
  readonly change: Estimate;
  /** Records fall elsewhere: Σ_b (q_b − p_b)·acc_ref(b) over bins b of the score. */
  readonly covariate: Estimate;
  /** At the same score other outcomes: Σ_b q_b·(acc_cur(b) − acc_ref(b)). */
  readonly concept: Estimate;
  /**
   * Another view of the change, not a part of it: what other shares of the classes would explain
   * alone, Σ_y (q_y − p_y)·acc_ref(y).
   */
  readonly label: Estimate;
  /** Share of current rows in bins without a reference row; they are taken to be as the rest. */
  readonly uncovered01: number;
  /**
   * Of a change whose interval leaves 0 out: what explains it alone, or else the largest of the
   * three; its own interval leaves 0 out too, and it is `tellingChange` at least. Label shift alone
   * leaves the accuracy within each class as it was, covariate shift that within each bin.
   */
  readonly main: Cause | 'none';
}

export type Cause = 'covariate' | 'label' | 'concept';

/** A smaller change of accuracy is not spoken of, however sure it is. */
export const tellingChange = 0.01;

export interface DecomposeOptions {
  readonly bins?: number;
  readonly rounds?: number;
  readonly random?: Random;
}

export const defaultBins = 10;
const seed = 7;
/** Rounds of the bootstrap by default; fewer where many classes make many cells to draw. */
const mostRounds = 500;
const fewestRounds = 100;
const drawnCells = 1_000_000;

/**
 * What a change of accuracy is made of. Bins are between quantiles of the reference's score, within
 * each predicted class; without scores they are the predicted classes. Undefined when a side has no
 * row. The formulas are those of importance weighting with bins for the density ratio.
 */
export function decomposeAccuracy(
  reference: Labelled,
  current: Labelled,
  { bins = defaultBins, rounds, random = seededRandom(seed) }: DecomposeOptions = {},
): Decomposition | undefined {
  if (reference.label.length === 0 || current.label.length === 0) return undefined;
  const hasScores = reference.score !== undefined && current.score !== undefined;
  const sideOf = sidesOf(hasScores ? edgesOf(reference.score, bins) : []);
  const [a, b] = [sideOf(reference), sideOf(current)];
  const whole = partsOf(a, b);
  const affordable = Math.floor(drawnCells / (a.cells.length + b.cells.length));
  const length = rounds ?? Math.min(mostRounds, Math.max(fewestRounds, affordable));
  const draws = Array.from({ length }, () => partsOf(resampled(a, random), resampled(b, random)));
  const estimate = (key: keyof Parts): Estimate => {
    const values = Float64Array.from(draws, (draw) => draw[key]).sort();
    const at = (q01: number) => values[Math.round(q01 * (values.length - 1))] ?? whole[key];
    return { value: whole[key], low: at(0.005), high: at(0.995) };
  };
  const parts = {
    change: estimate('change'),
    covariate: estimate('covariate'),
    label: estimate('label'),
    concept: estimate('concept'),
  };
  return {
    referenceAccuracy: whole.referenceAccuracy,
    currentAccuracy: whole.currentAccuracy,
    ...parts,
    uncovered01: whole.uncovered01,
    main: mainOf({ ...parts, within: estimate('within') }),
  };
}

const causes = ['covariate', 'label', 'concept'] as const;

type Parts = Readonly<Record<Cause | 'change' | 'within', Estimate>>;

function mainOf(parts: Parts): Decomposition['main'] {
  const isSure = (part: keyof Parts) => parts[part].low > 0 || parts[part].high < 0;
  const size = (cause: Cause) => Math.abs(parts[cause].value);
  const sure = causes.filter((cause) => isSure(cause) && size(cause) >= tellingChange);
  const left = { covariate: 'concept', label: 'within', concept: 'covariate' } as const;
  const alone = sure.filter((cause) => !isSure(left[cause]));
  const [main] = (alone.length > 0 ? alone : sure).sort((a, b) => size(b) - size(a));
  return isSure('change') ? (main ?? 'none') : 'none';
}

function edgesOf(score: ArrayLike<number> | undefined, bins: number): readonly number[] {
  if (!score || score.length === 0) return [];
  const sorted = Float64Array.from(score).sort();
  const at = (i: number) => sorted[Math.floor((i * sorted.length) / bins)] ?? 0;
  return [...new Set(Array.from({ length: bins - 1 }, (_, i) => at(i + 1)))];
}

/** Rows that are alike in all that counts here. */
interface Cell {
  readonly bin: number;
  readonly label: number;
  readonly isRight: boolean;
}

/** Cells in order, and how many rows each has. */
interface Side {
  readonly cells: readonly Cell[];
  readonly counts: Float64Array;
  readonly rows: number;
}

/** Small numbers for texts, in order of appearance. */
function numbering(): (text: string) => number {
  const known = new Map<string, number>();
  return (text) => {
    const at = known.get(text) ?? known.size;
    known.set(text, at);
    return at;
  };
}

/** Bins and labels have the same numbers on all sides that are made with one function. */
function sidesOf(edges: readonly number[]): (of: Labelled) => Side {
  const [binOf, labelOf] = [numbering(), numbering()];
  return ({ predicted, score, label }) => {
    const cellOf = numbering();
    const cells: Cell[] = [];
    const counts: number[] = [];
    label.forEach((truth, i) => {
      const said = predicted[i] ?? '';
      const bin = binOf(`${binAt(edges, score?.[i] ?? 0)} ${said}`);
      const to = labelOf(truth);
      const at = cellOf(`${bin} ${to}`);
      cells[at] ??= { bin, label: to, isRight: said === truth };
      counts[at] = (counts[at] ?? 0) + 1;
    });
    return { cells, counts: Float64Array.from(counts), rows: label.length };
  };
}

function binAt(edges: readonly number[], score: number): number {
  let at = 0;
  while (at < edges.length && score >= (edges[at] ?? 0)) at += 1;
  return at;
}

/** As many rows, drawn with replacement. */
function resampled({ cells, counts, rows }: Side, random: Random): Side {
  const shares = Array.from(counts, (count) => count / rows);
  return { cells, counts: drawCounts(shares, rows, random), rows };
}

function partsOf(a: Side, b: Side) {
  const [referenceAccuracy, currentAccuracy] = [accuracyOf(a), accuracyOf(b)];
  const change = currentAccuracy - referenceAccuracy;
  const bins = reweighted(a, b, 'bin');
  const classes = reweighted(a, b, 'label');
  const covariate = bins.expected - referenceAccuracy;
  return {
    referenceAccuracy,
    currentAccuracy,
    change,
    covariate,
    concept: change - covariate,
    label: classes.expected - referenceAccuracy,
    within: currentAccuracy - classes.expected,
    uncovered01: bins.uncovered01,
  };
}

function accuracyOf({ cells, counts, rows }: Side): number {
  let right = 0;
  for (let i = 0; i < cells.length; i += 1) if (cells[i]?.isRight) right += counts[i] ?? 0;
  return right / rows;
}

/**
 * The reference's accuracy of each group, weighted by the current groups that it knows; where it
 * knows none of them, its accuracy as it is.
 */
function reweighted(a: Side, b: Side, key: 'bin' | 'label') {
  const known: number[] = [];
  const knownRight: number[] = [];
  a.cells.forEach((cell, i) => {
    const [group, count] = [cell[key], a.counts[i] ?? 0];
    known[group] = (known[group] ?? 0) + count;
    if (cell.isRight) knownRight[group] = (knownRight[group] ?? 0) + count;
  });
  let [covered, right] = [0, 0];
  b.cells.forEach((cell, i) => {
    const [before = 0, count = 0] = [known[cell[key]], b.counts[i]];
    if (before === 0) return;
    covered += count;
    right += (count * (knownRight[cell[key]] ?? 0)) / before;
  });
  return {
    expected: covered === 0 ? accuracyOf(a) : right / covered,
    uncovered01: 1 - covered / b.rows,
  };
}
