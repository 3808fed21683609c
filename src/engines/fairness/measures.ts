/**
 * The bias measures as functions of the counts: what each is called, when it applies and how it is
 * computed. Formulas and the rule of division are those of the smclarify package, version 0.5, with
 * which the results agree; order of summation included where it decides the last digits.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Confusion, GroupCounts, Margins } from './counts.ts';

export type Stage = 'pre_training' | 'post_training';

export interface Measure {
  readonly name: string;
  /** As in recorded results; the misspelling of Leibler is theirs. */
  readonly description: string;
  readonly stage: Stage;
  /** The value at which both groups are treated alike. */
  readonly parity: 0 | 1;
  /** Absent for the flip test, which needs the rows. */
  readonly of?: (margins: Margins) => Outcome<number>;
}

const NO_D = 'no row is in the facet: the disadvantaged group is empty';
const NO_A = 'every row is in the facet: the advantaged group is empty';
const NO_COMMON = 'no label value occurs in both groups, the data may be too small';

/** Sorted by name within a stage, as results are. */
export const measures: readonly Measure[] = [
  pre('CDDL', 'Conditional Demographic Disparity in Labels', (m) =>
    demographicDisparity(m.labelGroups, m.labelA[1] + m.labelD[1], m.labelA[0] + m.labelD[0]),
  ),
  pre('CI', 'Class Imbalance', (m) => {
    const [a, d] = [sum(m.labelA), sum(m.labelD)];
    return bothSides(a, d, () => (a - d) / (a + d));
  }),
  pre('DPL', 'Difference in Positive Proportions in Labels', (m) => {
    const [a, d] = [sum(m.labelA), sum(m.labelD)];
    return bothSides(a, d, () => m.labelA[1] / a - m.labelD[1] / d);
  }),
  pre('JS', 'Jensen-Shannon Divergence', (m) =>
    distributions(m, (pa, pd) => {
      const middle = pa.map((p, at) => 0.5 * (p + (pd[at] ?? 0)));
      return 0.5 * (divergence(pa, middle) + divergence(pd, middle));
    }),
  ),
  pre('KL', 'Kullback-Liebler Divergence', (m) => distributions(m, divergence)),
  pre('KS', 'Kolmogorov-Smirnov Distance', (m) =>
    distributions(m, (pa, pd) => Math.max(...gaps(pa, pd))),
  ),
  pre('LP', 'L-p Norm', (m) => distributions(m, (pa, pd) => Math.sqrt(sumOfSquares(gaps(pa, pd))))),
  pre('TVD', 'Total Variation Distance', (m) =>
    distributions(m, (pa, pd) => 0.5 * sum(gaps(pa, pd))),
  ),
  post('AD', 'Accuracy Difference', (a, d) => {
    const accuracy = (c: Confusion) => divide(c.tp + c.tn, total(c));
    return difference(accuracy(a), accuracy(d));
  }),
  {
    name: 'CDDPL',
    description: 'Conditional Demographic Disparity in Predicted Labels (CDDPL)',
    stage: 'post_training',
    parity: 0,
    of: ({ a, d, predictionGroups }) => {
      const positive = a.tp + a.fp + d.tp + d.fp;
      return demographicDisparity(predictionGroups, positive, total(a) + total(d) - positive);
    },
  },
  post('DAR', 'Difference in Acceptance Rates', (a, d) => {
    const precision = (c: Confusion) => divide(c.tp, c.tp + c.fp);
    return difference(precision(a), precision(d));
  }),
  post('DCA', 'Difference in Conditional Acceptance', (a, d) => {
    const acceptance = (c: Confusion) => divide(c.tp + c.fn, c.tp + c.fp);
    return difference(acceptance(a), acceptance(d));
  }),
  post('DCR', 'Difference in Conditional Rejection', (a, d) => {
    const rejection = (c: Confusion) => divide(c.tn + c.fp, c.tn + c.fn);
    return difference(rejection(d), rejection(a));
  }),
  {
    ...post('DI', 'Disparate Impact', (a, d) =>
      divide((d.tp + d.fp) / total(d), (a.tp + a.fp) / total(a)),
    ),
    parity: 1,
  },
  post('DPPL', 'Difference in Positive Proportions in Predicted Labels', (a, d) => {
    return (a.tp + a.fp) / total(a) - (d.tp + d.fp) / total(d);
  }),
  post('DRR', 'Difference in Rejection Rates', (a, d) => {
    const rejected = (c: Confusion) => divide(c.tn, c.tn + c.fn);
    return difference(rejected(d), rejected(a));
  }),
  { name: 'FT', description: 'Flip Test (FT)', stage: 'post_training', parity: 0 },
  {
    name: 'GE',
    description: 'Generalized Entropy (GE)',
    stage: 'post_training',
    parity: 0,
    of: ({ a, d }) => generalizedEntropy(a, d),
  },
  post('RD', 'Recall Difference', (a, d) => {
    const recall = (c: Confusion) => divide(c.tp, c.tp + c.fn);
    return difference(recall(a), recall(d));
  }),
  post('SD', 'Specificity Difference', (a, d) => {
    const specificity = (c: Confusion) => divide(c.tn, c.tn + c.fp);
    return difference(specificity(d), specificity(a));
  }),
  post('TE', 'Treatment Equality', (a, d) => difference(divide(d.fn, d.fp), divide(a.fn, a.fp))),
];

/** Names by which a measure is also known. */
const aliases: ReadonlyMap<string, string> = new Map([
  ['DCAcc', 'DCA'],
  ['DCRej', 'DCR'],
]);

export function measureNamed(name: string): Measure | undefined {
  const own = aliases.get(name) ?? name;
  return measures.find((measure) => measure.name === own);
}

/** 0/0 is 0; anything else over 0 is infinite. */
export function divide(a: number, b: number): number {
  if (b !== 0) return a / b;
  if (a === 0) return 0;
  return a < 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** numpy's sum: blocks of 128 in eight strands, joined by halves, so that last digits agree. */
export function pairwiseSum(values: Float64Array, from = 0, to = values.length): number {
  const length = to - from;
  const at = (index: number) => values[index] ?? 0;
  if (length < 8) {
    let plain = 0;
    for (let index = from; index < to; index++) plain += at(index);
    return plain;
  }
  if (length > 128) {
    const half = Math.floor(length / 2);
    const middle = from + half - (half % 8);
    return pairwiseSum(values, from, middle) + pairwiseSum(values, middle, to);
  }
  const strands = new Float64Array(8);
  const end = to - (length % 8);
  for (let index = from; index < end; index++) {
    const strand = (index - from) % 8;
    strands[strand] = (strands[strand] ?? 0) + at(index);
  }
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = strands;
  let result = a + b + (c + d) + (e + f + (g + h));
  for (let index = end; index < to; index++) result += at(index);
  return result;
}

function pre(name: string, long: string, of: (m: Margins) => Outcome<number>): Measure {
  return { name, description: `${long} (${name})`, stage: 'pre_training', parity: 0, of };
}

function post(name: string, long: string, of: (a: Confusion, d: Confusion) => number): Measure {
  return {
    name,
    description: `${long} (${name})`,
    stage: 'post_training',
    parity: 0,
    of: ({ a, d }) => bothSides(total(a), total(d), () => of(a, d)),
  };
}

export function bothSides(a: number, d: number, of: () => number): Outcome<number> {
  if (a === 0) return refuse(NO_A);
  return d === 0 ? refuse(NO_D) : ok(of());
}

/** Two infinite rates are alike. */
function difference(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

function total(c: Confusion): number {
  return c.tp + c.fp + c.fn + c.tn;
}

function sum(values: readonly number[]): number {
  return values.reduce((left, right) => left + right, 0);
}

/** Shares of the label values that occur on both sides, of the advantaged and disadvantaged. */
function distributions(
  m: Margins,
  of: (pa: readonly number[], pd: readonly number[]) => number,
): Outcome<number> {
  const [a, d] = [sum(m.labelA), sum(m.labelD)];
  const common = ([0, 1] as const).filter((label) => m.labelA[label] > 0 && m.labelD[label] > 0);
  if (common.length === 0) return refuse(a === 0 ? NO_A : d === 0 ? NO_D : NO_COMMON);
  return ok(
    of(
      common.map((label) => m.labelA[label] / a),
      common.map((label) => m.labelD[label] / d),
    ),
  );
}

function divergence(from: readonly number[], to: readonly number[]): number {
  return sum(from.map((p, at) => p * Math.log(p / (to[at] ?? p))));
}

/** Each square is added unrounded, as BLAS does with a fused multiply-add. */
function sumOfSquares(values: readonly number[]): number {
  return values.reduce((total, value) => {
    const square = value * value;
    const scaled = value * SPLITTER;
    const high = scaled - (scaled - value);
    const low = value - high;
    const lostBySquare = high * high - square + 2 * high * low + low * low;
    const rounded = total + square;
    const part = rounded - total;
    const lostBySum = total - (rounded - part) + (square - part);
    return rounded + (lostBySum + lostBySquare);
  }, 0);
}

/** 2^27 + 1 cuts a double into two halves whose products are exact. */
const SPLITTER = 134_217_729;

function gaps(pa: readonly number[], pd: readonly number[]): readonly number[] {
  return pa.map((p, at) => Math.abs(p - (pd[at] ?? 0)));
}

/** Mean over the groups, by their rows, of the share of d in the rejected less the accepted. */
function demographicDisparity(
  groups: GroupCounts | undefined,
  positive: number,
  negative: number,
): Outcome<number> {
  if (groups === undefined) return refuse('no group variable is given');
  if (positive === 0) return refuse('no row is positive');
  if (negative === 0) return refuse('no row is negative');
  const weighted = new Float64Array(groups.positive.length);
  let rows = 0;
  for (let group = 0; group < weighted.length; group++) {
    const [accepted, rejected] = [groups.positive[group] ?? 0, groups.negative[group] ?? 0];
    const inAccepted = accepted === 0 ? 0 : (groups.positiveD[group] ?? 0) / accepted;
    const inRejected = rejected === 0 ? 0 : (groups.negativeD[group] ?? 0) / rejected;
    weighted[group] = (accepted + rejected) * (inRejected - inAccepted);
    rows += accepted + rejected;
  }
  if (rows === 0) return refuse('no row has a value of the group variable');
  return ok(pairwiseSum(weighted) / rows);
}

/** Half the squared coefficient of variation of benefit = prediction - label + 1. */
function generalizedEntropy(a: Confusion, d: Confusion): Outcome<number> {
  const even = a.tp + a.tn + d.tp + d.tn;
  const gain = a.fp + d.fp;
  const rows = even + gain + a.fn + d.fn;
  if (rows === 0) return refuse('there is no row with a label and a prediction');
  const mean = (even + 2 * gain) / rows;
  if (mean === 0) return refuse('every prediction is a false negative');
  const term = (benefit: number) => (benefit / mean) ** 2 - 1;
  return ok((even * term(1) + gain * term(2) + (a.fn + d.fn) * term(0)) / (rows * 2));
}
