/**
 * The distribution of the one-sample Kolmogorov-Smirnov statistic, chosen between an exact matrix
 * (Marsaglia, Tsang and Wang 2003), an expansion (Pelz and Good 1976) and twice the one-sided tail
 * (Miller 1956; Birnbaum and Tingey 1951), where each is precise (Simard and L'Ecuyer 2011).
 */

/** Beyond it the tail is below 5e-16. */
const certain = 18;
const matrixSize = 140;
/** The expansion is not yet precise near 0. */
const expansionSize = 500;
/** Beyond it the tail's limit is right to a few parts in ten thousand. */
const oneSidedLimit = 50_000;

/** P(D ≥ d) of n values; 0 ≤ d ≤ 1. */
export function kolmogorovTail(n: number, d: number): number {
  if (n <= 0 || !(d >= 0)) return Number.NaN;
  if (d >= 1) return 0;
  if (2 * n * d <= 1) return 1;
  const squared = n * d * d;
  if (squared >= certain) return 0;
  const small = n <= matrixSize ? squared < 4 : n <= expansionSize && squared < 0.3;
  if (small) return 1 - byMatrix(n, d);
  if (n > matrixSize && squared < 2.2) return 1 - expansion(n, d);
  return Math.min(1, 2 * oneSidedTail(n, d));
}

/** P(D⁺ ≥ d). */
function oneSidedTail(n: number, d: number): number {
  if (n > oneSidedLimit) return Math.exp(-((6 * n * d + 1) ** 2) / (18 * n));
  const last = Math.floor(n * (1 - d));
  let sum = 0;
  let logChoose = 0;
  for (let j = 0; j <= last; j += 1) {
    const [up, down] = [d + j / n, 1 - d - j / n];
    if (down > 0 || n === j) {
      sum += Math.exp(
        logChoose + (j - 1) * Math.log(up) + (n === j ? 0 : (n - j) * Math.log(down)),
      );
    }
    logChoose += Math.log((n - j) / (j + 1));
  }
  return sum * d;
}

/** P(D < d), exactly but for rounding. */
function byMatrix(n: number, d: number): number {
  const k = Math.floor(n * d) + 1;
  const size = 2 * k - 1;
  const h = k - n * d;
  const at = (row: number, column: number) => row * size + column;
  const step = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j < size; j += 1) if (i - j + 1 >= 0) step[at(i, j)] = 1;
  }
  for (let i = 0; i < size; i += 1) {
    step[at(i, 0)] = (step[at(i, 0)] ?? 0) - h ** (i + 1);
    const bottom = at(size - 1, i);
    step[bottom] = (step[bottom] ?? 0) - h ** (size - i);
  }
  const corner = at(size - 1, 0);
  if (2 * h - 1 > 0) step[corner] = (step[corner] ?? 0) + (2 * h - 1) ** size;
  for (let i = 0; i < size; i += 1) {
    let factorial = 1;
    for (let j = i; j >= 0; j -= 1) {
      factorial *= i - j + 1;
      step[at(i, j)] = (step[at(i, j)] ?? 0) / factorial;
    }
  }
  let probability = power(step, size, n)[at(k - 1, k - 1)] ?? 0;
  for (let i = 1; i <= n; i += 1) probability *= i / n;
  return Math.min(1, Math.max(0, probability));
}

function power(base: Float64Array, size: number, exponent: number): Float64Array {
  if (exponent === 1) return base;
  const half = power(base, size, exponent >> 1);
  const square = product(half, half, size);
  return exponent % 2 === 0 ? square : product(square, base, size);
}

function product(a: Float64Array, b: Float64Array, size: number): Float64Array {
  const out = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) {
    for (let l = 0; l < size; l += 1) {
      const factor = a[i * size + l] ?? 0;
      if (factor === 0) continue;
      for (let j = 0; j < size; j += 1) {
        out[i * size + j] = (out[i * size + j] ?? 0) + factor * (b[l * size + j] ?? 0);
      }
    }
  }
  return out;
}

const termLimit = 100;

/** P(D < d) to the third order in 1/√n. */
function expansion(n: number, d: number): number {
  const z = Math.sqrt(n) * d;
  const [z2, z4, z6] = [z ** 2, z ** 4, z ** 6];
  const p2 = Math.PI ** 2;
  const [p4, p6] = [p2 * p2, p2 * p2 * p2];
  const sums = [0, 0, 0, 0];
  const add = (order: number, value: number) => void (sums[order] = (sums[order] ?? 0) + value);
  for (let k = 0; k < termLimit; k += 1) {
    // Odd halves, then whole numbers; both series fade by the same Gaussian.
    const h2 = (k + 0.5) ** 2;
    const w = Math.exp((-p2 * h2) / (2 * z2));
    add(0, w);
    add(1, (p2 * h2 - z2) * w);
    add(2, (6 * z6 + 2 * z4 + p2 * (2 * z4 - 5 * z2) * h2 + p4 * (1 - 2 * z2) * h2 * h2) * w);
    add(
      3,
      (-30 * z6 -
        90 * z ** 8 +
        p2 * (135 * z4 - 96 * z6) * h2 +
        p4 * (212 * z4 - 60 * z2) * h2 * h2 +
        p6 * (5 - 30 * z2) * h2 ** 3) *
        w,
    );
    if (w < 1e-300) break;
  }
  let [whole2, whole3] = [0, 0];
  for (let k = 1; k < termLimit; k += 1) {
    const w = Math.exp((-p2 * k * k) / (2 * z2));
    whole2 += k * k * w;
    whole3 += (3 * p2 * k * k * z2 - p4 * k ** 4) * w;
  }
  const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = sums;
  const root = Math.sqrt(2 * Math.PI);
  const half = Math.sqrt(Math.PI / 2);
  const terms = [
    (root * s0) / z,
    (half * s1) / (3 * z4 * Math.sqrt(n)),
    ((half * s2) / (36 * z ** 7) - (half * p2 * whole2) / (18 * z ** 3)) / n,
    ((half * s3) / (3240 * z ** 10) + (half * whole3) / (108 * z6)) / n ** 1.5,
  ];
  return Math.min(
    1,
    Math.max(
      0,
      terms.reduce((sum, term) => sum + term, 0),
    ),
  );
}
