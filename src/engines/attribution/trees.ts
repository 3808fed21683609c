/**
 * A sum of decision trees in plain data, whose means over coalitions are found without making a
 * row: at a node, coalitions that have the node's feature all follow the explained row, the others
 * part by background row. What comes out is what the model would have said of every synthetic row,
 * to the rounding of sums.
 */
import { assert } from '../../kernel/assert.ts';
import type { Coalitions } from './coalitions.ts';
import type { Row, WhiteBox, WhiteBoxMeans } from './types.ts';

/** Nodes by place, the root first; a row goes left when its cell is at most the threshold. */
export interface Tree {
  /** −1 for a leaf. */
  readonly features: Int32Array;
  readonly thresholds: Float64Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** Of leaves. */
  readonly values: Float64Array;
}

export interface TreeModel {
  readonly features: number;
  readonly trees: readonly Tree[];
  readonly bias: number;
  /** The score is the sum, or 1 / (1 + e^−sum). */
  readonly transform: 'none' | 'logistic';
}

/**
 * Cells are rounded to 32 bits, as the model's input is; a cell that is not a number is NaN and
 * goes right.
 */
export function whiteBoxOf(model: TreeModel): WhiteBox {
  return {
    features: model.features,
    labels: 1,
    scores: (row) => [scoreOf(model, sumOf(model, cellsOf(row)))],
    over(background) {
      const rows = background.map(cellsOf);
      const splits = model.trees.map((tree) => splitsOf(tree, rows));
      return (row, coalitions, varying) => {
        const sheet = sheetOf({ model, splits, rows, coalitions, varying });
        return sheet(cellsOf(row));
      };
    },
  };
}

function cellsOf(row: Row): Float64Array {
  return Float64Array.from(row, (cell) =>
    typeof cell === 'number' ? Math.fround(cell) : Number.NaN,
  );
}

function scoreOf({ transform }: TreeModel, sum: number): number {
  return transform === 'logistic' ? 1 / (1 + Math.exp(-sum)) : sum;
}

function sumOf({ trees, bias }: TreeModel, cells: Float64Array): number {
  let sum = bias;
  for (const { features, thresholds, left, right, values } of trees) {
    let node = 0;
    for (let at = features[node] ?? -1; at >= 0; at = features[node] ?? -1) {
      const goesLeft = (cells[at] ?? Number.NaN) <= (thresholds[node] ?? 0);
      node = (goesLeft ? left[node] : right[node]) ?? 0;
    }
    sum += values[node] ?? 0;
  }
  return sum;
}

/** Node n, background row b at `n · rows + b`: 1 where the row goes left. */
function splitsOf(tree: Tree, rows: readonly Float64Array[]): Uint8Array {
  const splits = new Uint8Array(tree.features.length * rows.length);
  for (const [node, feature] of tree.features.entries()) {
    if (feature < 0) continue;
    for (const [at, cells] of rows.entries()) {
      const goesLeft = (cells[feature] ?? Number.NaN) <= (tree.thresholds[node] ?? 0);
      splits[node * rows.length + at] = goesLeft ? 1 : 0;
    }
  }
  return splits;
}

interface SheetInput {
  readonly model: TreeModel;
  readonly splits: readonly Uint8Array[];
  readonly rows: readonly Float64Array[];
  readonly coalitions: Coalitions;
  readonly varying: Int32Array;
}

/** Coalitions whose sums are in memory together: what a core's own cache holds. */
const blockCells = 2 ** 15;

/** Sums of all pairs of a coalition and a background row, a block of coalitions at a time. */
function sheetOf(input: SheetInput): (cells: Float64Array) => WhiteBoxMeans {
  const { model, rows, coalitions } = input;
  const width = rows.length;
  const block = Math.max(1, Math.floor(blockCells / width));
  return (cells) => {
    const means = new Float64Array(coalitions.count);
    let lowest = Number.POSITIVE_INFINITY;
    let highest = Number.NEGATIVE_INFINITY;
    const sums = new Float64Array(Math.min(block, coalitions.count) * width);
    const columns = new Float64Array(width);
    for (let first = 0; first < coalitions.count; first += block) {
      const count = Math.min(block, coalitions.count - first);
      sums.fill(0);
      columns.fill(model.bias);
      const walk = walkOf(input, { cells, sums, columns, first });
      for (const [at, tree] of model.trees.entries()) walk(tree, at, count);
      for (let c = 0; c < count; c += 1) {
        let total = 0;
        for (let b = 0; b < width; b += 1) {
          const score = scoreOf(model, (sums[c * width + b] ?? 0) + (columns[b] ?? 0));
          total += score;
          if (score < lowest) lowest = score;
          if (score > highest) highest = score;
        }
        means[first + c] = total / width;
      }
    }
    return { means, lowest, highest };
  };
}

interface Block {
  readonly cells: Float64Array;
  readonly sums: Float64Array;
  /** Of each background row, what is to be added to its sums in all of the block's coalitions. */
  readonly columns: Float64Array;
  /** The block's first coalition. */
  readonly first: number;
}

/**
 * Adds a tree's leaves to the sums. At every node the coalitions and the background rows that
 * reach it are runs of two lists, parted in place.
 */
function walkOf(
  { splits, rows, coalitions, varying }: SheetInput,
  { cells, sums, columns, first }: Block,
): (tree: Tree, at: number, count: number) => void {
  const width = rows.length;
  const places = new Map(Array.from(varying, (feature, place) => [feature, place]));
  const inCoalition = Int32Array.from({ length: cells.length }, (_, at) => places.get(at) ?? -1);
  const sets = Int32Array.from({ length: coalitions.count }, (_, at) => at);
  const others = Int32Array.from({ length: width }, (_, at) => at);
  const lists = { sets, others, width };
  const { masks, features: maskWidth } = coalitions;
  let all = 0;

  function visit(tree: Tree, split: Uint8Array, node: number, run: Run): void {
    const { c0, c1, b0, b1 } = run;
    if (c0 >= c1 || b0 >= b1) return;
    const feature = tree.features[node] ?? -1;
    if (feature < 0) {
      const whole = c1 - c0 === all;
      const value = tree.values[node] ?? 0;
      return whole ? addToRows(columns, others, run, value) : addTo(sums, lists, run, value);
    }
    const left = tree.left[node] ?? 0;
    const right = tree.right[node] ?? 0;
    const place = inCoalition[feature] ?? -1;
    const own = (cells[feature] ?? Number.NaN) <= (tree.thresholds[node] ?? 0) ? left : right;
    // A feature that does not vary is the same in the row and in all of the background.
    if (place < 0) return visit(tree, split, own, run);
    const same = own === left ? 1 : 0;
    let turn = b0;
    for (let at = b0; at < b1; at += 1) {
      const other = others[at] ?? 0;
      if (split[node * width + other] !== same) continue;
      others[at] = others[turn] ?? 0;
      others[turn] = other;
      turn += 1;
    }
    // Background rows that go the row's way do so whether or not the feature is the row's.
    visit(tree, split, own, { c0, c1, b0, b1: turn });
    if (turn === b1) return;
    let cut = c0;
    for (let at = c0; at < c1; at += 1) {
      const set = sets[at] ?? 0;
      if (masks[(first + set) * maskWidth + place] === 0) continue;
      sets[at] = sets[cut] ?? 0;
      sets[cut] = set;
      cut += 1;
    }
    visit(tree, split, own, { c0, c1: cut, b0: turn, b1 });
    visit(tree, split, own === left ? right : left, { c0: cut, c1, b0: turn, b1 });
  }

  return (tree, at, count) => {
    const split = splits[at];
    assert(split, 'every tree has its splits');
    all = count;
    visit(tree, split, 0, { c0: 0, c1: count, b0: 0, b1: width });
  };
}

/** Runs of the lists of coalitions and of background rows. */
interface Run {
  readonly c0: number;
  readonly c1: number;
  readonly b0: number;
  readonly b1: number;
}

function addToRows(
  columns: Float64Array,
  others: Int32Array,
  { b0, b1 }: Run,
  value: number,
): void {
  for (let at = b0; at < b1; at += 1) {
    const other = others[at] ?? 0;
    columns[other] = (columns[other] ?? 0) + value;
  }
}

function addTo(
  sums: Float64Array,
  lists: { readonly sets: Int32Array; readonly others: Int32Array; readonly width: number },
  { c0, c1, b0, b1 }: Run,
  value: number,
): void {
  const { sets, others, width } = lists;
  for (let c = c0; c < c1; c += 1) {
    const start = (sets[c] ?? 0) * width;
    for (let b = b0; b < b1; b += 1) {
      const at = start + (others[b] ?? 0);
      sums[at] = (sums[at] ?? 0) + value;
    }
  }
}
