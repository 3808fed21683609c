/**
 * A linear model in plain data, whose means over coalitions are found without making a row: each
 * pair of a coalition and a background row has the background's sum and, of the coalition's
 * features, what they add against it.
 */
import type { Coalitions } from './coalitions.ts';
import { type Link, labelsOf, linked } from './link.ts';
import { cellsOf } from './trees.ts';
import type { WhiteBox, WhiteBoxMeans } from './types.ts';

export interface LinearModel {
  readonly kind: 'linear';
  readonly features: number;
  /** Sum s, feature f at `s · features + f`. */
  readonly coefficients: Float64Array;
  readonly intercepts: Float64Array;
  readonly link: Link;
}

/** Cells are rounded to 32 bits, as the model's input is. */
export function linearBoxOf(model: LinearModel): WhiteBox {
  const { features, link } = model;
  const labels = labelsOf(link);
  return {
    features,
    labels,
    scores(row) {
      const sums = sumsOf(model, cellsOf(row));
      linked(sums, link);
      return Array.from(sums.subarray(0, labels));
    },
    over(background) {
      const rows = background.map(cellsOf);
      const bases = rows.map((cells) => sumsOf(model, cells));
      return (row, coalitions, varying) => {
        const cells = cellsOf(row);
        // What each varying feature adds to each sum when it is the row's.
        const gains = rows.map((other) => gainsOf(model, { cells, other, varying }));
        return meansOf(model, { bases, gains, coalitions });
      };
    },
  };
}

function sumsOf({ features, coefficients, intercepts }: LinearModel, cells: Float64Array) {
  return intercepts.map((intercept, sum) => {
    let total = intercept;
    for (let feature = 0; feature < features; feature += 1) {
      total += (coefficients[sum * features + feature] ?? 0) * (cells[feature] ?? Number.NaN);
    }
    return total;
  });
}

interface Pair {
  readonly cells: Float64Array;
  readonly other: Float64Array;
  readonly varying: Int32Array;
}

/** Sum s, varying feature v at `s · varying + v`. */
function gainsOf(
  { features, coefficients, link }: LinearModel,
  { cells, other, varying }: Pair,
): Float64Array {
  const gains = new Float64Array(link.sums * varying.length);
  for (let sum = 0; sum < link.sums; sum += 1) {
    for (const [at, feature] of varying.entries()) {
      const step = (cells[feature] ?? 0) - (other[feature] ?? 0);
      gains[sum * varying.length + at] = (coefficients[sum * features + feature] ?? 0) * step;
    }
  }
  return gains;
}

interface Sheet {
  /** Of each background row: its sums. */
  readonly bases: readonly Float64Array[];
  readonly gains: readonly Float64Array[];
  readonly coalitions: Coalitions;
}

function meansOf({ link }: LinearModel, { bases, gains, coalitions }: Sheet): WhiteBoxMeans {
  const labels = labelsOf(link);
  const { count, features: width, masks } = coalitions;
  const means = new Float64Array(count * labels);
  const sums = new Float64Array(link.sums);
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < count; c += 1) {
    for (const [b, base] of bases.entries()) {
      const own = gains[b] ?? base;
      for (let sum = 0; sum < link.sums; sum += 1) {
        let total = base[sum] ?? 0;
        for (let v = 0; v < width; v += 1) {
          if (masks[c * width + v] === 1) total += own[sum * width + v] ?? 0;
        }
        sums[sum] = total;
      }
      linked(sums, link);
      for (let label = 0; label < labels; label += 1) {
        const score = sums[label] ?? 0;
        means[c * labels + label] = (means[c * labels + label] ?? 0) + score / bases.length;
        if (score < lowest) lowest = score;
        if (score > highest) highest = score;
      }
    }
  }
  return { means, lowest, highest };
}
