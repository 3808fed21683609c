/**
 * Kernel SHAP as users get it, against the shap package: a Clarify job over one ONNX model of boosted
 * trees, with everything it does (its configuration, reading the CSV files, starting the model's server
 * as a process, comparing the model's file with what that answers, the values, the documents), against
 * KernelExplainer over the same file in native ONNX Runtime, of which only shap_values is timed. The
 * rows, the background and the number of coalitions are the same; which coalitions are drawn is each
 * one's own. For orientation also a small network, whose server has to be asked for every row.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import onnxProto from 'onnx-proto';
import { duckdbAnalytics } from '../dist/adapters/duckdb/analytics.js';
import { undiciForwarder } from '../dist/adapters/forwarder/forwarder.js';
import { jmespathQuery } from '../dist/adapters/jmespath/json-query.js';
import { memoryMetadataStore } from '../dist/adapters/memory/metadata-store.js';
import { modelInArchive } from '../dist/adapters/onnx/archive.js';
import { onnxImages } from '../dist/adapters/onnx/image.js';
import { makeProcessLauncher } from '../dist/adapters/process/launcher.js';
import { systemClock } from '../dist/adapters/system/system.js';
import { hostedKey } from '../dist/engines/hosting/names.js';
import { models } from '../dist/engines/hosting/rows.js';
import { analyzeClarify } from '../dist/jobs/clarify/analyze.js';
import { makeClarifyAnalyzer } from '../dist/jobs/clarify/analyzer.js';
import { seededRandom } from '../dist/kernel/random.js';
import { train } from '../examples/flights/boosting.mjs';
import { toOnnx } from '../examples/flights/onnx.mjs';
import { pythonWith } from './peers.mjs';

const features = 20;
const rowCount = 500;
const backgroundRows = 100;
const samples = 2 * features + 2_048;
/** When the package would take longer for all rows, it is timed on some and the time is scaled. */
const longestPeerMs = 10 * 60_000;
const packages = ['shap==0.51.0', 'onnxruntime==1.31.1', 'numpy==2.4.6'];

export const title = `a Clarify job's Kernel SHAP: ${rowCount} rows of ${features} features, ${backgroundRows} background rows`;

const python = `
import json, sys, time, warnings
import numpy as np, onnxruntime, shap
warnings.filterwarnings("ignore")
given = json.load(open(sys.argv[1]))
background = np.array(given["background"])
rows = np.array(given["rows"])
explainers = {}
for name, path in given["models"].items():
    session = onnxruntime.InferenceSession(path)
    ask = lambda x, s=session: s.run(None, {"features": x.astype(np.float32)})[0][:, 0]
    explainers[name] = shap.KernelExplainer(ask, background)
    explainers[name].shap_values(rows[:1], nsamples=given["samples"], l1_reg=0, silent=True)
print("ready", flush=True)
for line in sys.stdin:
    name, count = line.split()
    start = time.perf_counter()
    values = explainers[name].shap_values(rows[:int(count)], nsamples=given["samples"], l1_reg=0, silent=True)
    ms = (time.perf_counter() - start) * 1000
    print(json.dumps({"ms": ms, "global": np.abs(values).mean(axis=0).tolist()}), flush=True)
`;

export async function run({ say, quick }) {
  const { python: interpreter, reason } = pythonWith('shap', packages);
  if (!interpreter) {
    say(`skipped: no Python with ${packages.join(', ')} (${reason})`);
    return [];
  }
  const folder = mkdtempSync(join(tmpdir(), 'modelkeep-bench-shap-'));
  const task = taskIn(folder);
  const peer = peerOf(interpreter, join(folder, 'task.json'));
  const product = await productIn(folder, task);
  try {
    await peer.next();
    return await compare({ product, peer, say, quick });
  } finally {
    peer.end();
    await product.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare({ product, peer, say, quick }) {
  const rounds = quick ? 1 : 3;
  const ours = [];
  await product.explained('trees', 1);
  let mine;
  for (let round = 0; round < rounds; round += 1) {
    mine = await product.explained('trees', rowCount);
    ours.push(mine.ms);
  }
  if (mine.asked > rowCount) throw new Error('the model was asked for synthetic rows');
  const tried = quick ? undefined : await peer.next('trees 20');
  const isScaled = !tried || (tried.ms / 20) * rowCount > longestPeerMs;
  const theirRows = !isScaled ? rowCount : quick ? 25 : 200;
  const other = await peer.next(`trees ${theirRows}`);
  const their = (other.ms / theirRows) * rowCount;
  const our = median(ours);
  const of = isScaled ? await product.explained('trees', theirRows) : mine;
  const gap =
    Math.max(...of.global.map((value, at) => Math.abs(value - other.global[at]))) /
    Math.max(...other.global);
  const how = isScaled
    ? `timed on ${theirRows} rows, scaled to ${rowCount}`
    : `all ${rowCount} rows, one round`;
  const seconds = (ms) => (ms / 1_000).toFixed(1).padStart(8);
  say(`boosted trees, ${rowCount} rows, ${samples} coalitions a row, in seconds`);
  say(`  modelkeep, the whole job           ${seconds(our)}   (median of ${rounds} rounds)`);
  say(`  shap 0.51, shap_values alone       ${seconds(their)}   (${how})`);
  say(`  the model's server was asked for ${mine.asked} rows, the rest was computed in process`);
  say(`  largest difference of global values, of the largest value: ${(gap * 100).toFixed(2)} %`);
  await orientation({ product, peer, say, seconds, count: quick ? 2 : 10 });
  return [
    {
      metric: `Kernel SHAP of ${rowCount} rows over one ONNX model of boosted trees, whole job`,
      ratio: Number((their / our).toFixed(2)),
      goal: 3,
      baseline: 'shap 0.51 KernelExplainer.shap_values over native ONNX Runtime',
      unit: 'times',
      detail: `same model file, rows, background and number of coalitions; shap: ${how}`,
    },
  ];
}

/** A model that is neither trees nor linear is asked for every synthetic row: no claim is made. */
async function orientation({ product, peer, say, seconds, count }) {
  const mine = await product.explained('network', count);
  const other = await peer.next(`network ${count}`);
  say(`small network, ${count} rows, in seconds     (one round, for orientation)`);
  say(`  modelkeep, the whole job           ${seconds(mine.ms)}   (${mine.asked} rows over HTTP)`);
  say(`  shap 0.51, shap_values alone       ${seconds(other.ms)}`);
}

const scope = { partition: 'aws', region: 'eu-west-1', account: '123456789012' };
const names = Array.from({ length: features }, (_, at) => `f${at}`);

/** The analysis as the server puts it together, without its queue of jobs and its thread. */
async function productIn(folder, task) {
  const forwarder = undiciForwarder();
  const store = memoryMetadataStore();
  const launcher = makeProcessLauncher({
    images: onnxImages(),
    workFolder: join(folder, 'work'),
    path: process.env.PATH,
  });
  for (const name of Object.keys(task.models)) {
    const place = { name, arn: '', scope, image: 'modelkeep/onnx', archiveUri: `s3://m/${name}` };
    const row = { ...place, environment: {}, request: { ExecutionRoleArn: role }, createdAtMs: 0 };
    await store.write((tx) => tx.put(models, hostedKey(scope, name), row));
  }
  const parts = {
    ...{ forwarder, query: jmespathQuery(), clock: systemClock, modelInArchive },
    analytics: duckdbAnalytics({
      ...{ temporaryFolder: join(folder, 'spill'), threads: 1, memoryLimit: '1GB' },
    }),
    temporaryFolder: folder,
  };
  const analyze = makeClarifyAnalyzer({
    ...{ store, launcher, clock: systemClock, access: everything },
    objectsFor: async () => ({ ok: true, value: archivesIn(task) }),
    safekeeping: asGiven,
    tasks: { analyze: (request, options) => analyzeClarify(parts, request, options) },
  });
  return {
    explained: (name, count) => explained({ analyze, folder, task }, name, count),
    close: () => forwarder.close(),
  };
}

/** The bench measures the job, not who may run it. */
const role = 'arn:aws:iam::000000000000:role/bench';
const everything = {
  assumedBy: async () => ({
    ok: true,
    value: { accessKeyId: '', arn: '', userId: '', account: '' },
  }),
  refusalOf: async () => undefined,
};

const asGiven = {
  environment: async (_acting, values) => ({
    ok: true,
    value: { values, masked: (text) => text },
  }),
};

function archivesIn({ archives }) {
  return {
    head: async ({ key }) => ({ key, sizeBytes: statSync(archives[key]).size }),
    asFile: async ({ key }) => ({ path: archives[key], release: async () => {} }),
  };
}

async function explained({ analyze, folder, task }, name, count) {
  const csv = (rows) => `${rows.map((row) => row.join(',')).join('\n')}\n`;
  const [path, base] = [join(folder, 'dataset.csv'), join(folder, 'baseline.csv')];
  writeFileSync(path, csv(task.rows.slice(0, count)));
  writeFileSync(base, csv(task.background));
  const config = {
    dataset_type: 'text/csv',
    headers: names,
    methods: {
      shap: { baseline: 's3://d/baseline.csv', num_samples: samples, seed: 1, use_logit: false },
    },
    predictor: { model_name: name },
  };
  const said = [];
  const options = { signal: new AbortController().signal, say: (line) => said.push(line) };
  const inputs = {
    dataset: [{ path, uri: 's3://d/dataset.csv', etag: '' }],
    textOf: async () => ({ ok: true, value: JSON.stringify(config) }),
    filesAt: async (uri) => ({ ok: true, value: [{ path: base, uri, etag: '' }] }),
  };
  const start = performance.now();
  const done = await analyze(jobOf(`${name}-${count}`), inputs, options);
  const ms = performance.now() - start;
  if (!done.ok) throw new Error(done.reason);
  const { label0 } = JSON.parse(done.value.files['analysis.json']).explanations.kernel_shap;
  const asked = /the model was asked for (\d+) rows/.exec(said.join('\n'));
  return {
    ms,
    asked: asked ? Number(asked[1]) : Math.min(count, 50) + 50,
    global: names.map((feature) => label0.global_shap_values[feature]),
  };
}

function jobOf(name) {
  const input = { name: 'analysis_config', localPath: '/opt/ml/processing/input/config' };
  return {
    ...{ arn: name, name, scope, status: 'InProgress', request: { RoleArn: role } },
    plan: {
      ...{ image: 'sagemaker-clarify-processing', entrypoint: [], arguments: [], environment: {} },
      ...{ inputs: [{ ...input, isManifest: false, uri: 's3://d/config' }], outputs: [] },
      maxRuntimeMs: 3_600_000,
    },
    ...{ createdAtMs: 0, modifiedAtMs: 0 },
  };
}

/** Data with effects of one feature, of two, and none; both models are files for both sides. */
function taskIn(folder) {
  const random = seededRandom(20);
  const normal = () => random.next01() + random.next01() + random.next01() - 1.5;
  const rowsOf = (size) =>
    Array.from({ length: size }, () => Array.from({ length: features }, normal));
  const chance = (x) => 1 / (1 + Math.exp(-(3 * x[0] - 2 * x[1] + 4 * x[2] * x[3] + x[4] ** 2)));
  const known = rowsOf(3_000);
  const labels = known.map((row) => (random.next01() < chance(row) ? 1 : 0));
  const boosted = train(known, labels, { trees: 100, depth: 4, rate: 0.1 });
  const task = {
    rows: rowsOf(rowCount),
    background: rowsOf(backgroundRows),
    samples,
    models: { trees: join(folder, 'trees.onnx'), network: join(folder, 'network.onnx') },
  };
  writeFileSync(task.models.trees, toOnnx(boosted, features));
  writeFileSync(task.models.network, networkOf(random));
  writeFileSync(join(folder, 'task.json'), JSON.stringify(task));
  task.archives = {};
  for (const name of Object.keys(task.models)) {
    const archive = join(folder, `${name}.tar.gz`);
    execFileSync('tar', ['-czf', archive, '-C', folder, `${name}.onnx`]);
    task.archives[name] = archive;
  }
  return task;
}

/** 20 → 16 → 1, with weights of chance. */
function networkOf(random) {
  const { ModelProto, TensorProto } = onnxProto.onnx;
  const float = TensorProto.DataType.FLOAT;
  const weights = (name, dims) => ({
    name,
    dataType: float,
    dims,
    floatData: Array.from({ length: dims.reduce((a, b) => a * b) }, () => random.next01() - 0.5),
  });
  const value = (name, columns) => ({
    name,
    type: {
      tensorType: {
        elemType: float,
        shape: { dim: [{ dimParam: 'n' }, { dimValue: columns }] },
      },
    },
  });
  return ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 15 }],
    graph: {
      name: 'network',
      node: [
        { opType: 'Gemm', input: ['features', 'w1', 'b1'], output: ['a'] },
        { opType: 'Relu', input: ['a'], output: ['r'] },
        { opType: 'Gemm', input: ['r', 'w2', 'b2'], output: ['margin'] },
        { opType: 'Sigmoid', input: ['margin'], output: ['score'] },
      ],
      initializer: [
        weights('w1', [features, 16]),
        weights('b1', [16]),
        weights('w2', [16, 1]),
        weights('b2', [1]),
      ],
      input: [value('features', features)],
      output: [value('score', 1)],
    },
  }).finish();
}

/** One process for all rounds, so that starting Python is in no figure. */
function peerOf(interpreter, taskPath) {
  const child = spawn(interpreter, ['-c', python, taskPath], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async next(command) {
      if (command) child.stdin.write(`${command}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error('the Python peer has ended');
      return value === 'ready' ? undefined : JSON.parse(value);
    },
    end: () => child.stdin.end(),
  };
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
