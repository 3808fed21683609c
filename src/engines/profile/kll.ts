/**
 * The deterministic KLL sketch of Deequ (`QuantileNonSample`): ranks and quantiles of a stream of
 * numbers in bounded memory. Up to 2,050 items it is the stream itself, in order of arrival.
 * No randomness: the same items in the same order give the same sketch.
 */

export const sketchSize = 2_048;
export const shrinkFactor = 0.64;

export interface Sketch {
  /** Items of level h stand for 2^h items each; appended to, never sorted in place. */
  readonly levels: number[][];
  /** How often each level was compacted; decides which half of the sorted items goes up. */
  readonly compactions: number[];
  /** Items held, over all levels. */
  held: number;
  /** Items the levels may hold together before one is compacted. */
  capacity: number;
}

export function emptySketch(): Sketch {
  return { levels: [[]], compactions: [0], held: 0, capacity: levelCapacity(0) };
}

function levelCapacity(level: number): number {
  return 2 * (Math.ceil((sketchSize * shrinkFactor ** level) / 2) + 1);
}

/** Changes `sketch`. */
export function addToSketch(sketch: Sketch, x: number): void {
  sketch.levels[0]?.push(x);
  sketch.held += 1;
  if (sketch.held > sketch.capacity) condense(sketch);
}

function addLevel(sketch: Sketch): void {
  sketch.capacity += levelCapacity(sketch.levels.length);
  sketch.levels.push([]);
  sketch.compactions.push(0);
}

/** Compacts the lowest level that is full. */
function condense(sketch: Sketch): void {
  const level = sketch.levels.findIndex((items, h) => items.length >= levelCapacity(h));
  const items = sketch.levels[level];
  if (!items) return;
  if (level + 1 === sketch.levels.length) addLevel(sketch);
  const above = sketch.levels[level + 1] ?? [];
  const times = sketch.compactions[level] ?? 0;
  // 0, 1, 1, 0, 0, 1, 1, …: the offset flips before every second compaction.
  const offset = ((times + 1) >> 1) & 1;
  const even = items.length - (items.length % 2);
  const sorted = Float64Array.from(items.slice(0, even)).sort();
  for (let i = offset; i < even; i += 2) above.push(sorted[i] ?? 0);
  const last = items.length > even ? [items[even] ?? 0] : [];
  sketch.levels[level] = last;
  sketch.compactions[level] = times + 1;
  sketch.held -= even - even / 2;
}

/** A new sketch; within the capacity it holds the items of `a`, then those of `b`. */
export function mergeSketches(a: Sketch, b: Sketch): Sketch {
  const merged = sketchOf(
    a.levels.map((items) => [...items]),
    a.compactions,
  );
  while (merged.levels.length < b.levels.length) addLevel(merged);
  b.levels.forEach((items, h) => {
    const into = merged.levels[h] ?? [];
    for (const x of items) into.push(x);
    merged.held += items.length;
  });
  while (merged.held > merged.capacity) condense(merged);
  return merged;
}

/** A sketch from its levels, as documents and stored profiles have them. Takes the arrays over. */
export function sketchOf(levels: number[][], compactions: readonly number[] = []): Sketch {
  const whole = levels.length === 0 ? [[]] : levels;
  return {
    levels: whole,
    compactions: whole.map((_, h) => compactions[h] ?? 0),
    held: whole.reduce((sum, items) => sum + items.length, 0),
    capacity: whole.reduce((sum, _, h) => sum + levelCapacity(h), 0),
  };
}

/** The distribution a sketch stands for: ascending distinct values with the weight up to each. */
export interface Cumulative {
  readonly values: Float64Array;
  /** `upTo[i]` is the weight of all items ≤ `values[i]`. */
  readonly upTo: Float64Array;
  readonly total: number;
}

export function cumulativeOf(sketch: Sketch): Cumulative {
  const weighted = sketch.levels.flatMap((items, h) =>
    items.map((value) => ({ value, weight: 2 ** h })),
  );
  weighted.sort((a, b) => a.value - b.value);
  const values: number[] = [];
  const upTo: number[] = [];
  let total = 0;
  for (const { value, weight } of weighted) {
    total += weight;
    if (values.length > 0 && values[values.length - 1] === value) upTo[upTo.length - 1] = total;
    else {
      values.push(value);
      upTo.push(total);
    }
  }
  return { values: Float64Array.from(values), upTo: Float64Array.from(upTo), total };
}

/** Weight of the items ≤ x. */
export function rankOf(of: Cumulative, x: number): number {
  const at = firstAbove(of.values, x);
  return at === 0 ? 0 : (of.upTo[at - 1] ?? 0);
}

/** Weight of the items < x. */
export function rankBelow(of: Cumulative, x: number): number {
  const at = firstAbove(of.values, x);
  if (at === 0) return 0;
  const equal = of.values[at - 1] === x;
  const before = equal ? at - 2 : at - 1;
  return before < 0 ? 0 : (of.upTo[before] ?? 0);
}

/** The smallest value with at least `q01` of the weight at or below it; NaN when empty. */
export function quantileOf(of: Cumulative, q01: number): number {
  const wanted = q01 * of.total;
  let low = 0;
  let high = of.values.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((of.upTo[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  return of.values[low] ?? Number.NaN;
}

function firstAbove(values: Float64Array, x: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? 0) <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}

export interface Bucket {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

export const bucketCount = 10;

/** Ten equal widths from min to max, each closed below and open above but for the last. */
export function bucketsOf(sketch: Sketch, min: number, max: number): readonly Bucket[] {
  const of = cumulativeOf(sketch);
  const edge = (i: number) => min + ((max - min) * i) / bucketCount;
  return Array.from({ length: bucketCount }, (_, i) => {
    const [lower, upper] = [edge(i), edge(i + 1)];
    const last = i === bucketCount - 1;
    const below = i === 0 ? 0 : rankBelow(of, lower);
    const count = (last ? of.total : rankBelow(of, upper)) - below;
    return { lower, upper, count };
  });
}
