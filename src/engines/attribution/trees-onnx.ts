/**
 * Reads the decision trees out of an ONNX model, where that is all the model is: one
 * TreeEnsembleRegressor of one target over the only input, and at most a Sigmoid after it. Anything
 * else is refused, and is asked like any model. The few message fields needed are read here.
 */
import { type Outcome, ok, reasonOf, refuse } from '../../kernel/outcome.ts';
import type { Tree, TreeModel } from './trees.ts';

/** Never throws: bytes that are no model are refused too. */
export function treesOfOnnx(bytes: Uint8Array): Outcome<TreeModel> {
  try {
    return ok(modelOf(bytes));
  } catch (cause) {
    if (cause instanceof Unfit || cause instanceof RangeError) return refuse(reasonOf(cause));
    throw cause;
  }
}

/** Carries a refusal out of the reading; never leaves this file. */
class Unfit extends Error {
  override readonly name = 'Unfit';
}

function need(condition: unknown, rule: string): asserts condition {
  if (!condition) throw new Unfit(`not a model of trees alone: ${rule}`);
}

interface Field {
  readonly number: number;
  /** Of varints and of 32-bit fields as they are. */
  readonly value: number;
  /** Of length-delimited fields. */
  readonly bytes: Uint8Array | undefined;
}

/** The fields of a protocol-buffers message. */
function fieldsOf(bytes: Uint8Array): Field[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields: Field[] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = view.getUint8(at);
      at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const wire = tag % 8;
    if (wire === 0) fields.push({ number, value: varint(), bytes: undefined });
    else if (wire === 2) {
      const length = varint();
      need(at + length <= bytes.length, 'the file is cut off');
      fields.push({ number, value: 0, bytes: bytes.subarray(at, at + length) });
      at += length;
    } else if (wire === 5) {
      fields.push({ number, value: view.getFloat32(at, true), bytes: undefined });
      at += 4;
    } else if (wire === 1) at += 8;
    else need(false, 'the file is not an ONNX model');
  }
  return fields;
}

const all = (fields: readonly Field[], number: number): Uint8Array[] =>
  fields.flatMap((field) => (field.number === number && field.bytes ? [field.bytes] : []));
const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();

interface Node {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, readonly Field[]>;
}

function nodeOf(bytes: Uint8Array): Node {
  const fields = fieldsOf(bytes);
  const attributes = all(fields, 5).map((attribute) => {
    const parts = fieldsOf(attribute);
    return [text(all(parts, 1)[0]), parts] as const;
  });
  return {
    inputs: all(fields, 1).map(text),
    outputs: all(fields, 2).map(text),
    type: text(all(fields, 4)[0]),
    attributes: new Map(attributes),
  };
}

function modelOf(bytes: Uint8Array): TreeModel {
  const graph = all(fieldsOf(bytes), 7)[0];
  need(graph, 'there is no graph');
  const fields = fieldsOf(graph);
  const nodes = all(fields, 1).map(nodeOf);
  const [trees, after, ...more] = nodes;
  need(trees?.type === 'TreeEnsembleRegressor', `it begins with ${trees?.type ?? 'nothing'}`);
  need(more.length === 0, `it has ${nodes.length} operators`);
  need(!after || after.type === 'Sigmoid', `${after?.type} comes after the trees`);
  need(!after || after.inputs[0] === trees.outputs[0], 'the operators are not a chain');
  const inputs = all(fields, 11).map(fieldsOf);
  const [input] = inputs;
  need(input && inputs.length === 1, `it has ${inputs.length} inputs`);
  need(text(all(input, 1)[0]) === trees.inputs[0], 'the trees do not read the input');
  need(all(fields, 12).length === 1, 'it has several outputs');
  const target = ints(trees, 'n_targets')[0] ?? 1;
  need(target === 1, `it has ${target} targets`);
  const aggregate = words(trees, 'aggregate_function')[0] ?? 'SUM';
  need(aggregate === 'SUM', `its trees are joined by ${aggregate}`);
  const post = words(trees, 'post_transform')[0] ?? 'NONE';
  need(post === 'NONE' || (post === 'LOGISTIC' && !after), `its post_transform is ${post}`);
  const features = widthOf(input);
  const grown = treesOf(trees);
  need(
    grown.every((tree) => tree.features.every((feature) => feature < features)),
    `its branches look beyond its ${features} columns`,
  );
  need(
    grown.every((tree) => tree.values.every(Number.isFinite)),
    'a leaf is not a finite number',
  );
  return {
    features,
    trees: grown,
    bias: floats(trees, 'base_values')[0] ?? 0,
    transform: after || post === 'LOGISTIC' ? 'logistic' : 'none',
  };
}

/** Of an input of 32-bit floats, [rows, features]. */
function widthOf(input: readonly Field[]): number {
  const type = fieldsOf(all(input, 2)[0] ?? new Uint8Array(0));
  const tensor = fieldsOf(all(type, 1)[0] ?? new Uint8Array(0));
  need(tensor.find(({ number }) => number === 1)?.value === 1, 'its input is not 32-bit floats');
  const dims = all(fieldsOf(all(tensor, 2)[0] ?? new Uint8Array(0)), 1).map(fieldsOf);
  const width = dims[1]?.find(({ number }) => number === 1)?.value;
  need(dims.length === 2 && width, 'its input has no known number of columns');
  return width;
}

/** Scalars or lists, packed or not. */
function ints(node: Node, name: string): number[] {
  return (node.attributes.get(name) ?? []).flatMap(({ number, value, bytes }) => {
    if (number === 3) return [value];
    if (number !== 8) return [];
    return bytes ? unpackedInts(bytes) : [value];
  });
}

function unpackedInts(bytes: Uint8Array): number[] {
  const values: number[] = [];
  let value = 0;
  let scale = 1;
  for (const byte of bytes) {
    value += (byte & 127) * scale;
    scale *= 128;
    if (byte >= 128) continue;
    values.push(value);
    [value, scale] = [0, 1];
  }
  return values;
}

function floats(node: Node, name: string): number[] {
  return (node.attributes.get(name) ?? []).flatMap(({ number, value, bytes }) => {
    if (number !== 7) return [];
    if (!bytes) return [value];
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Array.from({ length: bytes.length / 4 }, (_, at) => view.getFloat32(at * 4, true));
  });
}

function words(node: Node, name: string): string[] {
  const fields = node.attributes.get(name) ?? [];
  return [...all(fields, 4), ...all(fields, 9)].map(text);
}

function treesOf(node: Node): Tree[] {
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
  const places = new Map<number, number[]>();
  for (const [at, id] of ids.entries()) places.set(id, [...(places.get(id) ?? []), at]);
  const weights = weightsOf(node);
  return [...places].map(([id, own]) => treeOf(columns, own, weights.get(id)));
}

type Weights = ReadonlyMap<number, number>;

/** By tree, then by node. */
function weightsOf(node: Node): ReadonlyMap<number, Weights> {
  const [ids, nodes] = [ints(node, 'target_treeids'), ints(node, 'target_nodeids')];
  const values = floats(node, 'target_weights');
  need(values.length === ids.length && nodes.length === ids.length, 'its leaves do not fit');
  const weights = new Map<number, Map<number, number>>();
  for (const [at, id] of ids.entries()) {
    const own = weights.get(id) ?? new Map<number, number>();
    own.set(nodes[at] ?? 0, (own.get(nodes[at] ?? 0) ?? 0) + (values[at] ?? 0));
    weights.set(id, own);
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
function treeOf(columns: Columns, own: readonly number[], weights: Weights | undefined): Tree {
  const place = new Map(own.map((at, index) => [columns.nodes[at], index]));
  const isLeaf = (at: number) => columns.modes[at] === 'LEAF';
  const child = (side: readonly number[]) =>
    Int32Array.from(own, (at, index) => {
      if (isLeaf(at)) return 0;
      const found = place.get(side[at] ?? -1);
      need(found !== undefined && found > index, 'its nodes are not in the order of their depth');
      return found;
    });
  return {
    features: Int32Array.from(own, (at) => (isLeaf(at) ? -1 : (columns.features[at] ?? 0))),
    thresholds: Float64Array.from(own, (at) => columns.thresholds[at] ?? 0),
    left: child(columns.left),
    right: child(columns.right),
    values: Float64Array.from(own, (at) => weights?.get(columns.nodes[at] ?? -1) ?? 0),
  };
}
