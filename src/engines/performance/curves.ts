/**
 * ROC and precision-recall curves at the distinct scores, as Spark's MLlib lays them out: the
 * original is built on it. Areas are by the trapezoid rule over every point.
 */
import type { Curve } from './measures.ts';

/** Curves in documents keep no more points than this, evenly chosen, the ends among them. */
export const mostCurvePoints = 1_000;

/** Rows from the highest score to the lowest: made once, for the curves of all draws. */
export function byScore(scores: Float64Array): Uint32Array {
  const order = Uint32Array.from(scores, (_, i) => i);
  return order.sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
}

export interface Scored {
  /** 1 for rows whose label is the positive one. */
  readonly actual: Uint8Array;
  readonly scores: Float64Array;
  readonly order: Uint32Array;
}

export interface Curves {
  readonly roc: Curve;
  readonly precisionRecall: Curve;
}

/**
 * Undefined when the rows do not have both labels. ROC: (0,0), a point at each distinct score, and
 * (1,1) again. Precision-recall: recall 0 with the precision of the highest score, then a point at
 * each distinct score.
 */
export function curvesOf(scored: Scored): Curves | undefined {
  const truePositives: number[] = [];
  const falsePositives: number[] = [];
  eachScore(scored, undefined, (above, below) => {
    truePositives.push(above);
    falsePositives.push(below);
  });
  const positives = truePositives.at(-1) ?? 0;
  const negatives = falsePositives.at(-1) ?? 0;
  if (positives === 0 || negatives === 0) return undefined;
  const recalls = truePositives.map((count) => count / positives);
  const fallout = falsePositives.map((count) => count / negatives);
  const precisions = truePositives.map((count, i) => count / (count + (falsePositives[i] ?? 0)));
  return {
    roc: { x: [0, ...fallout, 1], y: [0, ...recalls, 1] },
    precisionRecall: { x: [0, ...recalls], y: [precisions[0] ?? 0, ...precisions] },
  };
}

export interface Areas {
  /** Under the ROC curve. From whole counts: the one rounding is that of the last division. */
  readonly auc: number;
  /** Under the precision-recall curve. */
  readonly auPrc: number;
}

/** The areas under all points of the curves, without making them. */
export function areasOf(scored: Scored, kept: Uint8Array | undefined): Areas | undefined {
  const last = { above: 0, below: 0, precision: Number.NaN };
  let [rocArea, precisionArea] = [0, 0];
  eachScore(scored, kept, (above, below) => {
    const precision = above / (above + below);
    const before = Number.isNaN(last.precision) ? precision : last.precision;
    rocArea += ((below - last.below) * (above + last.above)) / 2;
    precisionArea += ((above - last.above) * (precision + before)) / 2;
    last.above = above;
    last.below = below;
    last.precision = precision;
  });
  if (last.above === 0 || last.below === 0) return undefined;
  return { auc: rocArea / (last.above * last.below), auPrc: precisionArea / last.above };
}

/** Counts of both sorts at or above each distinct score, from the highest. */
function eachScore(
  { actual, scores, order }: Scored,
  kept: Uint8Array | undefined,
  use: (truePositives: number, falsePositives: number) => void,
): void {
  let above = 0;
  let below = 0;
  let last: number | undefined;
  for (const row of order) {
    if (kept && kept[row] === 0) continue;
    const score = scores[row] ?? 0;
    if (last !== undefined && score !== last) use(above, below);
    last = score;
    if (actual[row] === 1) above += 1;
    else below += 1;
  }
  if (last !== undefined) use(above, below);
}

export function thinned(curve: Curve): Curve {
  const last = curve.x.length - 1;
  if (last < mostCurvePoints) return curve;
  const at = (i: number) => Math.round((i * last) / (mostCurvePoints - 1));
  const places = Array.from({ length: mostCurvePoints }, (_, i) => at(i));
  return {
    x: places.map((place) => curve.x[place] ?? 0),
    y: places.map((place) => curve.y[place] ?? 0),
  };
}
