/**
 * The shares of true classes in data that have no labels yet: black-box shift estimation (Lipton,
 * Wang and Smola 2018). It holds where only the shares changed and not what a class looks like,
 * and where the model tells the classes apart; it refuses where the model does not.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';

export interface ShiftEstimate {
  /** In the order of the classes of the reference, ascending. */
  readonly classes: readonly string[];
  /** q(y)/p(y), clipped at 0. */
  readonly weights: readonly number[];
  /** Estimated shares of the current data; they add up to 1. */
  readonly shares: readonly number[];
  /** Smallest singular value of the joint matrix of prediction and label: small is unsure. */
  readonly leastSingular: number;
}

/** Under it a few percent of sampling noise would decide the answer. */
export const leastSingularValue = 0.02;
const mostClasses = 100;

export interface LabelledReference {
  readonly predicted: readonly string[];
  readonly label: readonly string[];
}

/**
 * w = C⁻¹·μ with C_ij = P(ŷ = i, y = j) of the reference and μ_i = P(ŷ = i) of the current
 * data. Refuses where C is nearly singular and where a class is unknown to the reference.
 */
export function estimateLabelShift(
  reference: LabelledReference,
  currentPredicted: readonly string[],
): Outcome<ShiftEstimate> {
  const classes = [...new Set(reference.label)].sort();
  const at = new Map(classes.map((name, i) => [name, i]));
  const size = classes.length;
  const rows = reference.label.length;
  if (rows === 0 || currentPredicted.length === 0) return refuse('there are no rows');
  if (size < 2) return refuse('the reference has one class only');
  if (size > mostClasses) return refuse(`${size} classes are more than ${mostClasses}`);
  const joint = classes.map(() => new Float64Array(size));
  reference.label.forEach((label, i) => {
    const said = at.get(reference.predicted[i] ?? '');
    const line = said === undefined ? undefined : joint[said];
    const column = at.get(label) ?? 0;
    if (line) line[column] = (line[column] ?? 0) + 1 / rows;
  });
  const predicted = new Float64Array(size);
  for (const name of currentPredicted) {
    const i = at.get(name);
    if (i === undefined) return refuse(`the reference has no class ${JSON.stringify(name)}`);
    predicted[i] = (predicted[i] ?? 0) + 1 / currentPredicted.length;
  }
  const leastSingular = leastSingularOf(joint);
  if (leastSingular < leastSingularValue) {
    return refuse(
      'the model does not tell the classes apart well enough: the smallest singular value is ' +
        `${leastSingular.toPrecision(3)}, under ${leastSingularValue}`,
    );
  }
  const weights = solved(joint, predicted).map((weight) => Math.max(0, weight));
  const prior = classes.map((_, j) => joint.reduce((sum, line) => sum + (line[j] ?? 0), 0));
  const raw = weights.map((weight, j) => weight * (prior[j] ?? 0));
  const all = raw.reduce((sum, share) => sum + share, 0);
  return ok({ classes, weights, shares: raw.map((share) => share / all), leastSingular });
}

type Matrix = readonly Float64Array[];

/** Gaussian elimination with partial pivoting. */
function solved(matrix: Matrix, right: Float64Array): readonly number[] {
  const size = matrix.length;
  const lines = matrix.map((line, i) => Float64Array.from([...line, right[i] ?? 0]));
  for (let column = 0; column < size; column += 1) {
    const pivot = lines
      .slice(column)
      .reduce((best, line) =>
        Math.abs(line[column] ?? 0) > Math.abs(best[column] ?? 0) ? line : best,
      );
    const place = lines.indexOf(pivot);
    [lines[place], lines[column]] = [lines[column] ?? pivot, pivot];
    for (const line of lines) {
      if (line === pivot) continue;
      const factor = (line[column] ?? 0) / (pivot[column] ?? 1);
      for (let k = column; k <= size; k += 1) line[k] = (line[k] ?? 0) - factor * (pivot[k] ?? 0);
    }
  }
  return lines.map((line, i) => (line[size] ?? 0) / (line[i] ?? 1));
}

const sweeps = 60;
const settled = 1e-24;

/** By one-sided Jacobi rotations of the columns (Hestenes 1958). */
function leastSingularOf(matrix: Matrix): number {
  const size = matrix.length;
  const columns = matrix.map((_, j) => Float64Array.from(matrix, (line) => line[j] ?? 0));
  for (let sweep = 0; sweep < sweeps; sweep += 1) {
    let turned = false;
    for (let i = 0; i < size; i += 1) {
      for (let j = i + 1; j < size; j += 1) turned = rotate(columns[i], columns[j]) || turned;
    }
    if (!turned) break;
  }
  return Math.min(...columns.map((column) => Math.sqrt(dot(column, column))));
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

/** Makes two columns orthogonal; false when they are. */
function rotate(a: Float64Array | undefined, b: Float64Array | undefined): boolean {
  if (!a || !b) return false;
  const [aa, bb, ab] = [dot(a, a), dot(b, b), dot(a, b)];
  if (ab * ab <= settled * aa * bb || ab === 0) return false;
  const zeta = (bb - aa) / (2 * ab);
  const tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
  const cosine = 1 / Math.sqrt(1 + tangent * tangent);
  for (let k = 0; k < a.length; k += 1) {
    const [x, y] = [a[k] ?? 0, b[k] ?? 0];
    a[k] = cosine * (x - tangent * y);
    b[k] = cosine * (tangent * x + y);
  }
  return true;
}
