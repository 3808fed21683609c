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
  const edges = edgesOf(reference.score, bins);
  const [a, b] = [cellsOf(reference, edges), cellsOf(current, edges)];
  const whole = partsOf(a, b);
  const affordable = Math.floor(drawnCells / (a.length + b.length));
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
  readonly bin: string;
  readonly label: string;
  readonly isRight: boolean;
  readonly count: number;
}

function cellsOf({ predicted, score, label }: Labelled, edges: readonly number[]): readonly Cell[] {
  const cells = new Map<string, { bin: string; label: string; isRight: boolean; count: number }>();
  label.forEach((truth, i) => {
    const said = predicted[i] ?? '';
    const bin = `${edges.filter((edge) => (score?.[i] ?? 0) >= edge).length} ${said}`;
    const key = JSON.stringify([bin, truth]);
    const cell = cells.get(key) ?? { bin, label: truth, isRight: said === truth, count: 0 };
    cell.count += 1;
    cells.set(key, cell);
  });
  return [...cells.values()];
}

function total(cells: readonly Cell[]): number {
  return cells.reduce((sum, { count }) => sum + count, 0);
}

/** As many rows, drawn with replacement. */
function resampled(cells: readonly Cell[], random: Random): readonly Cell[] {
  const size = total(cells);
  const counts = drawCounts(
    cells.map(({ count }) => count / size),
    size,
    random,
  );
  return cells.map((cell, i) => ({ ...cell, count: counts[i] ?? 0 }));
}

function partsOf(a: readonly Cell[], b: readonly Cell[]) {
  const accuracy = (cells: readonly Cell[]) =>
    total(cells.filter(({ isRight }) => isRight)) / total(cells);
  const [referenceAccuracy, currentAccuracy] = [accuracy(a), accuracy(b)];
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

/**
 * The reference's accuracy of each group, weighted by the current groups that it knows; where it
 * knows none of them, its accuracy as it is.
 */
function reweighted(a: readonly Cell[], b: readonly Cell[], key: 'bin' | 'label') {
  const known = new Map<string, { count: number; right: number }>();
  for (const cell of a) {
    const group = known.get(cell[key]) ?? { count: 0, right: 0 };
    group.count += cell.count;
    if (cell.isRight) group.right += cell.count;
    known.set(cell[key], group);
  }
  let [covered, right] = [0, 0];
  for (const cell of b) {
    const before = known.get(cell[key]);
    if (!before || before.count === 0) continue;
    covered += cell.count;
    right += (cell.count * before.right) / before.count;
  }
  const whole = total(a.filter(({ isRight }) => isRight)) / total(a);
  return {
    expected: covered === 0 ? whole : right / covered,
    uncovered01: 1 - covered / total(b),
  };
}
