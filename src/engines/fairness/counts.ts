/**
 * The contingency table of one facet value: side × label × prediction × group. Every measure but
 * the flip test is a function of it, so one pass over the rows is enough, and a resample of the
 * rows is a resample of these counts.
 */
import { INSIDE, MISSING, type Selection } from './select.ts';

/** A missing prediction keeps its row in the measures of labels. */
const PREDICTIONS = 3;
const NO_PREDICTION = 2;

/** What each row adds to, whatever its side: label, prediction and group in one number. */
export interface Cells {
  /** -1: the row has no label and counts nowhere. */
  readonly ofRow: Int32Array;
  /** Cells of one side. */
  readonly count: number;
  /** Groups, the last being the rows without one; 1 when there is no group variable. */
  readonly groups: number;
}

/** Counts of all cells, first those of the advantaged side, then of the disadvantaged. */
export type Counts = Float64Array;

export function cellsOf(parts: {
  readonly label: Selection;
  readonly predicted: Selection | undefined;
  readonly groups: { readonly codes: Int32Array; readonly count: number } | undefined;
}): Cells {
  const label = parts.label.rows;
  const predicted = parts.predicted?.rows;
  const codes = parts.groups?.codes;
  const known = parts.groups?.count ?? 0;
  const ofRow = new Int32Array(label.length);
  for (let row = 0; row < ofRow.length; row++) {
    const truth = label[row] ?? MISSING;
    const code = codes === undefined ? 0 : (codes[row] ?? -1);
    const group = code < 0 ? known : code;
    const prediction = predicted === undefined ? NO_PREDICTION : (predicted[row] ?? MISSING);
    ofRow[row] = truth === MISSING ? -1 : (group * 2 + truth) * PREDICTIONS + prediction;
  }
  return { ofRow, count: (known + 1) * 2 * PREDICTIONS, groups: known + 1 };
}

/** Rows without a facet or a label count nowhere. */
export function tally(cells: Cells, facet: Uint8Array): Counts {
  const counts = new Int32Array(2 * cells.count);
  const { ofRow, count } = cells;
  for (let row = 0; row < ofRow.length; row++) {
    const cell = ofRow[row] ?? -1;
    const side = facet[row] ?? MISSING;
    if (cell < 0 || side === MISSING) continue;
    const at = side === INSIDE ? count + cell : cell;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return Float64Array.from(counts);
}

/** Label against prediction on one side. */
export interface Confusion {
  tp: number;
  fp: number;
  fn: number;
  tn: number;
}

/** Per group: rows whose outcome is negative or positive, of the disadvantaged and of all. */
export interface GroupCounts {
  readonly negativeD: Float64Array;
  readonly negative: Float64Array;
  readonly positiveD: Float64Array;
  readonly positive: Float64Array;
}

/** What the measures read: a = advantaged, d = disadvantaged. */
export interface Margins {
  /** Rows with a label: [negative, positive]. */
  readonly labelA: readonly [number, number];
  readonly labelD: readonly [number, number];
  /** Rows with a label and a prediction. */
  readonly a: Confusion;
  readonly d: Confusion;
  /** By label, and by prediction among the rows that have one; rows without a group left out. */
  readonly labelGroups: GroupCounts | undefined;
  readonly predictionGroups: GroupCounts | undefined;
}

export function marginsOf(counts: Counts, groups: number, withGroups: boolean): Margins {
  const side = counts.length / 2;
  const sides = [confusion(), confusion()] as const;
  const labels: readonly [[number, number], [number, number]] = [
    [0, 0],
    [0, 0],
  ];
  const labelGroups = withGroups ? groupCounts(groups - 1) : undefined;
  const predictionGroups = withGroups ? groupCounts(groups - 1) : undefined;
  for (let at = 0; at < counts.length; at++) {
    const rows = counts[at] ?? 0;
    if (rows === 0) continue;
    const d = at >= side ? 1 : 0;
    const cell = at - d * side;
    const predicted = cell % PREDICTIONS;
    const rest = (cell - predicted) / PREDICTIONS;
    const truth = rest & 1;
    const group = rest >> 1;
    labels[d][truth] = (labels[d][truth] ?? 0) + rows;
    if (predicted !== NO_PREDICTION) addTo(sides[d], truth, predicted, rows);
    if (labelGroups && group < groups - 1)
      addGroup(labelGroups, { group, d, outcome: truth, rows });
    if (predictionGroups && group < groups - 1 && predicted !== NO_PREDICTION) {
      addGroup(predictionGroups, { group, d, outcome: predicted, rows });
    }
  }
  const [a, d] = sides;
  return { labelA: labels[0], labelD: labels[1], a, d, labelGroups, predictionGroups };
}

function confusion(): Confusion {
  return { tp: 0, fp: 0, fn: 0, tn: 0 };
}

function groupCounts(groups: number): GroupCounts {
  const zeros = () => new Float64Array(groups);
  return { negativeD: zeros(), negative: zeros(), positiveD: zeros(), positive: zeros() };
}

function addTo(into: Confusion, truth: number, predicted: number, rows: number): void {
  if (truth === 1) {
    if (predicted === 1) into.tp += rows;
    else into.fn += rows;
  } else if (predicted === 1) into.fp += rows;
  else into.tn += rows;
}

function addGroup(
  into: GroupCounts,
  one: { group: number; d: number; outcome: number; rows: number },
): void {
  const { group, rows } = one;
  const all = one.outcome === 1 ? into.positive : into.negative;
  const ofD = one.outcome === 1 ? into.positiveD : into.negativeD;
  all[group] = (all[group] ?? 0) + rows;
  if (one.d === 1) ofD[group] = (ofD[group] ?? 0) + rows;
}
