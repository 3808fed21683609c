/** The ONNX server over models made here, in process and as the program it is. */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import onnxProto, { type onnx } from 'onnx-proto';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { onnxImages } from './image.ts';
import { parseBody } from './input.ts';
import { findModel, loadModel, type OnnxModel } from './model.ts';
import { encode, predictionsOf } from './output.ts';
import { invoke, onnxServer } from './server.ts';

const { ModelProto, TensorProto, AttributeProto } = onnxProto.onnx;
const types = TensorProto.DataType;
const attributes = AttributeProto.AttributeType;

function value(name: string, elemType: number, dims: readonly (string | number)[]) {
  const dim = dims.map((d) => (typeof d === 'string' ? { dimParam: d } : { dimValue: d }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

function modelOf(graph: onnx.IGraphProto): Uint8Array {
  const opsetImport = [
    { domain: '', version: 15 },
    { domain: 'ai.onnx.ml', version: 2 },
  ];
  return ModelProto.encode({ irVersion: 8, opsetImport, graph: { name: 'g', ...graph } }).finish();
}

const floats = (name: string, values: number[]) => ({
  name,
  type: attributes.FLOATS,
  floats: values,
});

/** y = 2a + 3b + 1. */
const regression = modelOf({
  node: [{ opType: 'Gemm', input: ['x', 'w', 'c'], output: ['y'] }],
  initializer: [
    { name: 'w', dataType: types.FLOAT, dims: [2, 1], floatData: [2, 3] },
    { name: 'c', dataType: types.FLOAT, dims: [1], floatData: [1] },
  ],
  input: [value('x', types.FLOAT, ['n', 2])],
  output: [value('y', types.FLOAT, ['n', 1])],
});

const text = (word: string) => Buffer.from(word);

/** Scores of the classes are the features themselves, as softmax or logistic. */
function classifier(labels: readonly string[], coefficients: number[]): Uint8Array {
  const named = labels.map(text);
  return modelOf({
    node: [
      {
        opType: 'LinearClassifier',
        domain: 'ai.onnx.ml',
        input: ['x'],
        output: ['label', 'probabilities'],
        attribute: [
          floats('coefficients', coefficients),
          floats(
            'intercepts',
            labels.map(() => 0),
          ),
          { name: 'classlabels_strings', type: attributes.STRINGS, strings: named },
          { name: 'post_transform', type: attributes.STRING, s: text('SOFTMAX') },
        ],
      },
    ],
    input: [value('x', types.FLOAT, ['n', labels.length])],
    output: [
      value('label', types.STRING, ['n']),
      value('probabilities', types.FLOAT, ['n', labels.length]),
    ],
  });
}

/** Two inputs of one column each: the text goes through, the number is negated. */
const mixed = modelOf({
  node: [
    { opType: 'Identity', input: ['word'], output: ['same'] },
    { opType: 'Neg', input: ['count'], output: ['negated'] },
  ],
  input: [value('word', types.STRING, ['n', 1]), value('count', types.INT64, ['n', 1])],
  output: [value('same', types.STRING, ['n', 1]), value('negated', types.INT64, ['n', 1])],
});

let model: OnnxModel;
beforeAll(async () => {
  model = await loadModel(regression);
});

async function ask(of: OnnxModel, contentType: string, body: string, accept?: string) {
  const answer = await invoke(of, { contentType, accept, body });
  return [answer.status, answer.body];
}

describe('one input', () => {
  test('rows of CSV give a line each', async () => {
    expect(await ask(model, 'text/csv', '1,2\n0.5,0\n')).toEqual([200, '9\n2\n']);
    expect(await ask(model, 'text/csv; charset=utf-8', ' 1 , "2"\r\n')).toEqual([200, '9\n']);
  });

  test('instances, features and named inputs of JSON give predictions', async () => {
    const wanted = [200, '{"predictions":[{"score":9},{"score":2}]}'];
    const json = (body: object) => ask(model, 'application/json', JSON.stringify(body));
    expect(
      await json({
        instances: [
          [1, 2],
          [0.5, 0],
        ],
      }),
    ).toEqual(wanted);
    expect(await json({ instances: [{ features: [1, 2] }, { features: [0.5, 0] }] })).toEqual(
      wanted,
    );
    expect(
      await json({
        inputs: {
          x: [
            [1, 2],
            [0.5, 0],
          ],
        },
      }),
    ).toEqual(wanted);
  });

  test('JSON lines give lines', async () => {
    const body = '{"features":[1,2]}\n[0.5,0]\n';
    const wanted = [200, '{"score":9}\n{"score":2}\n'];
    expect(await ask(model, 'application/jsonlines', body)).toEqual(wanted);
  });

  test('the answer has the type the client accepts, else that of the request', async () => {
    const of = (accept: string) => ask(model, 'text/csv', '1,2', accept);
    expect(await of('application/json')).toEqual([200, '{"predictions":[{"score":9}]}']);
    expect(await of('*/*')).toEqual([200, '9\n']);
    expect(await of('text/html, application/jsonlines;q=0.9')).toEqual([200, '{"score":9}\n']);
    expect((await of('image/png'))[0]).toBe(406);
    expect((await ask(model, 'application/x-npy', 'x'))[0]).toBe(415);
    expect((await ask(model, 'constructor', 'x'))[0]).toBe(415);
  });

  test('missing values are NaN and come out as such', async () => {
    expect(await ask(model, 'text/csv', '1,\n')).toEqual([200, 'NaN\n']);
    const body = '{"instances":[[null,1]]}';
    expect(await ask(model, 'application/json', body)).toEqual([
      200,
      '{"predictions":[{"score":null}]}',
    ]);
  });

  test('requests at the same time get their own answers', async () => {
    const bodies = Array.from({ length: 20 }, (_, i) => `${i},0`);
    const answers = await Promise.all(bodies.map((body) => ask(model, 'text/csv', body)));
    expect(answers.map(([, body]) => body)).toEqual(bodies.map((_, i) => `${2 * i + 1}\n`));
  });
});

test.each([
  ['text/csv', '1,2\n3,x', /row 2, column 2: \\"x\\" is not a number/],
  ['text/csv', '1,2\n3', /row 2 has 1 columns, the first has 2/],
  ['text/csv', '1,2,3', /row 1 has 3 columns, the model needs 2/],
  ['text/csv', '1,2\n\n3,4', /row 2 has 1 columns/],
  ['text/csv', '  \n', /the body is empty/],
  ['application/json', '{"instances":[[1,"2"]]}', /row 1, column 2: \\"2\\" is not a number/],
  ['application/json', '{"instances":[[1,2],[3,[4]]]}', /row 2, column 2 is a list/],
  ['application/json', '{"instances":[[1,2],3]}', /row 2 is a value where a list/],
  ['application/json', '{"instances":[1,2]}', /needs 2 dimensions, got 1/],
  ['application/json', '{"instances":[]}', /there are no rows/],
  ['application/json', '{"instances":[{"x":1}]}', /row 1 must be an array or/],
  ['application/json', '{"rows":[[1,2]]}', /must be .*instances.*inputs/],
  ['application/json', '[1', /the body is not JSON/],
  ['application/json', '{"inputs":{"z":[[1,2]]}}', /no input z; its inputs are x/],
  ['application/json', '{"inputs":{}}', /the input x is missing/],
  ['application/jsonlines', '[1,2]\n{', /line 2 is not JSON/],
])('%s %j is refused with the place and the rule', async (contentType, body, message) => {
  const [status, answer] = await ask(model, contentType, body);
  expect([status, answer]).toEqual([400, expect.stringMatching(message)]);
});

describe('other models', () => {
  test('two classes: the score is the probability of the second', async () => {
    const binary = await loadModel(classifier(['no', 'yes'], [1, 0, 0, 1]));
    const [, csv] = await ask(binary, 'text/csv', '0,0\n');
    expect(csv).toBe('0.5\n');
    const [, json] = await ask(binary, 'application/json', '{"instances":[[0,2],[2,0]]}');
    const { predictions } = JSON.parse(String(json));
    expect(predictions).toEqual([
      { score: expect.closeTo(0.880797, 5), predicted_label: 'yes' },
      { score: expect.closeTo(0.119203, 5), predicted_label: 'no' },
    ]);
  });

  test('more classes: all probabilities', async () => {
    const three = await loadModel(classifier(['a', 'b', 'c'], [1, 0, 0, 0, 1, 0, 0, 0, 1]));
    const [, csv] = await ask(three, 'text/csv', '0,50,0\n');
    expect(
      String(csv)
        .split(',')
        .map((p) => Math.round(Number(p))),
    ).toEqual([0, 1, 0]);
    const [, json] = await ask(three, 'application/jsonlines', '[0,50,0]');
    const { score, predicted_label } = JSON.parse(String(json));
    expect([score.length, predicted_label]).toEqual([3, 'b']);
  });

  test('several inputs take a column each, several outputs are named', async () => {
    const two = await loadModel(mixed);
    expect(await ask(two, 'text/csv', '"a, ""b""",3\nc,-4\n')).toEqual([
      200,
      '"a, ""b""",-3\nc,4\n',
    ]);
    const named = '{"inputs":{"word":[["a"]],"count":[[3]]}}';
    expect(await ask(two, 'application/json', named)).toEqual([
      200,
      '{"predictions":[{"same":"a","negated":-3}]}',
    ]);
    expect(await ask(two, 'text/csv', 'a,1.5')).toEqual([
      400,
      expect.stringMatching(/row 1, column 2: .*whole number/),
    ]);
    expect(await ask(two, 'text/csv', 'a')).toEqual([400, expect.stringContaining('needs 2')]);
    const uneven = '{"inputs":{"word":[["a"],["b"]],"count":[[3]]}}';
    expect((await ask(two, 'application/json', uneven))[0]).toBe(500);
  });

  test('what the model says against its input is its failure', async () => {
    const failing: OnnxModel = {
      inputs: model.inputs,
      run: async () => {
        throw new Error('out of range');
      },
    };
    expect(await ask(failing, 'text/csv', '1,2')).toEqual([
      500,
      '{"error":"the model failed: out of range"}',
    ]);
  });

  test('types that text can fill are filled by their rules', () => {
    const of = (type: 'bool' | 'int32' | 'float64', body: string) => {
      const feeds = parseBody('csv', body, [{ name: 'x', type, dims: ['n'] }]);
      return feeds.ok ? [...(feeds.value[0]?.data ?? [])] : feeds.reason;
    };
    expect(of('bool', 'true\n0\n1\nFALSE')).toEqual([1, 0, 1, 0]);
    expect(of('bool', '2')).toMatch(/row 1: "2" is not true or false/);
    expect(of('int32', '-5\n1e3')).toEqual([-5, 1000]);
    expect(of('int32', '4294967296')).toMatch(/32 bits/);
    expect(of('float64', '1e-300\nInfinity\nnan')).toEqual([1e-300, Infinity, NaN]);
  });

  test('outputs of any shape keep their rows', () => {
    const data = Float32Array.from([0.1, 0.2, 0.3, 0.4]);
    const predictions = predictionsOf([{ name: 'y', type: 'float32', dims: [2, 2], data }]);
    const found = predictions.ok ? predictions.value : [];
    expect(encode('csv', found)).toBe('0.1,0.2\n0.3,0.4\n');
    expect(encode('jsonlines', found)).toBe('{"y":[0.1,0.2]}\n{"y":[0.3,0.4]}\n');
  });
});

describe('the folder of the model', () => {
  test('has one model, wherever it is', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'modelkeep-onnx-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await expect(findModel(folder)).rejects.toThrow('it holds 0');
    await mkdir(join(folder, 'sub'));
    await writeFile(join(folder, 'sub', 'm.onnx'), regression);
    expect(await findModel(folder)).toEqual(Buffer.from(regression));
    await writeFile(join(folder, 'other.onnx'), regression);
    await expect(findModel(folder)).rejects.toThrow('it holds 2');
  });

  test('a file that is no model is refused', async () => {
    await expect(loadModel(Buffer.from('not a model'))).rejects.toThrow();
  });
});

describe('over HTTP', () => {
  async function listen(): Promise<string> {
    const server = onnxServer(model);
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    onTestFinished(() => void server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test('ping, invocations and nothing else', async () => {
    const url = await listen();
    const ping = await fetch(`${url}/ping`);
    expect([ping.status, await ping.text()]).toEqual([200, '']);
    const headers = { 'content-type': 'text/csv' };
    const answer = await fetch(`${url}/invocations`, { method: 'POST', headers, body: '1,2' });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/csv']);
    expect(await answer.text()).toBe('9\n');
    expect((await fetch(`${url}/invocations`)).status).toBe(404);
  });

  test('a body that is too large is refused', async () => {
    const url = await listen();
    const body = '1,2\n'.repeat(7_000_000);
    const headers = { 'content-type': 'text/csv' };
    const status = await fetch(`${url}/invocations`, { method: 'POST', headers, body }).then(
      (answer) => answer.status,
      // The connection may be cut while the rest is still on its way.
      () => 413,
    );
    expect(status).toBe(413);
  });
});

test('the image names the program, the model folder and the port', () => {
  const command = onnxImages('/x/serve-onnx.js')['modelkeep/onnx']?.command;
  expect(command).toEqual([process.execPath, '/x/serve-onnx.js', '{model}', '{port}']);
  // The runtime must load where the program will run it: plain Node, outside the test runner.
  const script =
    "import('onnxruntime-web').then((ort) => console.log(typeof ort.InferenceSession))";
  expect(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' })).toBe('function\n');
});
