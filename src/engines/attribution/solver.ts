/**
 * Weighted least squares for the values of one coalition set, kept to Σφ = f(x) − φ₀.
 *
 * With Δ = f(x) − φ₀ and φ = Δ/M + u, Σu = 0: u minimises
 * Σ_c w_c · (y_c − φ₀ − |z_c|·Δ/M − z̃_c·u)², where z̃ is z less its mean. That is what leaving
 * one feature out and giving it the remainder comes to; but when the coalitions are too few to
 * settle every feature it favours none: the solution of least norm shares out what is open evenly.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Coalitions } from './coalitions.ts';

export interface Solver {
  /** True when the coalitions were too few to settle every feature. */
  readonly underdetermined: boolean;
  /**
   * φ of one row and label into `phi`, from what the model said of each coalition less φ₀, and
   * from Δ.
   */
  solve(gains: Float64Array, delta: number, phi: Float64Array): void;
}

/** Beyond this many features, coalitions too few to settle them are refused: it takes minutes. */
const maxUnsettledFeatures = 250;

/** The factor is made once; each solution after it is one product of a matrix and a vector. */
export function solverOf({ features, count, masks, weights }: Coalitions): Outcome<Solver> {
  const sizes = Float64Array.from({ length: count }, (_, c) => {
    let size = 0;
    for (let j = 0; j < features; j += 1) size += masks[c * features + j] ?? 0;
    return size;
  });
  const centred = new Float64Array(count * features);
  for (let at = 0; at < centred.length; at += 1) {
    const mean = (sizes[Math.floor(at / features)] ?? 0) / features;
    centred[at] = (masks[at] ?? 0) - mean;
  }
  const gram = gramOf(centred, weights, features);
  const found = inverseOf(gram, features);
  if (!found) {
    return refuse(
      `${count} coalitions do not settle the values of ${features} features: raise num_samples`,
    );
  }
  const { inverse, underdetermined } = found;
  const factor = factorOf({ inverse, centred, weights, features });
  return ok({
    underdetermined,
    solve(gains, delta, phi) {
      const share = delta / features;
      phi.fill(share, 0, features);
      for (let c = 0; c < count; c += 1) {
        const rest = (gains[c] ?? 0) - (sizes[c] ?? 0) * share;
        const start = c * features;
        for (let j = 0; j < features; j += 1) {
          phi[j] = (phi[j] ?? 0) + (factor[start + j] ?? 0) * rest;
        }
      }
    },
  });
}

/** Z̃ᵀ W Z̃. */
function gramOf(centred: Float64Array, weights: Float64Array, features: number): Float64Array {
  const gram = new Float64Array(features * features);
  for (let c = 0; c < weights.length; c += 1) {
    const row = centred.subarray(c * features, (c + 1) * features);
    for (let i = 0; i < features; i += 1) {
      const weighted = (row[i] ?? 0) * (weights[c] ?? 0);
      for (let j = 0; j <= i; j += 1) {
        gram[i * features + j] = (gram[i * features + j] ?? 0) + weighted * (row[j] ?? 0);
      }
    }
  }
  for (let i = 0; i < features; i += 1) {
    for (let j = 0; j < i; j += 1) gram[j * features + i] = gram[i * features + j] ?? 0;
  }
  return gram;
}

/** Row c: the inverse times z̃_c, times w_c. */
function factorOf(parts: {
  readonly inverse: Float64Array;
  readonly centred: Float64Array;
  readonly weights: Float64Array;
  readonly features: number;
}): Float64Array {
  const { inverse, centred, weights, features } = parts;
  const factor = new Float64Array(centred.length);
  for (let c = 0; c < weights.length; c += 1) {
    const start = c * features;
    for (let i = 0; i < features; i += 1) {
      let sum = 0;
      for (let j = 0; j < features; j += 1) {
        sum += (inverse[i * features + j] ?? 0) * (centred[start + j] ?? 0);
      }
      factor[start + i] = sum * (weights[c] ?? 0);
    }
  }
  return factor;
}

/** Pivots below this share of the largest entry are zeros with rounding on them. */
const relativeZero = 1e-11;

interface Inverse {
  readonly inverse: Float64Array;
  readonly underdetermined: boolean;
}

/**
 * On the vectors that add up to 0, where alone it is used. The one direction outside them is given
 * the size of the rest, so that a full matrix can be inverted by Cholesky.
 */
function inverseOf(gram: Float64Array, n: number): Inverse | undefined {
  let trace = 0;
  for (let i = 0; i < n; i += 1) trace += gram[i * n + i] ?? 0;
  const lifted = gram.map((value) => value + trace / n / n);
  const inverse = choleskyInverse(lifted, n);
  if (inverse) return { inverse, underdetermined: false };
  if (n > maxUnsettledFeatures) return undefined;
  return { inverse: pseudoInverse(gram, n), underdetermined: true };
}

/** Undefined when the matrix is not positive definite. */
function choleskyInverse(matrix: Float64Array, n: number): Float64Array | undefined {
  const lower = choleskyOf(matrix, n);
  if (!lower) return undefined;
  const inverse = new Float64Array(n * n);
  const x = new Float64Array(n);
  for (let column = 0; column < n; column += 1) {
    for (let i = 0; i < n; i += 1) {
      let sum = i === column ? 1 : 0;
      for (let k = 0; k < i; k += 1) sum -= (lower[i * n + k] ?? 0) * (x[k] ?? 0);
      x[i] = sum / (lower[i * n + i] ?? 1);
    }
    for (let i = n - 1; i >= 0; i -= 1) {
      let sum = x[i] ?? 0;
      for (let k = i + 1; k < n; k += 1) sum -= (lower[k * n + i] ?? 0) * (x[k] ?? 0);
      x[i] = sum / (lower[i * n + i] ?? 1);
    }
    for (let i = 0; i < n; i += 1) inverse[i * n + column] = x[i] ?? 0;
  }
  return inverse;
}

function choleskyOf(matrix: Float64Array, n: number): Float64Array | undefined {
  const largest = matrix.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const lower = new Float64Array(n * n);
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let sum = matrix[i * n + j] ?? 0;
      for (let k = 0; k < j; k += 1) sum -= (lower[i * n + k] ?? 0) * (lower[j * n + k] ?? 0);
      if (i === j && !(sum > largest * relativeZero)) return undefined;
      lower[i * n + j] = i === j ? Math.sqrt(sum) : sum / (lower[j * n + j] ?? 1);
    }
  }
  return lower;
}

const maxSweeps = 60;

/** Moore and Penrose's, of a symmetric matrix, from its eigenvectors by Jacobi's rotations. */
function pseudoInverse(matrix: Float64Array, n: number): Float64Array {
  const a = Float64Array.from(matrix);
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i += 1) vectors[i * n + i] = 1;
  const scale = a.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  for (let sweep = 0; sweep < maxSweeps; sweep += 1) {
    let rotated = false;
    for (let p = 0; p < n; p += 1) {
      for (let q = p + 1; q < n; q += 1) {
        if (Math.abs(a[p * n + q] ?? 0) <= scale * 1e-16) continue;
        rotate(a, vectors, { n, p, q });
        rotated = true;
      }
    }
    if (!rotated) break;
  }
  const inverse = new Float64Array(n * n);
  for (let k = 0; k < n; k += 1) {
    const value = a[k * n + k] ?? 0;
    if (value > scale * n * relativeZero) addOuter(inverse, vectors, { n, k, value });
  }
  return inverse;
}

function rotate(
  a: Float64Array,
  vectors: Float64Array,
  { n, p, q }: { readonly n: number; readonly p: number; readonly q: number },
): void {
  const theta = ((a[q * n + q] ?? 0) - (a[p * n + p] ?? 0)) / (2 * (a[p * n + q] ?? 0));
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const cos = 1 / Math.sqrt(t * t + 1);
  const sin = t * cos;
  const turn = (m: Float64Array, from: number, to: number) => {
    const x = m[from] ?? 0;
    const y = m[to] ?? 0;
    m[from] = cos * x - sin * y;
    m[to] = sin * x + cos * y;
  };
  for (let i = 0; i < n; i += 1) turn(a, i * n + p, i * n + q);
  for (let i = 0; i < n; i += 1) turn(a, p * n + i, q * n + i);
  for (let i = 0; i < n; i += 1) turn(vectors, i * n + p, i * n + q);
}

function addOuter(
  into: Float64Array,
  vectors: Float64Array,
  { n, k, value }: { readonly n: number; readonly k: number; readonly value: number },
): void {
  for (let i = 0; i < n; i += 1) {
    const scaled = (vectors[i * n + k] ?? 0) / value;
    for (let j = 0; j < n; j += 1) {
      into[i * n + j] = (into[i * n + j] ?? 0) + scaled * (vectors[j * n + k] ?? 0);
    }
  }
}
