/**
 * A sum of decision trees in plain data, whose means over coalitions are found without making a
 * row: at a node, coalitions that have the node's feature all follow the explained row, the others
 * part by background row. What comes out is what the model would have said of every synthetic row,
 * to the rounding of sums.
 */
import { assert } from '../../kernel/assert.ts';
import type { Coalitions } from './coalitions.ts';
import { type Link, labelsOf, linked, logistic } from './link.ts';
import type { Row, WhiteBox, WhiteBoxMeans } from './types.ts';

/** Nodes by place, the root first; a row goes left when its cell is at most the threshold. */
export interface Tree {
  /** −1 for a leaf. */
  readonly features: Int32Array;
  readonly thresholds: Float64Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** Which of the model's sums leaves add to. */
  readonly sums: Int32Array;
  /** Of leaves: node n, place p of `sums` at `n · sums + p`. */
  readonly values: Float64Array;
}

export interface TreeModel {
  readonly kind: 'trees';
  readonly features: number;
  readonly trees: readonly Tree[];
  /** Of each sum. */
  readonly bias: Float64Array;
  readonly link: Link;
}

/**
 * Cells are rounded to 32 bits, as the model's input is; a cell that is not a number is NaN and
 * goes right.
 */
export function treeBoxOf(model: TreeModel): WhiteBox {
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
      const splits = model.trees.map((tree) => splitsOf(tree, rows));
      return (row, coalitions, varying) => {
        const sheet = sheetOf({ model, splits, rows, coalitions, varying });
        return sheet(cellsOf(row));
      };
    },
  };
}

/** As a model's input of 32-bit floats has them. */
export function cellsOf(row: Row): Float64Array {
  return Float64Array.from(row, (cell) =>
    typeof cell === 'number' ? Math.fround(cell) : Number.NaN,
  );
}

function sumsOf({ trees, bias }: TreeModel, cells: Float64Array): Float64Array {
  const total = bias.slice();
  for (const { features, thresholds, left, right, sums, values } of trees) {
    let node = 0;
    for (let at = features[node] ?? -1; at >= 0; at = features[node] ?? -1) {
      const goesLeft = (cells[at] ?? Number.NaN) <= (thresholds[node] ?? 0);
      node = (goesLeft ? left[node] : right[node]) ?? 0;
    }
    for (const [place, sum] of sums.entries()) {
      total[sum] = (total[sum] ?? 0) + (values[node * sums.length + place] ?? 0);
    }
  }
  return total;
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

/** Sums in memory together: what a core's own cache holds. */
const blockCells = 2 ** 15;

/** Sums of all pairs of a coalition and a background row, a block of coalitions at a time. */
function sheetOf(input: SheetInput): (cells: Float64Array) => WhiteBoxMeans {
  const { model, rows, coalitions } = input;
  const width = rows.length;
  const each = model.link.sums;
  const block = Math.min(Math.max(1, Math.floor(blockCells / width / each)), coalitions.count);
  return (cells) => {
    const table = (size: number) => Array.from({ length: each }, () => new Float64Array(size));
    const [sums, columns] = [table(block * width), table(width)];
    const gathered = gatherer(model.link, coalitions.count, width);
    for (let first = 0; first < coalitions.count; first += block) {
      const count = Math.min(block, coalitions.count - first);
      for (const [sum, bias] of model.bias.entries()) {
        sums[sum]?.fill(0);
        columns[sum]?.fill(bias);
      }
      const walk = walkOf(input, { cells, sums, columns, first });
      for (const [at, tree] of model.trees.entries()) walk(tree, at, count);
      gathered.take({ sums, columns, first, count });
    }
    return gathered.found;
  };
}

/** Sums of a block, of every pair and of whole columns. */
interface BlockSums {
  readonly sums: readonly Float64Array[];
  readonly columns: readonly Float64Array[];
  readonly first: number;
  readonly count: number;
}

interface Gatherer {
  readonly found: { means: Float64Array; lowest: number; highest: number };
  take(block: BlockSums): void;
}

/** Means of the scores of coalitions. One score of one sum is most models', and the fast way. */
function gatherer(link: Link, coalitions: number, width: number): Gatherer {
  const labels = labelsOf(link);
  const means = new Float64Array(coalitions * labels);
  const found = { means, lowest: Number.POSITIVE_INFINITY, highest: Number.NEGATIVE_INFINITY };
  const isOne = link.sums === 1 && !link.isNormalised && link.transform !== 'softmax';
  const row = new Float64Array(link.sums);
  const takeMany = ({ sums, columns, first, count }: BlockSums) => {
    for (let pair = 0; pair < count * width; pair += 1) {
      for (let sum = 0; sum < link.sums; sum += 1) {
        row[sum] = (sums[sum]?.[pair] ?? 0) + (columns[sum]?.[pair % width] ?? 0);
      }
      linked(row, link);
      const start = (first + Math.floor(pair / width)) * labels;
      for (let label = 0; label < labels; label += 1) {
        const score = row[label] ?? 0;
        means[start + label] = (means[start + label] ?? 0) + score / width;
        if (score < found.lowest) found.lowest = score;
        if (score > found.highest) found.highest = score;
      }
    }
  };
  const takeOne = ({ sums: [sums], columns: [columns], first, count }: BlockSums) => {
    assert(sums && columns, 'a model has a sum');
    let { lowest, highest } = found;
    for (let c = 0; c < count; c += 1) {
      let total = 0;
      for (let b = 0; b < width; b += 1) {
        const sum = (sums[c * width + b] ?? 0) + (columns[b] ?? 0);
        const score = link.transform === 'logistic' ? logistic(sum) : sum;
        total += score;
        if (score < lowest) lowest = score;
        if (score > highest) highest = score;
      }
      means[first + c] = total / width;
    }
    Object.assign(found, { lowest, highest });
  };
  return { found, take: isOne ? takeOne : takeMany };
}

interface Block {
  readonly cells: Float64Array;
  readonly sums: readonly Float64Array[];
  /** Of each background row, what is to be added to its sums in all of the block's coalitions. */
  readonly columns: readonly Float64Array[];
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

  function addLeaf(tree: Tree, node: number, run: Run): void {
    const whole = run.c1 - run.c0 === all;
    const each = tree.sums.length;
    for (let place = 0; place < each; place += 1) {
      const value = tree.values[node * each + place] ?? 0;
      const sum = tree.sums[place] ?? 0;
      if (whole) addToRows(columns[sum], others, run, value);
      else addTo(sums[sum], lists, run, value);
    }
  }

  function visit(tree: Tree, split: Uint8Array, node: number, run: Run): void {
    const { c0, c1, b0, b1 } = run;
    if (c0 >= c1 || b0 >= b1) return;
    const feature = tree.features[node] ?? -1;
    if (feature < 0) return addLeaf(tree, node, run);
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
  columns: Float64Array | undefined,
  others: Int32Array,
  { b0, b1 }: Run,
  value: number,
): void {
  assert(columns, 'a tree adds to sums of its model');
  for (let at = b0; at < b1; at += 1) {
    const other = others[at] ?? 0;
    columns[other] = (columns[other] ?? 0) + value;
  }
}

function addTo(
  sums: Float64Array | undefined,
  lists: { readonly sets: Int32Array; readonly others: Int32Array; readonly width: number },
  { c0, c1, b0, b1 }: Run,
  value: number,
): void {
  const { sets, others, width } = lists;
  assert(sums, 'a tree adds to sums of its model');
  for (let c = c0; c < c1; c += 1) {
    const start = (sets[c] ?? 0) * width;
    for (let b = b0; b < b1; b += 1) {
      const at = start + (others[b] ?? 0);
      sums[at] = (sums[at] ?? 0) + value;
    }
  }
}
