/**
 * Count, sum, mean, variance and extremes of a stream of numbers, mergeable across partitions.
 * The running update and the merge are those of Spark's central moments (Chan, Golub and LeVeque),
 * and the mean is the plain sum over the count, so that recorded digits come out the same.
 */

export interface Moments {
  count: number;
  sum: number;
  /** The running mean that belongs to `m2`; `meanOf` is what is reported. */
  center: number;
  /** Sum of squared distances from the mean. */
  m2: number;
  /** Infinity when nothing was seen. */
  min: number;
  max: number;
}

export function zeroMoments(): Moments {
  return {
    count: 0,
    sum: 0,
    center: 0,
    m2: 0,
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
  };
}

/** Changes `state`. `x` must be finite. */
export function addNumber(state: Moments, x: number): void {
  state.count += 1;
  state.sum += x;
  const delta = x - state.center;
  const step = delta / state.count;
  state.center += step;
  state.m2 += delta * (delta - step);
  if (x < state.min) state.min = x;
  if (x > state.max) state.max = x;
}

/** Changes `state` as adding the first `count` of `numbers` one by one would. */
export function addNumbers(state: Moments, numbers: Float64Array, count: number): void {
  let { count: seen, sum, center, m2, min, max } = state;
  for (let i = 0; i < count; i += 1) {
    const x = numbers[i] ?? 0;
    seen += 1;
    sum += x;
    const delta = x - center;
    const step = delta / seen;
    center += step;
    m2 += delta * (delta - step);
    if (x < min) min = x;
    if (x > max) max = x;
  }
  Object.assign(state, { count: seen, sum, center, m2, min, max });
}

/** Associative up to rounding, with `zeroMoments()` as identity. */
export function mergeMoments(a: Moments, b: Moments): Moments {
  if (a.count === 0) return { ...b };
  if (b.count === 0) return { ...a };
  const count = a.count + b.count;
  const delta = b.center - a.center;
  const step = delta / count;
  return {
    count,
    sum: a.sum + b.sum,
    center: a.center + step * b.count,
    m2: a.m2 + b.m2 + delta * step * a.count * b.count,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
  };
}

/** NaN when nothing was seen. */
export function meanOf(state: Moments): number {
  return state.sum / state.count;
}

/** Of the population: divided by n. NaN when nothing was seen. */
export function deviationOf(state: Moments): number {
  return Math.sqrt(state.m2 / state.count);
}
