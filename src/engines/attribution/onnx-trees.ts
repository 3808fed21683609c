/** Decision trees out of the lists of an ONNX tree ensemble. What is not of our sort is unfit. */
import { floats, ints, type Node, need, words } from './onnx-graph.ts';
import type { Tree } from './trees.ts';

/** Trees are walked by recursion; those that people train are a tenth as deep. */
const deepest = 500;
/** Keeps an ensemble within some hundred megabytes. */
const mostLeafValues = 20_000_000;

export interface Leaves {
  /** What the attributes begin with: `target` of regressors, `class` of classifiers. */
  readonly prefix: 'target' | 'class';
  readonly features: number;
  /** Of the model. With one sum all leaves add to it, whatever their ids. */
  readonly sums: number;
}

export function treesOf(node: Node, leaves: Leaves): Tree[] {
  need(
    ![...node.attributes.keys()].some((name) => name.endsWith('_as_tensor')),
    'its numbers are 64-bit tensors',
  );
  const ids = ints(node, 'nodes_treeids');
  const tracks = ints(node, 'nodes_missing_value_tracks_true');
  need(!tracks.includes(1), 'missing values go left');
  const columns = {
    nodes: ints(node, 'nodes_nodeids'),
    features: ints(node, 'nodes_featureids'),
    thresholds: floats(node, 'nodes_values'),
    modes: words(node, 'nodes_modes'),
    left: ints(node, 'nodes_truenodeids'),
    right: ints(node, 'nodes_falsenodeids'),
  };
  const even = Object.values(columns).every((column) => column.length === ids.length);
  need(even && ids.length > 0, 'its lists of nodes differ in length');
  const odd = columns.modes.find((mode) => mode !== 'LEAF' && mode !== 'BRANCH_LEQ');
  need(odd === undefined, `its branches are ${odd}`);
  need(
    columns.features.every((feature, at) => {
      return columns.modes[at] === 'LEAF' || feature < leaves.features;
    }),
    `its branches look beyond its ${leaves.features} columns`,
  );
  const places = new Map<number, number[]>();
  for (const [at, id] of ids.entries()) {
    const own = places.get(id);
    if (own) own.push(at);
    else places.set(id, [at]);
  }
  const weights = weightsOf(node, leaves);
  return [...places].map(([id, own]) => treeOf(columns, own, weights.get(id) ?? []));
}

interface Weight {
  readonly node: number;
  readonly sum: number;
  readonly value: number;
}

/** By tree. */
function weightsOf(node: Node, { prefix, sums }: Leaves): ReadonlyMap<number, readonly Weight[]> {
  const trees = ints(node, `${prefix}_treeids`);
  const nodes = ints(node, `${prefix}_nodeids`);
  const ids = ints(node, `${prefix}_ids`);
  const values = floats(node, `${prefix}_weights`);
  const even = [nodes, ids, values].every(({ length }) => length === trees.length);
  need(even, 'its leaves do not fit');
  need(values.every(Number.isFinite), 'a leaf is not a finite number');
  need(sums === 1 || ids.every((id) => id < sums), 'a leaf is of no output');
  const weights = new Map<number, Weight[]>();
  for (const [at, tree] of trees.entries()) {
    const sum = sums === 1 ? 0 : (ids[at] ?? 0);
    const weight = { node: nodes[at] ?? 0, sum, value: values[at] ?? 0 };
    const own = weights.get(tree);
    if (own) own.push(weight);
    else weights.set(tree, [weight]);
  }
  return weights;
}

interface Columns {
  readonly nodes: readonly number[];
  readonly features: readonly number[];
  readonly thresholds: readonly number[];
  readonly modes: readonly string[];
  readonly left: readonly number[];
  readonly right: readonly number[];
}

/** `own` are the tree's places in the columns. Children come after their parents, so none loops. */
function treeOf(columns: Columns, own: readonly number[], weights: readonly Weight[]): Tree {
  const place = new Map(own.map((at, index) => [columns.nodes[at] ?? 0, index]));
  const isLeaf = (at: number) => columns.modes[at] === 'LEAF';
  const child = (side: readonly number[]) =>
    Int32Array.from(own, (at, index) => {
      if (isLeaf(at)) return 0;
      const found = place.get(side[at] ?? -1);
      need(found !== undefined && found > index, 'its nodes are not in the order of their depth');
      return found;
    });
  const [left, right] = [child(columns.left), child(columns.right)];
  const features = Int32Array.from(own, (at) => (isLeaf(at) ? -1 : (columns.features[at] ?? 0)));
  checkDepth(features, left, right);
  return {
    features,
    thresholds: Float64Array.from(own, (at) => columns.thresholds[at] ?? 0),
    left,
    right,
    ...valuesOf(weights, place),
  };
}

function checkDepth(features: Int32Array, left: Int32Array, right: Int32Array): void {
  const depths = new Int32Array(features.length);
  for (const [at, feature] of features.entries()) {
    const depth = (depths[at] ?? 0) + 1;
    need(depth <= deepest, `a tree is deeper than ${deepest}`);
    for (const next of feature < 0 ? [] : [left[at] ?? 0, right[at] ?? 0]) {
      depths[next] = Math.max(depths[next] ?? 0, depth);
    }
  }
}

/** Values of one node and sum add up. */
function valuesOf(
  weights: readonly Weight[],
  place: ReadonlyMap<number, number>,
): Pick<Tree, 'sums' | 'values'> {
  const sums = Int32Array.from(new Set(weights.map(({ sum }) => sum)));
  need(sums.length * place.size <= mostLeafValues, 'it has too many leaves');
  const at = new Map(Array.from(sums, (sum, index) => [sum, index]));
  const values = new Float64Array(place.size * sums.length);
  for (const { node, sum, value } of weights) {
    const index = (place.get(node) ?? Number.NaN) * sums.length + (at.get(sum) ?? 0);
    need(!Number.isNaN(index), 'a leaf is of no node');
    values[index] = (values[index] ?? 0) + value;
  }
  return { sums, values };
}
