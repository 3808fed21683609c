/**
 * Drift of what a model says and of what came true: scores, predicted shares, label shares, and
 * where labels are there, what a change of accuracy is made of. Plain arrays in, plain data out;
 * which column holds what is the caller's business.
 */
import { type Random, seededRandom } from '../../kernel/random.ts';
import { type Judgement, judgeCategories, judgeNumbers } from './judge.ts';
import { drawCounts } from './noise.ts';
import { cumulativeOfSample } from './samples.ts';
import { alphaOf, type DriftSettings, defaultDriftSettings } from './settings.ts';

/** Rows side by side; all lists there are have one length. */
export interface Scored {
  readonly predicted: readonly string[];
  /** Of the positive class, or of the predicted one: whatever is binned. */
  readonly score?: ArrayLike<number>;
  readonly label?: readonly string[];
}

export interface LabelDrift {
  /** Of the score's histogram. */
  readonly score?: Judgement;
  /** Of the shares of predicted classes. */
  readonly predicted: Judgement;
  /** Of the shares of true classes, where both sides have them. */
  readonly label?: Judgement;
}

/** Each side must have a row. */
export function labelDrift(
  reference: Scored,
  current: Scored,
  settings: DriftSettings = defaultDriftSettings,
): LabelDrift {
  const judging = { settings, alpha: alphaOf(settings, 3) };
  const classes = (a: readonly string[], b: readonly string[]) =>
    judgeCategories({ before: categorical(a), after: categorical(b) }, judging);
  const predicted = classes(reference.predicted, current.predicted);
  const label =
    reference.label && current.label ? classes(reference.label, current.label) : undefined;
  if (!reference.score || !current.score) return { predicted, ...(label ? { label } : {}) };
  const before = cumulativeOfSample(reference.score);
  const after = cumulativeOfSample(current.score);
  const deviation = deviationOf(reference.score);
  const score = judgeNumbers({ before, after, deviation }, judging);
  return { score, predicted, ...(label ? { label } : {}) };
}

function categorical(values: readonly string[]) {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return { counts, total: values.length, exact: true };
}

function deviationOf(values: ArrayLike<number>): number {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < values.length; i += 1) sum += values[i] ?? 0;
  const mean = sum / values.length;
  for (let i = 0; i < values.length; i += 1) squares += ((values[i] ?? 0) - mean) ** 2;
  return Math.sqrt(squares / values.length);
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
  /** The part that explains most and whose interval leaves 0 out. */
  readonly main: 'covariate' | 'concept' | 'none';
}

export interface DecomposeOptions {
  readonly bins?: number;
  readonly rounds?: number;
  readonly random?: Random;
}

export const defaultBins = 10;
const defaultRounds = 500;
const seed = 7;

type Labelled = Scored & Required<Pick<Scored, 'label'>>;

/**
 * What a change of accuracy is made of. Bins are between quantiles of the reference's score, within
 * each predicted class; without scores they are the predicted classes. Undefined when a side has no
 * row. The formulas are those of importance weighting with bins for the density ratio.
 */
export function decomposeAccuracy(
  reference: Labelled,
  current: Labelled,
  {
    bins = defaultBins,
    rounds = defaultRounds,
    random = seededRandom(seed),
  }: DecomposeOptions = {},
): Decomposition | undefined {
  if (reference.label.length === 0 || current.label.length === 0) return undefined;
  const edges = edgesOf(reference.score, bins);
  const [a, b] = [cellsOf(reference, edges), cellsOf(current, edges)];
  const whole = partsOf(a, b);
  const draws = Array.from({ length: rounds }, () =>
    partsOf(resampled(a, random), resampled(b, random)),
  );
  const estimate = (key: 'change' | 'covariate' | 'concept' | 'label'): Estimate => {
    const values = Float64Array.from(draws, (draw) => draw[key]).sort();
    const at = (q01: number) => values[Math.round(q01 * (values.length - 1))] ?? whole[key];
    return { value: whole[key], low: at(0.005), high: at(0.995) };
  };
  const [covariate, concept] = [estimate('covariate'), estimate('concept')];
  return {
    referenceAccuracy: whole.referenceAccuracy,
    currentAccuracy: whole.currentAccuracy,
    change: estimate('change'),
    covariate,
    concept,
    label: estimate('label'),
    uncovered01: whole.uncovered01,
    main: mainOf(covariate, concept),
  };
}

function mainOf(covariate: Estimate, concept: Estimate): Decomposition['main'] {
  const sure = ({ low, high }: Estimate) => low > 0 || high < 0;
  const [a, b] = [covariate, concept].map((of) => (sure(of) ? Math.abs(of.value) : 0));
  if (!a && !b) return 'none';
  return (a ?? 0) > (b ?? 0) ? 'covariate' : 'concept';
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
