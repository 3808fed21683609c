/** Boosted trees as an ONNX model: TreeEnsembleRegressor and a sigmoid, rows in, one score out. */
import onnxProto from 'onnx-proto';

const { onnx } = onnxProto;
const type = onnx.AttributeProto.AttributeType;

/** Nodes in depth-first order; children are known by their index. */
function flatten(tree, nodes = []) {
  const at = nodes.length;
  nodes.push({
    leaf: tree.value !== undefined,
    value: tree.value ?? 0,
    feature: tree.feature ?? 0,
  });
  if (tree.value !== undefined) return nodes;
  nodes[at].threshold = tree.threshold;
  nodes[at].left = nodes.length;
  flatten(tree.left, nodes);
  nodes[at].right = nodes.length;
  flatten(tree.right, nodes);
  return nodes;
}

export function toOnnx(model, featureCount) {
  const nodes = model.trees.flatMap((tree, id) =>
    flatten(tree).map((node, index) => ({ ...node, id, index })),
  );
  const leaves = nodes.filter(({ leaf }) => leaf);
  const ints = (name, values) => ({ name, type: type.INTS, ints: values });
  const floats = (name, values) => ({ name, type: type.FLOATS, floats: values });
  const text = (s) => Buffer.from(s);
  const ensemble = {
    opType: 'TreeEnsembleRegressor',
    domain: 'ai.onnx.ml',
    input: ['features'],
    output: ['margin'],
    attribute: [
      ints(
        'nodes_treeids',
        nodes.map(({ id }) => id),
      ),
      ints(
        'nodes_nodeids',
        nodes.map(({ index }) => index),
      ),
      ints(
        'nodes_featureids',
        nodes.map(({ feature }) => feature),
      ),
      floats(
        'nodes_values',
        nodes.map(({ threshold }) => threshold ?? 0),
      ),
      {
        name: 'nodes_modes',
        type: type.STRINGS,
        strings: nodes.map(({ leaf }) => text(leaf ? 'LEAF' : 'BRANCH_LEQ')),
      },
      ints(
        'nodes_truenodeids',
        nodes.map(({ left }) => left ?? 0),
      ),
      ints(
        'nodes_falsenodeids',
        nodes.map(({ right }) => right ?? 0),
      ),
      ints(
        'target_treeids',
        leaves.map(({ id }) => id),
      ),
      ints(
        'target_nodeids',
        leaves.map(({ index }) => index),
      ),
      ints(
        'target_ids',
        leaves.map(() => 0),
      ),
      floats(
        'target_weights',
        leaves.map(({ value }) => value),
      ),
      floats('base_values', [model.bias]),
      { name: 'n_targets', type: type.INT, i: 1 },
    ],
  };
  const sigmoid = { opType: 'Sigmoid', input: ['margin'], output: ['score'] };
  const tensor = (name, columns) => ({
    name,
    type: {
      tensorType: {
        elemType: onnx.TensorProto.DataType.FLOAT,
        shape: { dim: [{ dimParam: 'n' }, { dimValue: columns }] },
      },
    },
  });
  return Buffer.from(
    onnx.ModelProto.encode({
      irVersion: 8,
      producerName: 'modelkeep-example-flights',
      opsetImport: [
        { domain: '', version: 17 },
        { domain: 'ai.onnx.ml', version: 3 },
      ],
      graph: {
        name: 'flights',
        node: [ensemble, sigmoid],
        input: [tensor('features', featureCount)],
        output: [tensor('score', 1)],
      },
    }).finish(),
  );
}
