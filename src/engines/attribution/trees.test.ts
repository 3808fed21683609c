/** Trees read from ONNX models, and explained from within as they are from without. */
import onnxProto, { type onnx } from 'onnx-proto';
import { describe, expect, test } from 'vitest';
import { loadModel } from '../../adapters/onnx/model.ts';
import { ok } from '../../kernel/outcome.ts';
import { seededRandom } from '../../kernel/random.ts';
import { explain } from './explain.ts';
import { type KnownModel, knownModelOf, whiteBoxOf } from './onnx-model.ts';
import type { ExplainRequest, MatrixPredictor } from './types.ts';

const { ModelProto, TensorProto, AttributeProto } = onnxProto.onnx;
const types = AttributeProto.AttributeType;
const random = seededRandom(11);
const features = 6;

const ints = (name: string, values: number[]) => ({ name, type: types.INTS, ints: values });
const floats = (name: string, values: number[]) => ({ name, type: types.FLOATS, floats: values });
const words = (name: string, values: string[]) => ({
  name,
  type: types.STRINGS,
  strings: values.map((word) => Buffer.from(word)),
});
const tensor = (name: string, dims: readonly number[]) => ({
  name,
  type: {
    tensorType: {
      elemType: TensorProto.DataType.FLOAT,
      shape: { dim: [{ dimParam: 'n' }, ...dims.map((dimValue) => ({ dimValue }))] },
    },
  },
});

/** Full trees of depth 3, numbered level by level. */
function ensemble(trees: number): onnx.INodeProto {
  const nodes = Array.from({ length: trees * 15 }, (_, at) => {
    const node = at % 15;
    return { tree: Math.floor(at / 15), node, leaf: node >= 7 };
  });
  const leaves = nodes.filter(({ leaf }) => leaf);
  return {
    opType: 'TreeEnsembleRegressor',
    domain: 'ai.onnx.ml',
    input: ['x'],
    output: ['margin'],
    attribute: [
      ints(
        'nodes_treeids',
        nodes.map(({ tree }) => tree),
      ),
      ints(
        'nodes_nodeids',
        nodes.map(({ node }) => node),
      ),
      ints(
        'nodes_featureids',
        nodes.map(() => Math.floor(random.next01() * features)),
      ),
      floats(
        'nodes_values',
        nodes.map(() => random.next01() * 2 - 1),
      ),
      words(
        'nodes_modes',
        nodes.map(({ leaf }) => (leaf ? 'LEAF' : 'BRANCH_LEQ')),
      ),
      ints(
        'nodes_truenodeids',
        nodes.map(({ node, leaf }) => (leaf ? 0 : 2 * node + 1)),
      ),
      ints(
        'nodes_falsenodeids',
        nodes.map(({ node, leaf }) => (leaf ? 0 : 2 * node + 2)),
      ),
      ints(
        'target_treeids',
        leaves.map(({ tree }) => tree),
      ),
      ints(
        'target_nodeids',
        leaves.map(({ node }) => node),
      ),
      ints(
        'target_ids',
        leaves.map(() => 0),
      ),
      floats(
        'target_weights',
        leaves.map(() => random.next01() - 0.5),
      ),
      floats('base_values', [0.25]),
      { name: 'n_targets', type: types.INT, i: 1 },
    ],
  };
}

function modelOf(node: onnx.INodeProto[]): Uint8Array {
  const output = node.at(-1)?.output?.at(-1) ?? '';
  const opsetImport = [
    { domain: '', version: 15 },
    { domain: 'ai.onnx.ml', version: 3 },
  ];
  const graph = {
    name: 'g',
    node,
    input: [tensor('x', [features])],
    output: [tensor(output, [1])],
  };
  return ModelProto.encode({ irVersion: 8, opsetImport, graph }).finish();
}

const sigmoid = { opType: 'Sigmoid', input: ['margin'], output: ['score'] };
const rowsOf = (count: number) =>
  Array.from({ length: count }, () =>
    Array.from({ length: features }, () => random.next01() * 3 - 1.5),
  );

function read(bytes: Uint8Array): KnownModel {
  const model = knownModelOf(bytes);
  if (!model.ok) throw new Error(model.reason);
  return model.value;
}

async function served(bytes: Uint8Array): Promise<MatrixPredictor> {
  const model = await loadModel(bytes);
  return {
    element: 'float32',
    async predict({ data, rows, columns }) {
      const feed = { name: 'x', type: 'float32', dims: [rows, columns], data } as const;
      const [output] = await model.run([{ ...feed, data: Float32Array.from(data) }]);
      return ok({ values: (output?.data ?? []) as Float32Array, labels: 1 });
    },
  };
}

const request = (predict: ExplainRequest['predict']): ExplainRequest => ({
  rows: [...background.slice(0, 1), ...rowsOfTest],
  background,
  featureNames: Array.from({ length: features }, (_, at) => `f${at}`),
  predict,
  signal: new AbortController().signal,
});
const constant = 0.125;
const background = rowsOf(23).map((row) => row.with(4, constant));
const rowsOfTest = [
  ...rowsOf(3),
  ...rowsOf(1).map((row) => row.with(4, constant)),
  ...rowsOf(1).map((row) => row.with(2, Number.NaN)),
];

describe('a model of trees', () => {
  test.each([
    ['with a sigmoid', modelOf([ensemble(12), sigmoid])],
    ['of sums', modelOf([ensemble(5)])],
  ])('%s is explained from within as it is by asking', async (_, bytes) => {
    const box = whiteBoxOf(read(bytes));
    const predict = await served(bytes);
    for (const more of [{}, { numSamples: 30, seed: 4 }]) {
      const within = await explain({ ...request(box), ...more });
      const asked = await explain({ ...request(predict), ...more });
      if (!within.ok || !asked.ok) throw new Error('refused');
      expect(within.value.asked).toBe(0);
      for (const [at, value] of asked.value.values.entries()) {
        expect(within.value.values[at]).toBeCloseTo(value, 5);
      }
      expect(within.value.expected[0]).toBeCloseTo(asked.value.expected[0] ?? 0, 5);
      expect(within.value.predictions[2]).toBeCloseTo(asked.value.predictions[2] ?? 0, 5);
      expect(within.value.exact).toBe(asked.value.exact);
    }
  });

  test('reports progress, ends when aborted, refuses what does not fit', async () => {
    const box = whiteBoxOf(read(modelOf([ensemble(3)])));
    const seen: number[] = [];
    await explain({ ...request(box), onProgress: (done, total) => seen.push(done / total) });
    expect([seen.length, seen.at(-1)]).toEqual([6, 1]);
    const stop = new AbortController();
    const onProgress = () => stop.abort();
    await expect(explain({ ...request(box), onProgress, signal: stop.signal })).rejects.toThrow(
      /abort/,
    );
    const outside = await explain({ ...request(box), useLogit: true });
    expect(outside).toEqual({ ok: false, reason: expect.stringMatching(/for row 1: use_logit/) });
    const narrow = { ...request(box), featureNames: ['a'], rows: [[1]], background: [[2]] };
    expect(await explain(narrow)).toEqual({
      ok: false,
      reason: 'the model has 6 features, the rows have 1',
    });
  });
});

describe('what is not trees alone is refused', () => {
  const trees = ensemble(2);
  const changed = (name: string, attribute: object) =>
    modelOf([
      {
        ...trees,
        attribute: [
          ...(trees.attribute ?? []).filter((of) => of.name !== name),
          { ...attribute, name },
        ],
      },
    ]);
  test.each([
    ['no bytes', new Uint8Array(0), 'no graph'],
    ['other bytes', Buffer.from('{"a": "not a model at all"}'), ''],
    ['half a model', modelOf([trees]).slice(0, 300), ''],
    ['another operator', modelOf([{ opType: 'Neg', input: ['x'], output: ['score'] }]), 'Neg'],
    ['more operators', modelOf([trees, sigmoid, sigmoid]), '3 operators'],
    ['a softmax', modelOf([trees, { ...sigmoid, opType: 'Softmax' }]), 'Softmax'],
    ['no targets', changed('n_targets', { type: types.INT, i: 0 }), '0 outputs'],
    [
      'other branches',
      changed(
        'nodes_modes',
        words(
          '',
          Array.from({ length: 30 }, () => 'BRANCH_EQ'),
        ),
      ),
      '',
    ],
    [
      'an average',
      changed('aggregate_function', { type: types.STRING, s: Buffer.from('AVERAGE') }),
      'AVERAGE',
    ],
    ['a loop', changed('nodes_truenodeids', ints('', new Array(30).fill(0))), 'order'],
    [
      'columns that are not there',
      changed('nodes_featureids', ints('', new Array(30).fill(6))),
      '6 c',
    ],
    [
      'a leaf of no number',
      changed('target_weights', floats('', new Array(16).fill(Number.NaN))),
      'leaf',
    ],
    ['missing lists', changed('nodes_values', floats('', [1])), 'differ in length'],
  ])('%s', (_, bytes, reason) => {
    expect(knownModelOf(bytes)).toEqual({ ok: false, reason: expect.stringContaining(reason) });
  });
});
