/**
 * Nearest points by Euclidean distance. Among points at the same distance the choice is that of
 * scikit-learn's KD tree (median splits by the widest dimension, leaves of 30, depth first): tables
 * of whole numbers are full of ties, and a measure that others compute must come out the same.
 */
import { defined } from '../../kernel/assert.ts';

/** Points row by row. */
export interface Points {
  readonly values: Float64Array;
  readonly dimensions: number;
  readonly count: number;
}

export interface Nearest {
  /** The `k` nearest points to row `row` of `queries`; the view is overwritten by the next call. */
  of(queries: Points, row: number): Int32Array;
}

const LEAF_SIZE = 30;
const TREE_DIMENSIONS_MAX = 15;

/** A scan replaces the tree where scikit-learn scans: many dimensions, or few points for `k`. */
export function nearest(points: Points, k: number): Nearest {
  const scan = points.dimensions > TREE_DIMENSIONS_MAX || k >= Math.floor(points.count / 2);
  return scan ? scanner(points, k) : tree(points, k);
}

/** Among points at the same distance the first are taken. */
function scanner(points: Points, k: number): Nearest {
  const heap = nearestHeap(Math.min(k, points.count));
  const of = (queries: Points, row: number) => {
    heap.clear();
    for (let point = 0; point < points.count; point++) {
      heap.push(distance(points, point, queries, row), point);
    }
    return heap.points;
  };
  return { of };
}

interface Tree {
  readonly points: Points;
  /** Points in the order of the leaves. */
  readonly order: Int32Array;
  /** Per node: first point, end, and bounds per dimension. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** Coordinates in the order of the leaves, so that a leaf is read in one stretch. */
  readonly packed: Float64Array;
}

function tree(points: Points, k: number): Nearest {
  const { count, dimensions } = points;
  const levels = Math.floor(Math.log2(Math.max(1, (count - 1) / LEAF_SIZE)) + 1);
  const nodes = 2 ** levels - 1;
  const built: Tree = {
    points,
    order: Int32Array.from({ length: count }, (_, at) => at),
    from: new Int32Array(nodes),
    to: new Int32Array(nodes),
    low: new Float64Array(nodes * dimensions).fill(Number.POSITIVE_INFINITY),
    high: new Float64Array(nodes * dimensions).fill(Number.NEGATIVE_INFINITY),
    packed: new Float64Array(count * dimensions),
  };
  build(built, 0, [0, count]);
  built.order.forEach((point, at) => {
    const start = point * dimensions;
    built.packed.set(points.values.subarray(start, start + dimensions), at * dimensions);
  });
  const heap = nearestHeap(k);
  const of = (queries: Points, row: number) => {
    heap.clear();
    const start = row * dimensions;
    search(built, { heap, query: queries.values.subarray(start, start + dimensions) }, [0, 0]);
    return heap.points;
  };
  return { of };
}

function build(into: Tree, node: number, [from, to]: readonly [number, number]): void {
  const { points, order, low, high } = into;
  const { dimensions, values } = points;
  into.from[node] = from;
  into.to[node] = to;
  const base = node * dimensions;
  for (let at = from; at < to; at++) {
    const row = (order[at] ?? 0) * dimensions;
    for (let d = 0; d < dimensions; d++) {
      const value = values[row + d] ?? 0;
      if (value < (low[base + d] ?? 0)) low[base + d] = value;
      if (value > (high[base + d] ?? 0)) high[base + d] = value;
    }
  }
  if (2 * node + 1 >= into.from.length || to - from < 2) return;
  let widest = 0;
  let spread = 0;
  for (let d = 0; d < dimensions; d++) {
    const width = (high[base + d] ?? 0) - (low[base + d] ?? 0);
    if (width > spread) {
      spread = width;
      widest = d;
    }
  }
  const middle = from + Math.floor((to - from) / 2);
  const before = (a: number, b: number) => {
    const left = values[a * dimensions + widest] ?? 0;
    const right = values[b * dimensions + widest] ?? 0;
    return left === right ? a < b : left < right;
  };
  selectNth(order, { from, nth: middle, to }, before);
  build(into, 2 * node + 1, [from, middle]);
  build(into, 2 * node + 2, [middle, to]);
}

interface Search {
  readonly heap: NearestHeap;
  readonly query: Float64Array;
}

function search(tree: Tree, one: Search, [node, bound]: readonly [number, number]): void {
  const { heap, query } = one;
  // A point at the bound itself would not be nearer: ties are settled by who comes first.
  if (bound >= heap.farthest()) return;
  const left = 2 * node + 1;
  if (left >= tree.from.length) return scanLeaf(tree, one, node);
  const [boundLeft, boundRight] = [reach(tree, left, query), reach(tree, left + 1, query)];
  if (boundLeft <= boundRight) {
    search(tree, one, [left, boundLeft]);
    search(tree, one, [left + 1, boundRight]);
  } else {
    search(tree, one, [left + 1, boundRight]);
    search(tree, one, [left, boundLeft]);
  }
}

function scanLeaf(tree: Tree, { heap, query }: Search, node: number): void {
  const { packed, order } = tree;
  const dimensions = query.length;
  const to = tree.to[node] ?? 0;
  let at = (tree.from[node] ?? 0) * dimensions;
  for (let point = tree.from[node] ?? 0; point < to; point++) {
    let squared = 0;
    for (let d = 0; d < dimensions; d++) {
      const gap = (query[d] ?? 0) - (packed[at++] ?? 0);
      squared += gap * gap;
    }
    if (squared < heap.farthest()) heap.push(squared, order[point] ?? 0);
  }
}

/** Squared distance from the query to the box of a node. */
function reach(tree: Tree, node: number, query: Float64Array): number {
  const base = node * query.length;
  let squared = 0;
  for (let d = 0; d < query.length; d++) {
    const at = query[d] ?? 0;
    const below = (tree.low[base + d] ?? 0) - at;
    const above = at - (tree.high[base + d] ?? 0);
    const gap = below > 0 ? below : above > 0 ? above : 0;
    squared += gap * gap;
  }
  return squared;
}

function distance(points: Points, point: number, queries: Points, row: number): number {
  const { dimensions } = points;
  let squared = 0;
  for (let d = 0; d < dimensions; d++) {
    const there = points.values[point * dimensions + d] ?? 0;
    const gap = (queries.values[row * dimensions + d] ?? 0) - there;
    squared += gap * gap;
  }
  return squared;
}

interface NearestHeap {
  readonly points: Int32Array;
  farthest(): number;
  clear(): void;
  /** Kept only when strictly nearer than the farthest kept. */
  push(squared: number, point: number): void;
}

/** The `size` nearest so far, farthest at the root. */
function nearestHeap(size: number): NearestHeap {
  const squares = new Float64Array(size);
  const points = new Int32Array(size);
  const farthest = () => squares[0] ?? Number.NEGATIVE_INFINITY;
  const clear = () => {
    squares.fill(Number.POSITIVE_INFINITY);
    points.fill(0);
  };
  const push = (squared: number, point: number) => {
    if (squared >= farthest()) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= size) break;
      const ofLeft = squares[left] ?? 0;
      const ofRight = left + 1 < size ? (squares[left + 1] ?? 0) : Number.NEGATIVE_INFINITY;
      const child = ofLeft >= ofRight ? left : left + 1;
      if (squared >= Math.max(ofLeft, ofRight)) break;
      squares[at] = squares[child] ?? 0;
      points[at] = points[child] ?? 0;
      at = child;
    }
    squares[at] = squared;
    points[at] = point;
  };
  return { points, farthest, clear, push };
}

type Before = (a: number, b: number) => boolean;

/**
 * Puts the `nth` of a range in its sorted place, smaller before and larger after it: quickselect
 * with the median of three and insertion sort below four, the steps of the GNU C++ library's
 * `nth_element`, whose order inside each half decides ties in the tree.
 */
export function selectNth(
  items: Int32Array,
  range: { readonly from: number; readonly nth: number; readonly to: number },
  before: Before,
): void {
  let { from, to } = range;
  let depth = 2 * Math.floor(Math.log2(Math.max(1, to - from)));
  while (to - from > 3) {
    if (depth-- === 0) {
      items.subarray(from, to).sort((a, b) => (a === b ? 0 : before(a, b) ? -1 : 1));
      return;
    }
    const cut = partition(items, [from, to], before);
    if (cut <= range.nth) from = cut;
    else to = cut;
  }
  items.subarray(from, to).sort((a, b) => (a === b ? 0 : before(a, b) ? -1 : 1));
}

function partition(items: Int32Array, range: readonly [number, number], before: Before): number {
  const [from, to] = range;
  const at = (index: number) => defined(items[index], 'an item of the range');
  const swap = (i: number, j: number) => {
    const kept = at(i);
    items[i] = at(j);
    items[j] = kept;
  };
  const three = [from + 1, from + Math.floor((to - from) / 2), to - 1] as const;
  const [low, middle, high] = three;
  const sorted = [low, middle, high].sort((i, j) => (before(at(i), at(j)) ? -1 : 1));
  swap(from, sorted[1] ?? middle);
  const pivot = at(from);
  let left = from + 1;
  let right = to;
  for (;;) {
    while (before(at(left), pivot)) left++;
    right--;
    while (before(pivot, at(right))) right--;
    if (left >= right) return left;
    swap(left, right);
    left++;
  }
}
