/**
 * The deterministic KLL sketch of Deequ (`QuantileNonSample`): ranks and quantiles of a stream of
 * numbers in bounded memory. Up to 2,050 items it is the stream itself, in order of arrival.
 * No randomness: the same items in the same order give the same sketch.
 */
import { sortNumbers } from './sort.ts';

export const sketchSize = 2_048;
export const shrinkFactor = 0.64;

export interface Sketch {
  /** Items of level h stand for 2^h items each. */
  readonly levels: Level[];
  /** Items held, over all levels. */
  held: number;
  /** Items the levels may hold together before one is compacted. */
  capacity: number;
}

interface Level {
  /** The first `length` are there, in order of arrival; the rest is room. */
  items: Float64Array;
  length: number;
  /** Decides which half of the sorted items goes up. */
  compactions: number;
  readonly capacity: number;
}

export function emptySketch(): Sketch {
  return sketchOf([[]]);
}

function levelCapacity(level: number): number {
  return 2 * (Math.ceil((sketchSize * shrinkFactor ** level) / 2) + 1);
}

/** Changes `sketch`. */
export function addToSketch(sketch: Sketch, x: number): void {
  const level = sketch.levels[0];
  if (level) append(level, x);
  sketch.held += 1;
  if (sketch.held > sketch.capacity) condense(sketch);
}

/** Changes `sketch` as adding the first `count` of `numbers` one by one would. */
export function addManyToSketch(sketch: Sketch, numbers: Float64Array, count: number): void {
  const level = sketch.levels[0];
  let done = 0;
  while (level && done < count) {
    const room = Math.max(1, sketch.capacity + 1 - sketch.held);
    const taken = Math.min(room, count - done);
    reserve(level, level.length + taken);
    level.items.set(numbers.subarray(done, done + taken), level.length);
    level.length += taken;
    sketch.held += taken;
    done += taken;
    if (sketch.held > sketch.capacity) condense(sketch);
  }
}

function append(level: Level, x: number): void {
  reserve(level, level.length + 1);
  level.items[level.length] = x;
  level.length += 1;
}

function reserve(level: Level, length: number): void {
  if (length <= level.items.length) return;
  // In few steps: what was outgrown stays until memory is collected, which is seldom.
  const { capacity } = level;
  const most = level.length < capacity ? Math.min(capacity, 8 * level.length) : 2 * level.length;
  const grown = new Float64Array(Math.max(16, most, length));
  grown.set(level.items);
  level.items = grown;
}

function addLevel(sketch: Sketch): Level {
  const level = levelOf([], sketch.levels.length, 0);
  sketch.levels.push(level);
  sketch.capacity += level.capacity;
  return level;
}

function levelOf(items: readonly number[], at: number, compactions: number): Level {
  const held = Float64Array.from(items);
  return { items: held, length: items.length, compactions, capacity: levelCapacity(at) };
}

/** Compacts the lowest level that is full. */
function condense(sketch: Sketch): void {
  const at = sketch.levels.findIndex(({ length, capacity }) => length >= capacity);
  const level = sketch.levels[at];
  if (!level) return;
  const above = sketch.levels[at + 1] ?? addLevel(sketch);
  const { items, length, compactions } = level;
  // 0, 1, 1, 0, 0, 1, 1, …: the offset flips before every second compaction.
  const offset = ((compactions + 1) >> 1) & 1;
  const even = length - (length % 2);
  // One from each compaction below: of level 0, as many as there are items.
  if (at === 0) sortNumbers(items.subarray(0, even));
  else sortRuns(items, even);
  reserve(above, above.length + even / 2);
  const into = above.items;
  let end = above.length;
  for (let i = offset; i < even; i += 2) {
    into[end] = items[i] as number;
    end += 1;
  }
  above.length = end;
  // Of an odd number the last to come stays.
  items[0] = items[even] ?? 0;
  level.length = length - even;
  level.compactions += 1;
  sketch.held -= even / 2;
}

const mostRuns = 8;
let runs = new Float64Array(2 * sketchSize);

/** Sorts the first `length` in place. Upper levels are a few sorted runs: they are merged. */
function sortRuns(items: Float64Array, length: number): void {
  let starts = [0];
  for (let i = 1; i < length && starts.length <= mostRuns; i += 1) {
    if ((items[i] as number) < (items[i - 1] as number)) starts.push(i);
  }
  if (starts.length > mostRuns) {
    sortNumbers(items.subarray(0, length));
    return;
  }
  if (runs.length < length) runs = new Float64Array(length);
  while (starts.length > 1) {
    const merged: number[] = [];
    runs.set(items.subarray(0, length));
    for (let run = 0; run < starts.length; run += 2) {
      const start = starts[run] ?? 0;
      const middle = starts[run + 1] ?? length;
      mergeRuns(runs, items, { start, middle, end: starts[run + 2] ?? length });
      merged.push(start);
    }
    starts = merged;
  }
}

function mergeRuns(
  from: Float64Array,
  into: Float64Array,
  { start, middle, end }: { start: number; middle: number; end: number },
): void {
  let left = start;
  let right = middle;
  let at = start;
  // Without a branch on which is less: it goes either way as often, and guessing wrong is slow.
  while (left < middle && right < end) {
    const a = from[left] as number;
    const b = from[right] as number;
    const takesLeft = Number(a <= b);
    into[at] = Math.min(a, b);
    left += takesLeft;
    right += 1 - takesLeft;
    at += 1;
  }
  for (; left < middle; left += 1, at += 1) into[at] = from[left] as number;
  for (; right < end; right += 1, at += 1) into[at] = from[right] as number;
}

/**
 * A new sketch; within the capacity it holds the items of `a`, then those of `b`. (Deequ's merge
 * compacts at the capacity itself, one item earlier than its update does; this one does not, so
 * that parts and whole are the same up to it.)
 */
export function mergeSketches(a: Sketch, b: Sketch): Sketch {
  const levels = a.levels.map((level) => ({ ...level, items: level.items.slice(0, level.length) }));
  const merged = { ...a, levels };
  absorbSketch(merged, b);
  return merged;
}

/** As `mergeSketches`, into `sketch`, which is changed. */
export function absorbSketch(sketch: Sketch, from: Sketch): void {
  while (sketch.levels.length < from.levels.length) addLevel(sketch);
  from.levels.forEach(({ items, length }, h) => {
    const into = sketch.levels[h];
    if (!into) return;
    reserve(into, into.length + length);
    into.items.set(items.subarray(0, length), into.length);
    into.length += length;
    sketch.held += length;
  });
  while (sketch.held > sketch.capacity) condense(sketch);
}

/** A sketch from its levels, as documents and stored profiles have them. */
export function sketchOf(
  levels: readonly (readonly number[])[],
  compactions: readonly number[] = [],
): Sketch {
  const whole = levels.length === 0 ? [[]] : levels;
  const made = whole.map((items, h) => levelOf(items, h, compactions[h] ?? 0));
  return {
    levels: made,
    held: made.reduce((sum, { length }) => sum + length, 0),
    capacity: made.reduce((sum, { capacity }) => sum + capacity, 0),
  };
}

/** Copies of the items, by level. */
export function levelsOf(sketch: Sketch): number[][] {
  return sketch.levels.map(({ items, length }) => Array.from(items.subarray(0, length)));
}

export function compactionsOf(sketch: Sketch): number[] {
  return sketch.levels.map(({ compactions }) => compactions);
}

/** The distribution a sketch stands for: ascending distinct values with the weight up to each. */
export interface Cumulative {
  readonly values: Float64Array;
  /** `upTo[i]` is the weight of all items ≤ `values[i]`. */
  readonly upTo: Float64Array;
  readonly total: number;
}

export function cumulativeOf(sketch: Sketch): Cumulative {
  let all: Weighted = { values: new Float64Array(0), weights: new Float64Array(0) };
  // From the top down, where levels are longer.
  for (let h = sketch.levels.length - 1; h >= 0; h -= 1) {
    const { items, length } = sketch.levels[h] ?? levelOf([], h, 0);
    all = mergeLevel(all, items.slice(0, length).sort(), 2 ** h);
  }
  const { values, weights } = all;
  let distinct = 0;
  let total = 0;
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i] as number;
    total += weights[i] as number;
    if (i > 0 && values[distinct - 1] === value) distinct -= 1;
    values[distinct] = value;
    weights[distinct] = total;
    distinct += 1;
  }
  return { values: values.slice(0, distinct), upTo: weights.slice(0, distinct), total };
}

/** Ascending values, side by side with their weights. */
interface Weighted {
  readonly values: Float64Array;
  readonly weights: Float64Array;
}

function mergeLevel(into: Weighted, items: Float64Array, weight: number): Weighted {
  const length = into.values.length + items.length;
  const values = new Float64Array(length);
  const weights = new Float64Array(length);
  let [left, right] = [0, 0];
  for (let i = 0; i < length; i += 1) {
    const takesLeft =
      right === items.length ||
      (left < into.values.length && (into.values[left] as number) <= (items[right] as number));
    values[i] = (takesLeft ? into.values[left] : items[right]) as number;
    weights[i] = takesLeft ? (into.weights[left] as number) : weight;
    if (takesLeft) left += 1;
    else right += 1;
  }
  return { values, weights };
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
